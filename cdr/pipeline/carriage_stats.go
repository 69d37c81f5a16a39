package pipeline

import (
	"math/bits"

	"calltrail/cdr/encrypted"
	"calltrail/cdr/flow"
	"calltrail/decode/reassembly"
	"calltrail/decode/sip"
)

// CarriageStats counts what was put together out of packets, and what could not be. Counts only grow; those of what is in
// memory are of the moment.
type CarriageStats struct {
	// Messages are SIP messages that were read, whatever carried them: one packet may hold several, several one.
	Messages uint64
	// Anomalies counts those in which something was odd, by what.
	Anomalies [sip.Anomalies]uint64

	Fragments reassembly.FragmentStats
	Streams   reassembly.StreamStats
	SCTP      reassembly.AssociationStats
	TLS       encrypted.Stats
	Flows     flow.Stats

	// In memory: datagrams that are not whole, directions of TCP connections followed, associations, TLS connections, and
	// conversations that may be calls in applications.
	Waiting, Followed, Associations, Connections, Conversations int
}

func (s *CarriageStats) add(o *CarriageStats) {
	s.Messages += o.Messages
	for i, n := range o.Anomalies {
		s.Anomalies[i] += n
	}
	s.Streams.Add(&o.Streams)
	for _, c := range [...]struct {
		to   *uint64
		from uint64
	}{
		{&s.Fragments.Datagrams, o.Fragments.Datagrams},
		{&s.Fragments.Fragments, o.Fragments.Fragments},
		{&s.Fragments.Joined, o.Fragments.Joined},
		{&s.Fragments.Copies, o.Fragments.Copies},
		{&s.Fragments.Expired, o.Fragments.Expired},
		{&s.Fragments.ExpiredFragments, o.Fragments.ExpiredFragments},
		{&s.Fragments.Evicted, o.Fragments.Evicted},
		{&s.Fragments.EvictedFragments, o.Fragments.EvictedFragments},
		{&s.Fragments.Overlaps, o.Fragments.Overlaps},
		{&s.Fragments.Refused, o.Fragments.Refused},
		{&s.Fragments.Bad, o.Fragments.Bad},
		{&s.SCTP.Packets, o.SCTP.Packets},
		{&s.SCTP.Bad, o.SCTP.Bad},
		{&s.SCTP.Messages, o.SCTP.Messages},
		{&s.SCTP.Joined, o.SCTP.Joined},
		{&s.SCTP.Copies, o.SCTP.Copies},
		{&s.SCTP.Overlaps, o.SCTP.Overlaps},
		{&s.SCTP.Expired, o.SCTP.Expired},
		{&s.SCTP.Evicted, o.SCTP.Evicted},
		{&s.SCTP.Refused, o.SCTP.Refused},
		{&s.SCTP.Forgotten, o.SCTP.Forgotten},
		{&s.TLS.Opened, o.TLS.Opened},
		{&s.TLS.MidWay, o.TLS.MidWay},
		{&s.TLS.Evicted, o.TLS.Evicted},
		{&s.TLS.Unproven, o.TLS.Unproven},
		{&s.TLS.Forged, o.TLS.Forged},
		{&s.TLS.Unread, o.TLS.Unread},
		{&s.Flows.Opened, o.Flows.Opened},
		{&s.Flows.Anew, o.Flows.Anew},
		{&s.Flows.Evicted, o.Flows.Evicted},
		{&s.Flows.EvictedPlaying, o.Flows.EvictedPlaying},
		{&s.Flows.Unnoticed, o.Flows.Unnoticed},
		{&s.Flows.Copies, o.Flows.Copies},
		{&s.Flows.Unlearned, o.Flows.Unlearned},
		{&s.Flows.Untold, o.Flows.Untold},
	} {
		*c.to += c.from
	}
	s.Waiting += o.Waiting
	s.Followed += o.Followed
	s.Associations += o.Associations
	s.Connections += o.Connections
	s.Conversations += o.Conversations
}

// carriage is what a worker has put together so far.
func (w *worker) carriage() CarriageStats {
	if w.fragments == nil {
		return w.ended
	}
	s := CarriageStats{
		Messages: w.messages, Anomalies: w.anomalies, Fragments: w.fragments.Stats, Streams: w.streams.Stats, SCTP: w.associations.Stats,
		TLS: w.connections.Stats, Waiting: w.fragments.Len(), Followed: w.streams.Len(), Associations: w.associations.Len(),
		Connections: w.connections.Len(),
	}
	if w.flows != nil {
		s.Flows, s.Conversations = w.flows.Stats, w.flows.Len()
	}
	return s
}

// count counts what was odd in a message: a record has it only when the message is of a call.
func (w *worker) count(a sip.Anomaly) {
	for ; a != 0; a &= a - 1 {
		w.anomalies[bits.TrailingZeros32(uint32(a))]++
	}
}
