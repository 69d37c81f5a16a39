package pipeline_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"calltrail/cdr/record"
	"calltrail/decode"
)

// hostileINVITE is a good one. EXTRA are further header fields, each with its line end.
const hostileINVITE = `INVITE sip:+911205550170@192.0.2.70 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKa1
Max-Forwards: 70
From: "Asha" <sip:+912225550101@198.51.100.10>;tag=a1
To: <sip:+911205550170@192.0.2.70>
Call-ID: hostile@198.51.100.10
CSeq: 1 INVITE
Contact: <sip:+912225550101@198.51.100.10>
EXTRAContent-Type: application/sdp
Content-Length: LENGTH

v=0
o=- 1 1 IN IP4 198.51.100.10
s=-
c=IN IP4 198.51.100.10
t=0 0
m=audio 20000 RTP/AVP 8
`

const hostileID = "hostile@198.51.100.10"

// hostileLength is the Content-Length of hostileINVITE.
var hostileLength = func() string {
	_, length, _ := strings.Cut(string(hostile(hostileINVITE, "EXTRA", "")), "Content-Length: ")
	length, _, _ = strings.Cut(length, "\r")
	return length
}()

// Case 2: several Call-ID, From, To, CSeq or Content-Length, long and compact forms mixed, in either order. The first of each
// names the call; the record says that there were others, and has all of them in the order of the message, without secrets.
func TestHostileCase2Duplicates(t *testing.T) {
	const from, to = `"Asha" <sip:+912225550101@198.51.100.10>;tag=a1`, "<sip:+911205550170@192.0.2.70>"
	for _, c := range []struct{ name, extra, flag, member, own, other string }{
		{"Call-ID long", "Call-ID: other@203.0.113.66\n", "sip_duplicate_call_id", "call_id", hostileID, "other@203.0.113.66"},
		{"Call-ID compact", "i: other@203.0.113.66\n", "sip_duplicate_call_id", "call_id", hostileID, "other@203.0.113.66"},
		{"Call-ID the same", "I:" + hostileID + "\n", "sip_duplicate_call_id", "call_id", hostileID, hostileID},
		{"From long", "FROM: <sip:+442079460101:secret@203.0.113.66>;tag=z9\n", "sip_duplicate_from", "from", from, "<sip:+442079460101:***@203.0.113.66>;tag=z9"},
		{"From compact", "f : <sip:+442079460101@203.0.113.66>;tag=z9\n", "sip_duplicate_from", "from", from, "<sip:+442079460101@203.0.113.66>;tag=z9"},
		{"To long", "to: <sip:+442079460101:secret@203.0.113.66>\n", "sip_duplicate_to", "to", to, "<sip:+442079460101:***@203.0.113.66>"},
		{"To compact", "T: <sip:+442079460101,1234@203.0.113.66>\n", "sip_duplicate_to", "to", to, "<sip:+442079460101,***@203.0.113.66>"},
		{"CSeq", "cSEQ: 4711 BYE\n", "sip_duplicate_cseq", "cseq", "1 INVITE", "4711 BYE"},
		{"Content-Length long", "Content-Length: 3\n", "sip_duplicate_content_length", "content_length", hostileLength, "3"},
		{"Content-Length compact", "l: 3\n", "sip_duplicate_content_length", "content_length", hostileLength, "3"},
	} {
		check := func(t *testing.T, r seenRecord, extraFirst bool) {
			t.Helper()
			if !slices.Contains(r.Flags, c.flag) {
				t.Errorf("flags %q without %s", r.Flags, c.flag)
			}
			var body struct {
				SIP struct {
					Conflicting map[string][]string `json:"conflicting"`
				} `json:"sip"`
			}
			if err := json.Unmarshal([]byte(r.body), &body); err != nil {
				t.Fatal(err)
			}
			want := []string{c.own, c.other}
			if extraFirst || c.member == "content_length" { // EXTRA stands before Content-Length and behind the others
				slices.Reverse(want)
			}
			if got := body.SIP.Conflicting; len(got) != 1 || !slices.Equal(got[c.member], want) {
				t.Errorf("conflicting %q, want %s %q", got, c.member, want)
			}
			if strings.Contains(c.extra, ":secret") && strings.Contains(r.body, "secret") {
				t.Errorf("a password is in the record: %s", r.body)
			}
		}
		t.Run(c.name, func(t *testing.T) {
			var w wire
			w.udp(hostileCaller, hostileCallee, hostile(hostileINVITE, "EXTRA", c.extra))
			r := w.run(t).call(hostileID)
			check(t, r, false)
			if r.SIP.FromTag != "a1" || r.SIP.Methods["INVITE"] != 1 || strings.Count(r.body, "+4420") > 1 {
				t.Errorf("the second value was taken: %s", r.body)
			}
		})
		t.Run(c.name+" first", func(t *testing.T) {
			// The hostile one comes first: whoever takes the last one sees another call than the record, which says so.
			var w wire
			text := strings.Replace(hostileINVITE, "EXTRA", "", 1)
			line, rest, _ := strings.Cut(text, "\n")
			w.udp(hostileCaller, hostileCallee, hostile(line+"\n"+c.extra+rest))
			s := w.run(t)
			if len(s.records) != 1 {
				t.Fatalf("%d records, %q", len(s.records), s.summary())
			}
			check(t, s.records[0], true)
		})
	}
}

// Case 2: octets that are no text are escaped and kept beside it; no flood of values makes a record that does not fit or
// pushes out who called whom.
func TestHostileCase2Flood(t *testing.T) {
	var extra strings.Builder
	for range 40 {
		for _, name := range []string{"i", "f", "t", "CSeq", "l"} {
			extra.WriteString(name + ": \x01\x00\xff" + strings.Repeat("\x01", 150) + "\n")
		}
	}
	var w wire
	w.udp(hostileCaller, hostileCallee, hostile(hostileINVITE, "EXTRA", extra.String()))
	r := w.run(t).call(hostileID)
	if len(r.body) > record.MaxRecord || !slices.Contains(r.Flags, "truncated") {
		t.Errorf("%d octets, flags %q", len(r.body), r.Flags)
	}
	for _, want := range []string{`"conflicting":{"call_id":["` + hostileID + `","`, `\\x00\\xFF`, `"user":"+912225550101"`, `"user":"+911205550170"`, `"sip.conflicting.call_id"`} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the record has no %s", want)
		}
	}
}

// Case 3: octets that a parser may stumble over, in an INVITE that makes a call all the same. Each is named in its record.
func TestHostileCase3Octets(t *testing.T) {
	raw := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
	}
	for _, c := range []struct {
		name  string
		extra string
		then  func([]byte) []byte
		flag  string // "" for none of SIP
	}{
		{"control octet before the colon", "Call-ID\x01: other\n", nil, "sip_control_in_name"},
		{"NUL before the colon", "Call-ID\x00: other\n", nil, "sip_nul"},
		{"folding", "User-Agent: a\n b\n", nil, "sip_folded"},
		{"bare LF", "", raw("Max-Forwards: 70\r\n", "Max-Forwards: 70\n"), "sip_bare_lf"},
		{"bare LF before a header field", "", raw("Content-Type:", "X: y\nCall-ID: other\r\nContent-Type:"), "sip_bare_lf"},
		{"bare CR before a header field", "", raw("Max-Forwards: 70\r\n", "X: y\rCall-ID: other\r\n"), "sip_bare_cr"},
		{"NUL in a value", "User-Agent: a\x00b\n", nil, "sip_nul"},
		{"invalid UTF-8", "User-Agent: \xc3\x28\n", nil, "sip_invalid_utf8"},
		{"%00 in a user part", "P-Asserted-Identity: <sip:%00%0d%0a@198.51.100.10>\n", nil, ""},
		{"Content-Length negative", "", raw("Content-Length: ", "Content-Length: -"), "sip_content_length_invalid"},
		{"Content-Length 2^31", "", raw("Content-Length: ", "Content-Length: 2147483648\r\nl: "), "sip_body_shorter"},
		{"Content-Length 2^64", "", raw("Content-Length: ", "Content-Length: 18446744073709551616\r\nl: "), "sip_body_shorter"},
		{"Content-Length short", "", raw("Content-Length: ", "Content-Length: 5\r\nl: "), "sip_body_longer"},
		{"Content-Length long", "", raw("Content-Length: ", "Content-Length: 9"), "sip_body_shorter"},
		{"no empty line", "", func(b []byte) []byte { return b[:bytes.Index(b, []byte("\r\n\r\n"))+2] }, "sip_unterminated"},
		{"no end of the last line", "", func(b []byte) []byte { return b[:bytes.Index(b, []byte("\r\n\r\n"))] }, "sip_unterminated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := hostile(hostileINVITE, "EXTRA", c.extra)
			if c.then != nil {
				b = c.then(b)
			}
			var w wire
			w.udp(hostileCaller, hostileCallee, b)
			r := w.run(t).call(hostileID)
			if c.flag == "" && strings.Contains(strings.Join(r.Flags, " "), "sip_") || c.flag != "" && !slices.Contains(r.Flags, c.flag) {
				t.Errorf("flags %q, want %q", r.Flags, c.flag)
			}
			if strings.ContainsAny(r.body, "\x00\r\n") || strings.Contains(r.body, `\u0000`) {
				t.Errorf("a NUL or a line end is in the record: %q", r.body)
			}
		})
	}
}

// Case 3, framing: several messages in one TCP segment, and one message in many.
func TestHostileCase3Segments(t *testing.T) {
	one := hostile(hostileINVITE, "EXTRA", "")
	two := bytes.ReplaceAll(one, []byte(hostileID), []byte("second@198.51.100.10"))
	keepAlive := []byte("\r\n\r\n")
	both := slices.Concat(keepAlive, one, keepAlive, two)
	for _, size := range []int{1, 2, 99, len(one), len(both)} {
		var w wire
		w.tcp(hostileCaller, hostileCallee, 0xffffff00, tcpSYN, nil) // the numbers come round within the first message
		for i := 0; i < len(both); i += size {
			w.tcp(hostileCaller, hostileCallee, 0xffffff01+uint32(i), 0, both[i:min(len(both), i+size)])
		}
		s := w.run(t, signallingPorts)
		for _, id := range []string{hostileID, "second@198.51.100.10"} {
			if r := s.call(id); r.SIP.Transport != "tcp" || len(r.Flags) != 1 || r.Flags[0] != "capture_end" {
				t.Errorf("by %d octets: %s over %s, flags %q", size, id, r.SIP.Transport, r.Flags)
			}
		}
		if s.stats.Counts[decode.SIPMalformed] != 0 {
			t.Errorf("by %d octets: %d segments could not be read", size, s.stats.Counts[decode.SIPMalformed])
		}
	}
}

// Case 1 and 3: a Content-Length that takes in the messages after it, as its receiver would read it too. What follows these is
// found again.
func TestHostileCase3Eaten(t *testing.T) {
	clerr, wsinv := tortureFile(t, "rfc4475/clerr"), tortureFile(t, "rfc4475/wsinv") // Content-Length: 9999
	all := append(slices.Clone(clerr), bytes.Repeat(wsinv, 12)...)
	all = append(all, hostile(hostileINVITE, "EXTRA", "")...)
	var w wire
	w.tcp(hostileCaller, hostileCallee, 0, tcpSYN, nil)
	for i := 0; i < len(all); i += 1000 {
		w.tcp(hostileCaller, hostileCallee, 1+uint32(i), 0, all[i:min(len(all), i+1000)])
	}
	s := w.run(t, signallingPorts)
	// 9999 octets after clerr's empty line are its 154 of body, nine of wsinv, and most of the tenth.
	if got := s.call("wsinv.ndaksdj@192.0.2.1").SIP.Methods["INVITE"]; got != 2 {
		t.Errorf("%d of wsinv were read, want the last 2", got)
	}
	s.call("clerr.0ha0isndaksdjweiafasdk3")
	s.call(hostileID)
}
