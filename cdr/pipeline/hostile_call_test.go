package pipeline_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"calltrail/cdr/pipeline"
)

// hostileRequest is a request within the call that hostileINVITE began, hostileAnswer a response to that.
const (
	hostileRequest = `METHOD sip:+911205550170@192.0.2.70 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=BRANCH
From: "Asha" <sip:+912225550101@198.51.100.10>;tag=a1
To: <sip:+911205550170@192.0.2.70>TOTAG
Call-ID: hostile@198.51.100.10
CSeq: CSEQ METHOD
Content-Length: 0

`
	hostileAnswer = `SIP/2.0 200 OK
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKa1
From: "Asha" <sip:+912225550101@198.51.100.10>;tag=a1
To: <sip:+911205550170@192.0.2.70>;tag=b1
Call-ID: hostile@198.51.100.10
CSeq: 1 INVITE
Contact: <sip:+911205550170@192.0.2.70>
Content-Type: application/sdp
Content-Length: LENGTH

SDP`
	hostileAnswerSDP = `v=0
o=- 1 1 IN IP4 192.0.2.70
s=-
c=IN IP4 192.0.2.70
t=0 0
m=audio 22000 RTP/AVP 8
`
)

// established is a call that was answered and acknowledged.
func (w *wire) established() {
	w.udp(hostileCaller, hostileCallee, hostile(hostileINVITE, "EXTRA", ""))
	w.udp(hostileCallee, hostileCaller, hostile(hostileAnswer, "SDP", hostileAnswerSDP))
	w.udp(hostileCaller, hostileCallee, hostile(hostileRequest, "METHOD", "ACK", "BRANCH", "z9hG4bKa2", "TOTAG", ";tag=b1", "CSEQ", "1"))
}

func hostileBYE(toTag string) []byte {
	return hostile(hostileRequest, "METHOD", "BYE", "BRANCH", "z9hG4bKa3", "TOTAG", ";tag="+toTag, "CSEQ", "2")
}

// Case 4: a BYE or CANCEL from someone who is no participant closes no call.
func TestHostileCase4ForeignEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		from netip.AddrPort
		end  []byte
	}{
		{"BYE with the right tags from elsewhere", hostileForeign, hostileBYE("b1")},
		{"BYE with a wrong tag from the caller's address", hostileCaller, hostileBYE("guess")},
		{"CANCEL with a guessed branch", hostileForeign, hostile(hostileRequest, "METHOD", "CANCEL", "BRANCH", "z9hG4bKguess", "TOTAG", "", "CSEQ", "1")},
		{"CANCEL with the right branch from elsewhere", hostileForeign, hostile(hostileRequest, "METHOD", "CANCEL", "BRANCH", "z9hG4bKa1", "TOTAG", "", "CSEQ", "1")},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w wire
			w.established()
			w.udp(c.from, hostileCallee, c.end)
			w.rtp("198.51.100.10:20000", "192.0.2.70:22000", 1, 100)
			r := w.run(t).call(hostileID)
			if r.Disposition != "in_progress" || r.EndedAt != "" || !slices.Contains(r.Flags, "unverified_end") {
				t.Errorf("%s, ended at %q, flags %q", r.Disposition, r.EndedAt, r.Flags)
			}
			w.udp(hostileCallee, hostileCaller, hostile(hostileRequest, "METHOD", "BYE", "BRANCH", "z9hG4bKb9", "TOTAG", "", "CSEQ", "9",
				`From: "Asha" <sip:+912225550101@198.51.100.10>;tag=a1`, "From: <sip:+911205550170@192.0.2.70>;tag=b1",
				"To: <sip:+911205550170@192.0.2.70>", "To: <sip:+912225550101@198.51.100.10>;tag=a1"))
			if r = w.run(t).call(hostileID); r.EndedAt == "" || r.EndedBy != "callee" || !slices.Contains(r.Flags, "unverified_end") {
				t.Errorf("after the callee's BYE: ended at %q by %q, flags %q", r.EndedAt, r.EndedBy, r.Flags)
			}
		})
	}
}

// Case 4: a Call-ID that other hosts use as well is another call, and neither takes anything from the other.
func TestHostileCase4ReusedCallID(t *testing.T) {
	var w wire
	w.established()
	w.udp(hostileForeign, hostileCallee, hostile(hostileINVITE, "EXTRA", "", ";tag=a1", ";tag=z9", "branch=z9hG4bKa1", "branch=z9hG4bKz1", "198.51.100.10:5060", "203.0.113.66:5060"))
	w.udp(hostileCaller, hostileCallee, hostileBYE("b1"))
	s := w.run(t)
	var got []string
	for _, r := range s.records {
		got = append(got, r.SIP.FromTag+" "+r.Disposition)
	}
	slices.Sort(got)
	if want := []string{"a1 answered", "z9 in_progress"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Case 5: session descriptions that promise too much, or somebody else's media.
func TestHostileCase5Descriptions(t *testing.T) {
	sdpOf := func(address, media string) string {
		return "v=0\no=- 1 1 IN IP4 198.51.100.10\ns=-\nc=IN IP4 " + address + "\nt=0 0\n" + media
	}
	line := func(port int) string { return fmt.Sprintf("m=audio %d RTP/AVP 8\n", port) }
	var many strings.Builder
	for i := range 100 {
		many.WriteString(line(20000 + 2*i))
	}
	for _, c := range []struct {
		name, sdp string
		lines     int // of media without packets in the record, the callee's own among them
	}{
		{"a hundred media lines", sdpOf("198.51.100.10", many.String()), 32}, // the record's list is full, and says so
		{"port 0", sdpOf("198.51.100.10", line(0)), 1},
		{"port 65536", sdpOf("198.51.100.10", line(65536)), 1},
		{"private address", sdpOf("10.0.0.1", line(20000)), 2},
		{"multicast address", sdpOf("224.2.1.1/127/3", line(20000)), 1},
		{"unspecified address", sdpOf("0.0.0.0", line(20000)), 1},
		{"host name", sdpOf("media.example.com", line(20000)), 1},
		{"the callee's own port", sdpOf("192.0.2.70", line(22000)), 1},
		{"no description in it", "hello\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w wire
			_, old, _ := strings.Cut(hostileINVITE, "\n\n")
			w.udp(hostileCaller, hostileCallee, hostile(hostileINVITE, "EXTRA", "", old, c.sdp))
			w.udp(hostileCallee, hostileCaller, hostile(hostileAnswer, "SDP", hostileAnswerSDP))
			w.rtp("203.0.113.66:30000", "10.0.0.1:20000", 7, 50) // nobody of this call
			r := w.run(t).call(hostileID)
			for _, m := range r.Media {
				if m.Observed != nil {
					t.Errorf("foreign media is in the record: %s", r.body)
				}
			}
			if len(r.Media) != c.lines || r.Disposition != "in_progress" || (c.lines == 32) != slices.Contains(r.Flags, "truncated") {
				t.Errorf("%d media lines, want %d; %s, flags %q", len(r.Media), c.lines, r.Disposition, r.Flags)
			}
		})
	}
}

// Case 5: RTP of others, sent to a call's media address or among its own hosts, neither keeps the call alive nor ends it.
func TestHostileCase5ForeignMedia(t *testing.T) {
	var w wire
	w.established()
	w.rtp("198.51.100.10:20000", "192.0.2.70:22000", 1, 100)
	w.rtp("192.0.2.70:22000", "198.51.100.10:20000", 2, 100)
	w.rtp("203.0.113.66:40000", "192.0.2.70:22000", 3, 50) // to its port, from elsewhere
	w.rtp("203.0.113.66:40000", "192.0.2.99:22000", 4, 50)
	w.udp(hostileCaller, hostileCallee, hostileBYE("b1"))
	bye := w.at
	w.udp(hostileCallee, hostileCaller, hostile(hostileAnswer, "SDP", "", "CSeq: 1 INVITE", "CSeq: 2 BYE", "branch=z9hG4bKa1", "branch=z9hG4bKa3"))
	// A minute of somebody else's media to the port of the call that has ended.
	w.rtp("203.0.113.66:40000", "192.0.2.70:22000", 5, 3000)
	r := w.run(t).call(hostileID)
	if r.Disposition != "answered" || r.EndedBy != "caller" || slices.Contains(r.Flags, "went_on") || slices.Contains(r.Flags, "media_timeout") {
		t.Errorf("%s, ended by %s at %s (BYE at %d), flags %q", r.Disposition, r.EndedBy, r.EndedAt, bye, r.Flags)
	}
	own := 0
	for _, m := range r.Media {
		if m.Observed == nil {
			continue
		}
		if m.Observed.Src.IP == "203.0.113.66" && m.Observed.Dst.IP == "192.0.2.99" {
			t.Errorf("media between others is in the record")
		}
		if m.Observed.Src.IP != "203.0.113.66" && *m.Packets == 100 {
			own++
		}
	}
	if own != 2 {
		t.Errorf("%d of the call's own two streams: %s", own, r.body)
	}
}

// Case 6: a flood of attempts pushes out attempts, each with its record, and no call that was answered.
func TestHostileCase6Flood(t *testing.T) {
	const room, attempts = 20, 400
	var w wire
	w.established()
	for i := range attempts {
		w.udp(hostileForeign, hostileCallee, hostile(hostileINVITE, "EXTRA", "", hostileID, fmt.Sprintf("flood%d@203.0.113.66", i), "z9hG4bKa1", fmt.Sprintf("z9hG4bKf%d", i)))
	}
	w.udp(hostileCaller, hostileCallee, hostileBYE("b1"))
	s := w.run(t, func(c *pipeline.Config) { c.Dialog.Calls = room })
	if r := s.call(hostileID); r.Disposition != "answered" || r.EndedBy != "caller" || slices.Contains(r.Flags, "evicted") {
		t.Errorf("the answered call: %s, ended by %s, flags %q", r.Disposition, r.EndedBy, r.Flags)
	}
	evicted := 0
	for _, r := range s.records {
		if slices.Contains(r.Flags, "evicted") {
			evicted++
		}
	}
	if len(s.records) != attempts+1 || evicted != attempts+1-room || s.stats.Dialogs.Evicted != uint64(evicted) {
		t.Errorf("%d records, %d of them evicted, counted %d", len(s.records), evicted, s.stats.Dialogs.Evicted)
	}
}
