package gen

import (
	"fmt"
	"io"
	"time"
)

// Totals count what a run wrote. They balance: Packets = SIP + Segments + Fragments + RTP + RTCP + Other,
// RTP = Counted + Duplicates + Late, Other = DNS + TCP + QUIC + Web + ARP, Calls = the sum of Dispositions.
type Totals struct {
	Calls        int
	Dispositions map[string]int // by name in the truth
	PeakOpen     int            // most calls with packets still to come at one moment

	Packets int64
	SIP     int64 // datagrams with one message each, in one piece
	RTP     int64
	RTCP    int64
	Other   int64

	Messages  int64 // SIP messages, those that were sent again included
	Segments  int64 // of TCP connections with SIP
	Fragments int64 // of datagrams with SIP
	Together  int64 // messages that share a segment with others
	Pings     int64 // keep-alives in TCP connections

	RTPCounted    int64 // sum of packets in the truth
	RTPDuplicates int64 // sum of duplicates in the truth
	RTPLate       int64 // 2 s or more after the end of their call, in no count of the truth
	RTPOctets     int64 // sum of octets in the truth

	DNS, TCP, QUIC, Web, ARP int64

	Octets      int64 // length of the capture file, before compression
	First, Last time.Time
}

// Print writes the totals as lines for a person.
func (t *Totals) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `calls      %d, at most %d at once
           answered %d, busy %d, no_answer %d, cancelled %d, rejected %d, redirected %d, failed %d
packets    %d in %d octets, %s to %s
  sip      %d
  segments %d
  fragment %d
  rtp      %d = %d counted + %d duplicates + %d late
  rtcp     %d
  other    %d = %d dns + %d tcp + %d quic + %d web + %d arp
messages   %d, %d of them in one segment with others
`, t.Calls, t.PeakOpen,
		t.Dispositions["answered"], t.Dispositions["busy"], t.Dispositions["no_answer"], t.Dispositions["cancelled"],
		t.Dispositions["rejected"], t.Dispositions["redirected"], t.Dispositions["failed"],
		t.Packets, t.Octets, t.First.Format(time.RFC3339), t.Last.Format(time.RFC3339),
		t.SIP, t.Segments, t.Fragments, t.RTP, t.RTPCounted, t.RTPDuplicates, t.RTPLate, t.RTCP,
		t.Other, t.DNS, t.TCP, t.QUIC, t.Web, t.ARP, t.Messages, t.Together)
	if err != nil {
		return fmt.Errorf("print totals: %w", err)
	}
	return nil
}
