package pipeline

import (
	"net/netip"

	"calltrail/cdr/app"
	"calltrail/cdr/flow"
	"calltrail/cdr/media"
	"calltrail/cdr/mediaonly"
)

// What becomes of media that no signalling announced: it belongs to a call in an application when that has its flow; else it is
// a call of which only the media was seen.

// unsignalled joins the parts that calls without signalling are made by.
func (c *correlator) unsignalled(cfg *Config) {
	c.apps = app.New(cfg.Apps, c.emitApp)
	c.apps.System = func(ip netip.Addr) uint32 { return c.recorder.place(ip).ASNumber }
	c.apps.Signalled = func(f *flow.Flow) bool { return c.index.Belongs(f.Client, f.Server, f.Scope) }
	c.alone = mediaonly.New(cfg.MediaOnly, c.emitMedia)
	c.index.Unclaimed = c.unclaimed
	c.index.Lone = c.lone
}

// stream takes in an event of a stream.
func (c *correlator) stream(ev *media.Event) {
	c.index.Handle(ev)
	// It was alone for so long that a call was made of it, and has been claimed since.
	if ev.Kind == media.Closed && c.alone.Owns(ev.ID) {
		c.alone.Leave(ev.ID, ev.Stream.Last, ev.At)
	}
}

// flow takes in an event of a conversation.
func (c *correlator) flow(ev *flow.Event, tap uint16) {
	for _, l := range ev.Learned[:ev.NumLearned] {
		if l.Role == flow.Relayed && l.End.IP == ev.Server.IP { // two who work together could name anybody's address
			c.index.Allocated(l.End, ev.Client, ev.Scope, ev.Now) // a session description may name it
		}
	}
	c.apps.Handle(ev, tap)
}

// inSequence is how many packets in sequence make a stream of a call in an application, whose flow has been told to be media by
// other signs.
const inSequence = 3

// unclaimed takes in a stream that was closed without a call.
func (c *correlator) unclaimed(ev *media.Event) {
	if c.apps.Owns(ev.Flow.Src, ev.Flow.Dst, ev.Flow.Scope) {
		// What an application hides looks like RTP now and then.
		if ev.Stream.Consecutive >= inSequence {
			o := media.ObservedOf(ev)
			c.apps.Stream(&o)
		}
		return
	}
	c.alone.Closed(ev, c.taps[ev.ID.Worker])
}

// lone takes in an open stream that nobody has announced for so long that nobody will.
func (c *correlator) lone(id media.StreamID, f media.Flow, first, now int64) {
	if !c.apps.Owns(f.Src, f.Dst, f.Scope) {
		c.alone.Lone(id, f, first, now, c.taps[id.Worker])
	}
}

func (c *correlator) emitApp(call *app.Call, final bool) {
	if c.err == nil {
		c.err = c.recorder.app(call, final)
	}
}

func (c *correlator) emitMedia(call *mediaonly.Call, final bool) {
	if c.err == nil {
		c.err = c.recorder.mediaOnly(call, final)
	}
}
