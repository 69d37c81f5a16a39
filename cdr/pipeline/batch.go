package pipeline

import (
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

// batch is what a worker has found since the batch before. It is used again after the correlator has read it.
type batch struct {
	worker int
	// watermark: nothing that this worker sends later is before it.
	watermark int64
	// next: no packet of this worker comes before it; at least the watermark.
	next int64
	last bool

	messages     []message
	streams      []media.Event
	descriptions []sdp.Description
	text         []byte

	// The correlator's place in messages and streams.
	readMessages, readStreams int
}

func (b *batch) reset() {
	b.messages, b.streams, b.text = b.messages[:0], b.streams[:0], b.text[:0]
	b.descriptions = b.descriptions[:0]
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

// head is the time of the earliest thing not read yet.
func (b *batch) head() (at int64, tap uint16, position uint64, isMessage, ok bool) {
	m, s := b.readMessages < len(b.messages), b.readStreams < len(b.streams)
	switch {
	case m && (!s || b.messages[b.readMessages].now < b.streams[b.readStreams].At):
		h := &b.messages[b.readMessages]
		return h.now, h.tap, h.position, true, true
	case s:
		return b.streams[b.readStreams].At, 0, 0, false, true
	}
	return 0, 0, 0, false, false
}
