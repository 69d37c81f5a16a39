package flow

import "calltrail/decode/app"

// maxTold is how often one flow says what it has learned.
const maxTold = 8

// settle tells what a packet has made of a flow, and sets its deadline.
func (t *Table) settle(i uint32, e *entry, what kind, now int64) {
	if what == kindRTP {
		if e.dtls || e.Facts&Established != 0 {
			e.mark(app.WebRTCSRTP)
		}
		if t.proved && e.playing[kindRTP] {
			e.learnMarks(app.Types(t.rtp.PayloadType))
		}
	}
	if e.list == fresh && e.sides[up].spoke && e.sides[down].spoke {
		t.promote(i, quiet)
	}
	if what == kindRTCP {
		what = kindRTP // what it reports on
	}
	if what < mediaKinds && !e.playing[what] && t.plays(e, what) {
		e.playing[what] = true
		t.promote(i, playing)
		if what == kindRTP {
			e.learnMarks(e.types())
		}
	}
	if e.ready() {
		t.tellNews(e, now)
	}
	if due := e.due(&t.cfg); due < e.deadline {
		t.move(e, max(due, now))
	}
}

// ready says whether there may be something to tell.
func (e *entry) ready() bool {
	return e.news || !e.noticed || e.playing[kindRTP] && !e.PlayingRTP || e.playing[kindSealed] && !e.PlayingSealed ||
		e.playing[kindOther] && !e.PlayingOther
}

// tellNews tells what is new of a flow.
func (t *Table) tellNews(e *entry, now int64) {
	if !e.noticed {
		if !e.notable() {
			return
		}
		e.noticed, e.news = true, false
		e.told = 1
		t.tell(e, Noticed, now)
	}
	for k, flag := range [mediaKinds]*bool{&e.PlayingRTP, &e.PlayingSealed, &e.PlayingOther} {
		if e.playing[k] && !*flag {
			*flag, e.news = true, false // it has the news with it
			t.tell(e, Playing, now)
		}
	}
	if !e.news {
		return
	}
	e.news = false
	if e.told == maxTold {
		t.Stats.Untold++
		return
	}
	e.told++
	t.tell(e, Noticed, now)
}

// notable says whether a flow is worth telling of. RTP both ways always is; sealed and unknown packets are what a VPN sends.
func (e *entry) notable() bool {
	if e.Serial > 0 {
		return !e.asleep
	}
	return e.Facts&Answered != 0 || e.playing[kindRTP] || e.strong()
}

func (e *entry) mark(id app.ID) {
	if !e.Marks.Has(id) {
		e.Marks.Add(id)
		e.news = true
	}
}

// types are the marks of the payload types that came often enough.
func (e *entry) types() (m app.Marks) {
	for d := range e.Types {
		for _, p := range e.Types[d] {
			if p.Packets >= typeProof {
				m.Join(app.Types(p.Type))
			}
		}
	}
	return m
}

// plays says whether there is media of one kind both ways.
func (t *Table) plays(e *entry, what kind) bool {
	n := &e.paced[what]
	if n[up]+n[down] < uint32(t.cfg.Packets) || t.at-e.firstOf[what] < int64(t.cfg.Span) { //nolint:gosec // small numbers
		return false
	}
	least := uint64(t.cfg.EachWay) //nolint:gosec // as above
	if what != kindRTP {
		return uint64(n[up]) >= least && uint64(n[down]) >= least
	}
	// Noise looks like RTP once in ten packets; a flow of noise is not RTP.
	if e.Up.RTP+e.Down.RTP < e.Up.Other+e.Down.Other {
		return false
	}
	// Who only listens reports on what it hears; through a relay one report will do.
	if e.Facts&Relaying != 0 {
		least = 1
	}
	return e.Up.RTP+e.Up.RTCP >= least && e.Down.RTP+e.Down.RTCP >= least
}

// tell makes an event.
func (t *Table) tell(e *entry, what EventKind, now int64) {
	e.everTold = true
	t.Events = append(t.Events, Event{Flow: e.Flow, Kind: what, Now: now})
}

// due is when a flow is to be closed as things stand.
func (e *entry) due(cfg *Config) int64 {
	idle := cfg.Idle
	if e.asleep || e.Facts&TURN != 0 && e.FirstMedia == 0 {
		idle = cfg.TURNIdle
	}
	at := e.seen + int64(idle)
	if e.FirstMedia != 0 {
		at = min(at, e.LastMedia+int64(cfg.MediaIdle))
	}
	if e.ending != 0 {
		at = min(at, e.ending+int64(cfg.Linger))
	}
	return at
}

func (t *Table) move(e *entry, at int64) {
	e.deadline = at
	t.timers.Move(int(e.position), at)
}

// NextTimer is the time of the next deadline; ok is false when there is none. It may turn out to have been put off.
func (t *Table) NextTimer() (at int64, ok bool) {
	at, _, ok = t.timers.Next()
	return at, ok
}

// Advance lets packet time pass up to now. Each deadline acts at its own time.
func (t *Table) Advance(now int64) {
	for {
		at, i, ok := t.timers.Next()
		if !ok || at > now {
			return
		}
		e := t.flows.at(i)
		// Packets put a deadline off without a word to the queue: none must cost a heap's move.
		if due := e.due(&t.cfg); due > at {
			t.move(e, due)
		} else {
			t.expire(i, e, at)
		}
	}
}

// expire ends a flow whose time has come. What may go on between the same ends is begun anew in its place, so that media finds
// its flow again, which it could not begin; when nothing comes, the next time is the last.
func (t *Table) expire(i uint32, e *entry, at int64) {
	ended := e.ending != 0 && e.ending+int64(t.cfg.Linger) <= at
	switch {
	case e.noticed:
		t.tell(e, Closed, at)
	case ended || e.FirstMedia == 0 || e.seen+int64(t.cfg.Idle) <= at:
		ended = true
	}
	if ended {
		t.forget(i, e)
		return
	}
	t.anew(i, e, at)
}

// anew begins a flow again in its place.
func (t *Table) anew(i uint32, e *entry, at int64) {
	old := e.Flow
	e.Flow = Flow{
		Client: old.Client, Server: old.Server, Scope: old.Scope, TCP: old.TCP, VLAN: old.VLAN, VLANs: old.VLANs, Tunnels: old.Tunnels,
		Marks: old.Marks, Facts: old.Facts & (TURN | ICE), Learned: old.Learned, NumLearned: old.NumLearned, Credential: old.Credential,
		Serial: old.Serial,
	}
	if e.noticed {
		e.Serial++
		e.asleep = true
		t.Stats.Anew++
	}
	e.noticed, e.news, e.told = false, false, 0
	e.playing, e.firstOf, e.paced = [mediaKinds]bool{}, [mediaKinds]int64{}, [mediaKinds][2]uint32{}
	e.seen = at
	if e.list == playing {
		t.unlink(i)
		t.link(i, quiet)
	}
	t.move(e, e.due(&t.cfg))
}

// evict pushes a flow out of a full table.
func (t *Table) evict(i uint32, now int64) {
	e := t.flows.at(i)
	t.Stats.Evicted++
	if e.list == playing {
		t.Stats.EvictedPlaying++
	}
	if e.noticed {
		t.tell(e, Closed, now)
		t.Events[len(t.Events)-1].Evicted = true
	}
	t.forget(i, e)
}

// forget lets go of a flow.
func (t *Table) forget(i uint32, e *entry) {
	if !e.everTold {
		t.Stats.Unnoticed++
	}
	t.timers.Remove(int(e.position))
	t.unlink(i)
	t.flows.remove(i)
}

// Finish ends all flows at the end of the input.
func (t *Table) Finish(now int64) {
	for {
		_, i, ok := t.timers.Next()
		if !ok {
			return
		}
		e := t.flows.at(i)
		if e.noticed {
			t.tell(e, Closed, now)
			t.Events[len(t.Events)-1].Ended = true
		}
		t.forget(i, e)
	}
}
