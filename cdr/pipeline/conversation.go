package pipeline

import (
	"calltrail/capture"
	"calltrail/decode"
	"calltrail/decode/rtp"
	"calltrail/decode/udptl"
)

// How a datagram comes to a call's media.
//
//	datagram ─ RTP ──────────────────────────→ stream (media.Table) ─┐
//	         ├ RTCP: the name of a sender ───→ stream                ├→ index: a SIP call, an application's, or media alone
//	         ├ UDPTL: T.38 ──────────────────→ stream ───────────────┘
//	         └ STUN, DTLS, marks, and all of ─→ flow (flow.Table) ───→ calls in applications
//	           a conversation that is followed    └→ RTP that TURN carries → stream, between the ends of the relay's leg

// conversation takes in a datagram that is no SIP; r is what Classify called it.
func (w *worker) conversation(p *capture.Packet, now int64, r decode.Reason) decode.Reason {
	f := &w.frame
	if w.flows != nil {
		inner, length := w.flows.Datagram(f, r, scope(f), p.Time, now)
		if len(w.flows.Events) > 0 {
			w.collectFlows(p.Position)
		}
		if w.flows.Followed {
			w.wake(w.flows.NextTimer())
		}
		if inner != nil {
			f.Payload, f.PayloadLen = inner, length
			w.relayed(p)
			return r
		}
	}
	switch r {
	case decode.RTP:
		return w.media(p) // Classify has parsed its header
	case decode.RTCP:
		w.report(p)
	case decode.UDPOther:
		if w.fax(p) {
			return decode.T38
		}
	default:
	}
	return r
}

// relayed takes in what TURN carries: media counts as a stream between the ends that the packet itself has.
func (w *worker) relayed(p *capture.Packet) {
	f := &w.frame
	// Told apart as RFC 5761 section 4 has it; Classify would ask for the ports of the relay, too.
	if len(f.Payload) > 1 && (f.Payload[1]&0x7f < 64 || f.Payload[1]&0x7f >= 96) {
		if rtp.Parse(f.Payload, f.PayloadLen, &w.header) == nil {
			w.media(p)
		}
	} else {
		w.report(p)
	}
}

// media counts the RTP packet with w.header.
func (w *worker) media(p *capture.Packet) decode.Reason {
	if w.cfg.live && w.cfg.LegalBasisMedia == "" {
		return decode.NoLegalBasis
	}
	w.table.Packet(&w.frame, &w.header, scope(&w.frame), p.Time)
	if len(w.table.Events) > 0 { // hardly any packet has one
		w.collect(p.Position)
	}
	return decode.RTP
}

// report takes the sender's name from an RTCP packet.
func (w *worker) report(p *capture.Packet) {
	if !w.cfg.live || w.cfg.LegalBasisMedia != "" {
		w.table.Report(&w.frame, scope(&w.frame), p.Time)
	}
}

// fax counts a datagram that is T.38's, and says whether it is.
func (w *worker) fax(p *capture.Packet) bool {
	// All that is unknown comes here: ports and three or four octets turn away nearly all of it, before anything is parsed.
	if !w.table.MayBeUDPTL(&w.frame) || !udptl.Looks(w.frame.Payload, w.frame.PayloadLen) || w.cfg.live && w.cfg.LegalBasisMedia == "" {
		return false
	}
	var h udptl.Header
	if udptl.Parse(w.frame.Payload, w.frame.PayloadLen, &h) != nil || !w.table.UDPTL(&w.frame, &h, scope(&w.frame), p.Time) {
		return false
	}
	w.collect(p.Position)
	return true
}

// collectFlows moves what the table of flows has found to the batch. The packet at position made it, or time did: 0.
func (w *worker) collectFlows(position uint64) {
	for i := range w.flows.Events {
		w.batch.flows = append(w.batch.flows, flowEvent{w.flows.Events[i], w.seenBy, position})
	}
	clear(w.flows.Events)
	w.flows.Events = w.flows.Events[:0]
	if w.batch.full() {
		w.flush(w.clock, false)
	}
}
