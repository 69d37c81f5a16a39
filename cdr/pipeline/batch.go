package pipeline

import (
	"math"

	"calltrail/cdr/dialog"
	"calltrail/cdr/encrypted"
	"calltrail/cdr/flow"
	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/pidf"
	"calltrail/decode/sdp"
	"calltrail/decode/sip"
)

// Bounds of a batch: whichever comes first.
const (
	batchMessages = 64
	batchStreams  = 1024
	batchFlows    = 128 // each is ten times a stream's event
	batchText     = 64 * 1024
)

// message is a SIP message on its way to the correlator. Its octets are in the batch's text.
type message struct {
	sip      sip.Message
	at, now  int64
	position uint64
	src, dst decode.Endpoint
	layers
	tap       uint16
	scope     uint32
	transport sip.Transport
	carriage  dialog.Carriage
	sdp       int32 // index in descriptions, -1 for none
	place     int32 // index in locations, -1 for none
}

// streamEvent is an event of a stream on its way to the correlator.
type streamEvent struct {
	media.Event
	position uint64 // of the packet that made it; 0 when time did, inputEnd when the input ended
}

// connectionEvent is an event of a TLS connection on its way to the correlator.
type connectionEvent struct {
	encrypted.Event
	tap      uint16
	position uint64
}

// flowEvent is an event of a conversation that may be a call in an application, on its way to the correlator.
type flowEvent struct {
	flow.Event
	tap      uint16
	position uint64
}

// inputEnd is the position after every packet. The flows of a call end before its streams, whichever workers have them: whose a
// stream is shows in them.
const (
	inputEnd = math.MaxUint64
	flowsEnd = inputEnd - 1
)

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
	connections  []connectionEvent
	flows        []flowEvent
	descriptions []sdp.Description
	locations    []pidf.Location
	text         []byte

	// The correlator's place in messages, streams, connections and flows.
	readMessages, readStreams, readConnections, readFlows int
}

// newBatch returns an empty batch. Its text never moves, so that none of it is left where wiping does not reach: a full
// batch takes one more message, and that is at most a datagram.
func newBatch() *batch { return &batch{text: make([]byte, 0, batchText+math.MaxUint16)} }

func (b *batch) reset() {
	clear(b.streams) // they hold names
	b.messages, b.streams, b.text = b.messages[:0], b.streams[:0], b.text[:0]
	b.descriptions, b.locations, b.marks = b.descriptions[:0], b.locations[:0], b.marks[:0]
	clear(b.connections)
	clear(b.flows)
	b.connections, b.flows = b.connections[:0], b.flows[:0]
	b.readMessages, b.readStreams, b.readConnections, b.readFlows = 0, 0, 0, 0
	b.last = false
}

// dropMessage takes back the last message, which holds the packet.
func (b *batch) dropMessage() {
	n := len(b.messages) - 1
	b.messages[n].sip = sip.Message{}
	b.messages = b.messages[:n]
}

// describe reads the session description in a message's body. It returns its index, -1 when there is none.
func (b *batch) describe(m *sip.Message) int32 {
	body := sdp.FromBody(m.Value(sip.HeaderContentType), m.Body())
	if body == nil {
		return -1
	}
	if d := b.description(); d.Parse(body) != nil {
		b.descriptions = b.descriptions[:len(b.descriptions)-1]
		return -1
	}
	return int32(len(b.descriptions) - 1) //nolint:gosec // at most batchMessages
}

// locate reads the place that a message names for its sender (RFC 6442). It returns its index, -1 when there is none.
func (b *batch) locate(m *sip.Message) int32 {
	g, ok := sip.ChooseGeolocation(m.Values(sip.HeaderGeolocation))
	if !ok || g.ContentID == nil {
		return -1
	}
	body := pidf.Named(m.Value(sip.HeaderContentType), m.Body(), g.ContentID)
	if body == nil {
		return -1
	}
	l, err := pidf.Parse(body)
	if err != nil {
		return -1
	}
	b.locations = append(b.locations, l)
	return int32(len(b.locations) - 1) //nolint:gosec // at most batchMessages
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
	return len(b.messages) >= batchMessages || len(b.streams) >= batchStreams || len(b.connections) >= batchStreams ||
		len(b.flows) >= batchFlows || len(b.text) >= batchText
}

// place is where something stands in the input: packets of one packet time in the order in which they were read, and
// before them what that time itself brought.
type place struct {
	at       int64
	position uint64
}

func (p place) before(o place) bool { return p.at < o.at || p.at == o.at && p.position < o.position }

// found is one of the kinds of things in a batch.
type found uint8

const (
	nothing found = iota
	aMessage
	aStream
	aFlow
	aConnection
)

// head is the place of the earliest thing not read yet, and what it is. Of things at one place messages come first, and a flow
// before the streams in it.
func (b *batch) head() (p place, what found) {
	if b.readMessages < len(b.messages) {
		m := &b.messages[b.readMessages]
		p, what = place{m.now, m.position}, aMessage
	}
	if b.readFlows < len(b.flows) {
		f := &b.flows[b.readFlows]
		if at := (place{f.Now, f.position}); what == nothing || at.before(p) {
			p, what = at, aFlow
		}
	}
	if b.readStreams < len(b.streams) {
		s := &b.streams[b.readStreams]
		if at := (place{s.At, s.position}); what == nothing || at.before(p) {
			p, what = at, aStream
		}
	}
	if b.readConnections < len(b.connections) {
		c := &b.connections[b.readConnections]
		if at := (place{c.Now, c.position}); what == nothing || at.before(p) {
			p, what = at, aConnection
		}
	}
	return p, what
}
