package pipeline

import (
	"encoding/binary"

	"calltrail/capture"
	"calltrail/cdr/dialog"
	"calltrail/decode"
	"calltrail/decode/reassembly"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// How a packet comes to the messages in it.
//
//	packet → Walk ─ datagram ─────────────────────────────→ SIP, RTP, …
//	           ├─── fragment → put together → Resume ─┐
//	           │         (datagram, segment, SCTP) ←──┘
//	           ├─── TCP segment → stream → messages, each framed (Content-Length, WebSocket)
//	           └─── SCTP packet → user messages
//
// Everything is a worker's own: the kernel, and distribute in a replay, give it both directions of a pair of hosts, fragments
// too (inside VXLAN and Geneve the kernel does not: docs/limits.md). A packet has one reason, however many messages it completed: SIP when it completed one.

// carried is a whole SIP message, and how it came.
type carried struct {
	octets   []byte
	src, dst decode.Endpoint
	scope    uint32
	// at is the time of the packet that completed it, now the packet time at which it is known, position that packet's, or
	// 0 when time did.
	at, now   int64
	position  uint64
	transport sip.Transport
	proto     uint8 // of a datagram: what says the transport; else 0
	carriage  dialog.Carriage
	layers    *layers
}

// layers are what a packet came through.
type layers struct {
	vlan    [2]uint16
	vlans   uint8
	tunnels uint8
	tunnel  [tunnel.MaxDepth]tunnel.Header
}

// of takes over what f came through.
func (l *layers) of(f *decode.Frame) {
	l.vlan, l.vlans, l.tunnels = f.VLAN, f.VLANs, f.Tunnels
	copy(l.tunnel[:], f.Tunnel[:f.Tunnels])
}

// maxNested is how often a datagram that was put together may be a fragment again: one in a tunnel, in a tunnel.
const maxNested = 3

// name says what a packet is and takes in what it carries.
func (w *worker) name(p *capture.Packet, now int64) decode.Reason {
	r := decode.Walk(p, &w.frame)
	if r == decode.Datagram {
		return w.datagram(p, now, 0)
	}
	return w.other(p, now, r)
}

// other goes on with what is no plain datagram.
func (w *worker) other(p *capture.Packet, now int64, r decode.Reason) decode.Reason {
	var how dialog.Carriage
	for n := 0; r == decode.Fragment; n++ {
		if n == maxNested {
			return decode.TooManyHeaders
		}
		w.frame.Fragment.Scope = fragmentScope(&w.frame)
		whole, overlap, result := w.fragments.Add(&w.frame.Fragment, now)
		w.wake(w.fragments.NextTimer())
		switch result {
		case reassembly.Waiting:
			return decode.Fragment
		case reassembly.Refused:
			return decode.FragmentRefused
		case reassembly.Bad:
			return decode.BadFragment
		case reassembly.Whole:
		}
		if overlap {
			how |= dialog.FragmentOverlap
		}
		r = decode.Resume(whole, &w.frame)
	}
	switch r {
	case decode.Datagram:
		return w.datagram(p, now, how)
	case decode.TCP:
		return w.segment(p, now, how)
	case decode.SCTP:
		return w.association(p, now, how)
	default:
		return r
	}
}

// datagram takes in a UDP datagram, or a message that a capture agent sent.
func (w *worker) datagram(p *capture.Packet, now int64, how dialog.Carriage) decode.Reason {
	f := &w.frame
	r := decode.ClassifyHeader(f, &w.header)
	switch r {
	case decode.SIP:
		if w.copies.again(f, scope(f), now) {
			w.stats.Copies++
			return decode.Copy
		}
		w.layers.of(f)
		return w.signalling(&carried{
			octets: f.Payload, src: f.Src, dst: f.Dst, scope: scope(f), at: p.Time, now: now, position: p.Position,
			proto: f.Proto, carriage: how, layers: &w.layers,
		})
	default:
		return w.conversation(p, now, r)
	}
}

// transportOf is the transport that an agent names; what the tap itself sees as a datagram is UDP. An end of an encrypted
// connection has no number for that: kamailio writes 22, whatever it is. Its message says more.
func transportOf(proto uint8, m *sip.Message) sip.Transport {
	switch proto {
	case protoUDP:
		return sip.UDP
	case protoTCP:
		return sip.TCP
	case protoSCTP:
		return sip.SCTP
	}
	if v, err := sip.ParseVia(m.Value(sip.HeaderVia)); err == nil {
		if t, ok := sip.ParseTransport(v.Transport); ok {
			return t
		}
	}
	return sip.TCP
}

// Protocols above IP, by IANA's numbers.
const (
	protoTCP  = 6
	protoUDP  = 17
	protoSCTP = 132
)

// flowOf is the direction that a segment or an SCTP packet belongs to.
func flowOf(f *decode.Frame) reassembly.Flow {
	return reassembly.Flow{Src: f.Src.IP, Dst: f.Dst.IP, SrcPort: f.Src.Port, DstPort: f.Dst.Port, Scope: scope(f)}
}

// segment takes in a TCP segment: of signalling, of a TLS connection, or of a conversation with STUN, whichever a legal basis is
// named for.
func (w *worker) segment(p *capture.Packet, now int64, how dialog.Carriage) decode.Reason {
	f := &w.frame
	signalling, connections := true, true
	if w.cfg.live {
		w.acknowledged()
		signalling, connections = w.follows(), w.cfg.LegalBasisSIP != "" // a connection's record would be one of signalling
		if !signalling && w.flows == nil {
			return decode.NoLegalBasis
		}
	}
	if w.interest.none(f, now) {
		return decode.ClassifySegment(f)
	}
	flow := flowOf(f)
	if signalling {
		if r, ok := w.stream(p, &flow, now, how); ok {
			return r
		}
	}
	if connections && w.connections.Segment(f, flow.Scope, p.Time, now) {
		w.interest.mark(f)
		w.wake(w.connections.NextTimer())
		w.collectConnections(p.Position)
		return decode.TLS
	}
	if w.flows != nil && w.flows.Segment(f, flow.Scope, p.Time, now) {
		w.interest.mark(f)
		w.wake(w.flows.NextTimer())
		w.collectFlows(p.Position)
		return decode.STUN
	}
	if !connections {
		return decode.NoLegalBasis
	}
	return decode.ClassifySegment(f)
}

// stream gives a segment to the streams of signalling, and says whether it is of one.
func (w *worker) stream(p *capture.Packet, flow *reassembly.Flow, now int64, how dialog.Carriage) (r decode.Reason, ok bool) {
	f := &w.frame
	w.streams.Advance(now) // it gives nothing out: what is due has been
	verdict := w.streams.Segment(flow, f.Payload, f.PayloadLen, p.Time)
	w.wake(w.streams.NextTimer())
	w.noteLayers(flow, verdict, now)
	if verdict != reassembly.NotFollowed {
		w.interest.mark(f)
	}
	switch verdict {
	case reassembly.Held:
		return decode.Stream, true
	case reassembly.Completed:
		return w.deliver(w.streams.Messages, p.Position, how), true
	default:
		return 0, false
	}
}

// association takes in an SCTP packet.
func (w *worker) association(p *capture.Packet, now int64, how dialog.Carriage) decode.Reason {
	f := &w.frame
	if w.cfg.live && !w.follows() {
		return decode.NoLegalBasis
	}
	flow := flowOf(f)
	w.associations.Advance(now)
	verdict := w.associations.Packet(&flow, f.Payload, f.PayloadLen, p.Time)
	w.wake(w.associations.NextTimer())
	w.noteLayers(&flow, verdict, now)
	switch verdict {
	case reassembly.Held:
		return decode.Stream
	case reassembly.Completed:
		return w.deliver(w.associations.Messages, p.Position, how)
	case reassembly.Sigtran:
		return decode.Sigtran
	default:
		return decode.SCTP
	}
}

// deliver hands on the messages of a stream. The packet is SIP when one of them is; else it is what the last one was.
func (w *worker) deliver(messages []reassembly.Message, position uint64, how dialog.Carriage) (r decode.Reason) {
	r = decode.Stream
	for i := range messages {
		m := &messages[i]
		c := carried{
			octets: m.Octets, src: decode.Endpoint{IP: m.Flow.Src, Port: m.Flow.SrcPort},
			dst: decode.Endpoint{IP: m.Flow.Dst, Port: m.Flow.DstPort}, scope: m.Flow.Scope, at: m.At, now: max(m.Now, w.clock), position: position,
			transport: m.Transport, carriage: how, layers: w.layered.get(&m.Flow),
		}
		if m.Overlap {
			c.carriage |= dialog.StreamOverlap
		}
		if m.Gap {
			c.carriage |= dialog.StreamGap
		}
		if one := w.signalling(&c); r != decode.SIP {
			r = one
		}
	}
	return r
}

// collectConnections moves what the table of TLS connections has found to the batch. The packet at position made it, or time
// did: 0.
func (w *worker) collectConnections(position uint64) {
	for i := range w.connections.Events {
		w.batch.connections = append(w.batch.connections, connectionEvent{w.connections.Events[i], w.seenBy, position})
	}
	clear(w.connections.Events)
	w.connections.Events = w.connections.Events[:0]
	if w.batch.full() {
		w.flush(w.clock, false)
	}
}

// noteLayers remembers what a followed stream comes through, if it does through anything.
func (w *worker) noteLayers(flow *reassembly.Flow, v reassembly.Verdict, now int64) {
	if f := &w.frame; v != reassembly.NotFollowed && (f.VLANs > 0 || f.Tunnels > 0) {
		w.layered.of(flow, now).of(f)
	}
}

// follows says that there is a legal basis for some signalling.
func (w *worker) follows() bool {
	return w.cfg.LegalBasisSIP != "" || w.cfg.LegalBasisRegistration != ""
}

// scope folds what tells networks with the same addresses apart: VLAN ids, and the network identifiers of VXLAN and Geneve.
// Other tunnels have another id in each direction, or one for each subscriber of one network.
func scope(f *decode.Frame) (s uint32) {
	switch f.VLANs {
	case 0:
	case 1:
		s = 1<<31 | uint32(f.VLAN[0])
	default:
		s = 1<<31 | uint32(f.VLAN[0]) | uint32(f.VLAN[1])<<12
	}
	for i := range f.Tunnels {
		if h := &f.Tunnel[i]; h.Type == tunnel.VXLAN || h.Type == tunnel.Geneve {
			s = (s^h.ID)*0x9e3779b1 | 1<<31 // Knuth's multiplicative hash; 0 is no network at all
		}
	}
	return s
}

// fragmentScope tells the networks of fragments apart: by all tunnels, for the fragments of a packet come the same way.
func fragmentScope(f *decode.Frame) uint32 {
	s := scope(f)
	for i := range f.Tunnels {
		h := &f.Tunnel[i]
		s = (s ^ h.ID ^ uint32(h.Type)<<24) * 0x9e3779b1
		for _, ip := range [...]*[16]byte{&h.Src, &h.Dst} {
			s = (s ^ binary.BigEndian.Uint32(ip[12:]) ^ binary.BigEndian.Uint32(ip[4:])) * 0x9e3779b1
		}
	}
	return s
}
