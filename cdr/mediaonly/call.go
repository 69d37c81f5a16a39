package mediaonly

import (
	"bytes"
	"cmp"
	"slices"

	"calltrail/cdr/media"
	"calltrail/decode"
)

// Ender says how a call ended.
type Ender uint8

// Enders.
const (
	Open    Ender = iota
	Silent        // nothing more was sent
	Evicted       // pushed out of a full table
	Cut           // the input ended while it went on
)

// Call is a call of which only the media was seen, as it stood.
type Call struct {
	// A is the end whose packet came first, B where that went to.
	A, B decode.Endpoint
	// Scope is the network of the addresses: media.Flow's Network.
	Scope uint32
	// Streams that have been closed, summed for each flow, in the order of their first packets; their Sender is media.Caller when
	// they come from A's side. At most MaxStreams.
	Streams []media.Observed
	// Open streams, of which nothing is known but that they are; at most MaxStreams.
	Open []media.OpenStream
	// Started is the time of the first packet, LastSeen of the newest one that is known: of an open stream it is the first. End is
	// that of the last packet, 0 while the call goes on or when it was cut. Nanoseconds of packet time.
	Started, LastSeen, End int64
	// OneWay says that there was no media but from A to B.
	OneWay bool
	Ender  Ender
	// Overflow says that there were more streams than are kept.
	Overflow bool
	Tap      uint16 // of the first stream
	Revision int    // 1 for the first record made of it
}

// MaxStreams bounds the flows that are kept of a call, and the open streams that are followed.
const MaxStreams = 32

// pair is two endpoints without regard to direction: the lower one first.
type pair struct {
	low, high decode.Endpoint
	network   uint32
}

func pairOf(f *media.Flow) pair {
	if compareEnds(f.Src, f.Dst) <= 0 {
		return pair{f.Src, f.Dst, f.Network()}
	}
	return pair{f.Dst, f.Src, f.Network()}
}

// call is a Call in the making.
type call struct {
	tap   uint16
	pairs []pair // one, or two when two directions were joined
	// first is the flow of the earliest packet, and started its time. They hold still once a record was made of them.
	first   media.Flow
	started int64
	open    []openStream
	closed  []media.Observed
	last    int64 // newest packet known of
	quiet   int64 // when the last of its streams was closed
	proven  bool  // a stream of it makes it a call
	settled bool  // it is known whether another direction belongs to it
	viewed  bool  // the interim record was made
	both    bool  // there was media in both directions
	over    bool  // Overflow
	// queued is where it waits, at position; nil when it has been forgotten.
	queued   *queue
	position int
	revision int
}

type openStream struct {
	id    media.StreamID
	flow  media.Flow
	first int64
}

// direction is from host to host: what is looked for when the ports of the two directions differ.
type direction struct {
	src, dst [16]byte
	network  uint32
}

func directionOf(f *media.Flow) direction { return direction{f.Src.IP, f.Dst.IP, f.Network()} }

func (d direction) back() direction { return direction{d.dst, d.src, d.network} }

// begin takes in when and where a stream began.
func (c *call) begin(f *media.Flow, first int64, tap uint16) {
	c.last = max(c.last, first)
	c.both = c.both || !c.fromA(f)
	if c.revision > 0 {
		return
	}
	if first < c.started || first == c.started && compareFlows(f, &c.first) < 0 {
		c.first, c.started, c.tap = *f, first, tap
	}
}

// fromA says that a stream comes from the side of the call's first packet: from its endpoint, or, in a call of which two
// directions were joined, from its host.
func (c *call) fromA(f *media.Flow) bool {
	if f.Src == c.first.Src || f.Dst == c.first.Src {
		return f.Src == c.first.Src
	}
	return f.Src.IP == c.first.Src.IP
}

// sum adds a closed stream to those of its flow.
func (c *call) sum(o *media.Observed) {
	c.last = max(c.last, o.Last)
	for i := range c.closed {
		if c.closed[i].Flow == o.Flow {
			c.closed[i].Sum(o)
			return
		}
	}
	if len(c.closed) >= MaxStreams {
		c.over = true
		return
	}
	c.closed = append(c.closed, *o)
}

// view is the call as it stands, for a record.
func (c *call) view(by Ender) *Call {
	c.revision++
	v := &Call{
		A: c.first.Src, B: c.first.Dst, Scope: c.first.Network(), Streams: slices.Clone(c.closed), Started: c.started, LastSeen: c.last,
		OneWay: !c.both, Ender: by, Overflow: c.over, Tap: c.tap, Revision: c.revision,
	}
	if by != Open && by != Cut {
		v.End = c.last
	}
	for i := range v.Streams {
		v.Streams[i].Sender = c.party(&v.Streams[i].Flow)
	}
	for i := range c.open {
		o := &c.open[i]
		v.Open = append(v.Open, media.OpenStream{Flow: o.flow, Sender: c.party(&o.flow), First: o.first})
	}
	slices.SortFunc(v.Streams, func(a, b media.Observed) int {
		return cmp.Or(cmp.Compare(a.First, b.First), compareFlows(&a.Flow, &b.Flow))
	})
	slices.SortFunc(v.Open, func(a, b media.OpenStream) int {
		return cmp.Or(cmp.Compare(a.First, b.First), compareFlows(&a.Flow, &b.Flow))
	})
	return v
}

func (c *call) party(f *media.Flow) media.Party {
	if c.fromA(f) {
		return media.Caller
	}
	return media.Callee
}

func compareEnds(a, b decode.Endpoint) int {
	return cmp.Or(bytes.Compare(a.IP[:], b.IP[:]), cmp.Compare(a.Port, b.Port))
}

func compareFlows(a, b *media.Flow) int {
	return cmp.Or(compareEnds(a.Src, b.Src), compareEnds(a.Dst, b.Dst), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.SSRC, b.SSRC))
}
