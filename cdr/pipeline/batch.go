package pipeline

import (
	"math"

	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/sdp"
	"calltrail/decode/sip"
)

// Bounds of a batch: whichever comes first.
const (
	batchMessages = 64
	batchStreams  = 1024
	batchText     = 64 * 1024
)

// message is a SIP message on its way to the correlator. Its octets are in the batch's text.
type message struct {
	sip      sip.Message
	at, now  int64
	position uint64
	src, dst decode.Endpoint
	vlan     [2]uint16
	vlans    uint8
	tap      uint16
	scope    uint32
	sdp      int32 // index in descriptions, -1 for none
}

// streamEvent is an event of a stream on its way to the correlator.
type streamEvent struct {
	media.Event
	position uint64 // of the packet that made it; 0 when time did, inputEnd when the input ended
}

// inputEnd is the position after every packet.
const inputEnd = math.MaxUint64

// batch is what a worker has found since the batch before. It is used again after the correlator has read it.
type batch struct {
	worker int
	// watermark: all that this worker sends later is after it.
	watermark place
	// next: no packet of this worker comes before this time, which is at least the watermark's.
	next int64
	last bool

	stats workerStats // of a live run, at the watermark
	marks []mark      // minutes that ended for the worker, each once its clock had come to it

	messages     []message
	streams      []streamEvent
	descriptions []sdp.Description
	text         []byte

	// The correlator's place in messages and streams.
	readMessages, readStreams int
}

// newBatch returns an empty batch. Its text never moves, so that none of it is left where wiping does not reach: a full
// batch takes one more message, and that is at most a datagram.
func newBatch() *batch { return &batch{text: make([]byte, 0, batchText+math.MaxUint16)} }

func (b *batch) reset() {
	b.messages, b.streams, b.text = b.messages[:0], b.streams[:0], b.text[:0]
	b.descriptions, b.marks = b.descriptions[:0], b.marks[:0]
	b.readMessages, b.readStreams = 0, 0
	b.last = false
}

// description returns an empty description, with the memory of an earlier one.
func (b *batch) description() *sdp.Description {
	n := len(b.descriptions)
	if n < cap(b.descriptions) {
		b.descriptions = b.descriptions[:n+1]
	} else {
		b.descriptions = append(b.descriptions, sdp.Description{})
	}
	return &b.descriptions[n]
}

func (b *batch) addMessage() *message {
	n := len(b.messages)
	if n < cap(b.messages) {
		b.messages = b.messages[:n+1]
	} else {
		b.messages = append(b.messages, message{})
	}
	return &b.messages[n]
}

func (b *batch) full() bool {
	return len(b.messages) >= batchMessages || len(b.streams) >= batchStreams || len(b.text) >= batchText
}

// place is where something stands in the input: packets of one packet time in the order in which they were read, and
// before them what that time itself brought.
type place struct {
	at       int64
	position uint64
}

func (p place) before(o place) bool { return p.at < o.at || p.at == o.at && p.position < o.position }

// head is the place of the earliest thing not read yet.
func (b *batch) head() (p place, isMessage, ok bool) {
	isMessage, ok = b.readMessages < len(b.messages), b.readStreams < len(b.streams)
	if ok {
		s := &b.streams[b.readStreams]
		p = place{s.At, s.position}
	}
	if isMessage {
		m := &b.messages[b.readMessages]
		if first := (place{m.now, m.position}); !ok || first.before(p) {
			return first, true, true
		}
	}
	return p, false, ok
}
