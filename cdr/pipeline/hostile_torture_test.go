package pipeline_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"calltrail/decode"
)

// Case 1 of the hostile signalling: what records each message of RFC 4475 and RFC 5118 gives. decode/sip's tables say what the
// RFCs ask for and what is read of each message; its testdata holds the octets.
//
// A message that parties may take for an INVITE gives a call, with a flag for what is wrong with it. What the parser refuses is
// counted by why. Other requests give what their method gives: OPTIONS nothing, REGISTER an event when it is answered.
var tortureRecords = []struct {
	name     string
	alone    string // the records of the message alone
	answered string // with a 200 that repeats its header fields; "=" as alone
	stream   string // over TCP, alone; "=" as alone
}{
	// RFC 4475 section 3.1.1
	{"rfc4475/wsinv", "call wsinv.ndaksdj@192.0.2.1 folded", "=", "="},
	{"rfc4475/intmeth", "", "=", "="},
	{"rfc4475/esc01", "call esc01.239409asdfakjkn23onasd0-3234 folded", "=", "="},
	{"rfc4475/escnull", "", "registration login", "="},
	{"rfc4475/esc02", "", "=", "="}, // the method is not REGISTER
	{"rfc4475/lwsdisp", "", "=", "="},
	{"rfc4475/longreq", "call longreq.one" + strings.Repeat("really", 20) + "longcallid via_syntax", "=", "="},
	// The second request is no part of the datagram's message; in a stream it is the next message.
	{"rfc4475/dblreq", "", "registration login body_longer", "call dblreq.0ha0isnda977644900765@192.0.2.15"},
	{"rfc4475/semiuri", "", "=", "="},
	{"rfc4475/transports", "", "=", "="},
	{"rfc4475/mpart01", "message", "=", "="},
	{"rfc4475/unreason", "call unreason.1234ksdfak3j2erwedfsASdf", "=", "="},
	{"rfc4475/noreason", "", "=", "="}, // a 100 alone makes no call
	// section 3.1.2
	{"rfc4475/badinv01", "call badinv01.0ha0isndaksdjasdf3234nas via_syntax", "=", "="},
	// Its receiver waits for the octets that Content-Length promises, and so does the tap: nobody acts on what never was whole.
	{"rfc4475/clerr", "call clerr.0ha0isndaksdjweiafasdk3 body_shorter", "=", ""},
	{"rfc4475/ncl", "call ncl.0ha0isndaksdj2193423r542w35 content_length_invalid", "=", "="},
	{"rfc4475/scalar02", "refused cseq", "=", "="},
	{"rfc4475/scalarlg", "refused cseq", "=", "="},
	{"rfc4475/quotbal", "call quotbal.aksdj address_syntax", "=", "="},
	{"rfc4475/ltgtruri", "call ltgtruri.1@192.0.2.5 start_line_syntax via_syntax", "=", "="},
	{"rfc4475/lwsruri", "call lwsruri.asdfasdoeoi2323-asdfwrn23-asd834rk423 start_line_syntax", "=", "="},
	{"rfc4475/lwsstart", "call lwsstart.dfknq234oi243099adsdfnawe3@example.com start_line_syntax", "=", "="},
	{"rfc4475/trws", "", "=", "="},
	{"rfc4475/escruri", "call escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5 start_line_syntax", "=", "="},
	{"rfc4475/baddate", "call baddate.239423mnsadf3j23lj42--sedfnm234", "=", "="},
	{"rfc4475/regbadct", "", "registration login", "="},
	{"rfc4475/badaspec", "", "=", "="},
	{"rfc4475/baddn", "", "=", "="},
	{"rfc4475/badvers", "refused version", "=", "="},
	// The answer's CSeq says that it is one to an INVITE.
	{"rfc4475/mismatch01", "", "call mismatch01.dj0234sxdfl3", "="},
	{"rfc4475/mismatch02", "", "call mismatch02.dj0234sxdfl3", "="},
	{"rfc4475/bigcode", "refused status", "=", "="},
	// sections 3.2 to 3.4
	{"rfc4475/badbranch", "", "=", "="},
	{"rfc4475/insuf", "refused call_id", "=", "="},
	{"rfc4475/unkscm", "", "=", "="},
	{"rfc4475/novelsc", "", "=", "="},
	{"rfc4475/unksm2", "", "registration login", "="},
	{"rfc4475/bext01", "", "=", "="},
	{"rfc4475/invut", "call invut.0ha0isndaksdjadsfij34n23d", "=", "="},
	{"rfc4475/regaut01", "", "=", "="}, // without a Contact it asks, and changes nothing
	{"rfc4475/multi01", "call multi01.98asdh@192.0.2.1 duplicate_call_id duplicate_from duplicate_to duplicate_cseq", "=", "="},
	{"rfc4475/mcl01", "", "=", "="},
	{"rfc4475/bcast", "call bcast.0384840201234ksdfak3j2erwedfsASdf", "=", "="},
	{"rfc4475/zeromf", "", "=", "="},
	{"rfc4475/cparam01", "", "registration login", "="},
	{"rfc4475/cparam02", "", "registration login", "="},
	{"rfc4475/regescrt", "", "registration login", "="},
	{"rfc4475/sdp01", "call sdp01.ndaksdj9342dasdd", "=", "="},
	{"rfc4475/inv2543", "call inv2543.1717@ift.client.example.com via_syntax", "=", "="},
	// RFC 5118
	{"rfc5118/ipv6-good", "", "registration login", "="},
	{"rfc5118/ipv6-bad", "", "registration login start_line_syntax", "="},
	{"rfc5118/port-ambiguous", "", "registration login", "="},
	{"rfc5118/port-unambiguous", "", "registration login", "="},
	// A BYE of a call whose beginning was not seen.
	{"rfc5118/via-received-param-with-delim", "call SSG9559905523997077@hlau_4100", "=", "="},
	{"rfc5118/via-received-param-no-delim", "", "=", "="},
	{"rfc5118/ipv6-in-sdp", "call SSG9559905523997077@hlau_4100 body_shorter", "=", ""}, // waits, as clerr
	{"rfc5118/mult-ip-in-header", "call 997077@lau_4100", "=", "="},
	// A stream is cut where Content-Length says; what is left over begins no message.
	{"rfc5118/mult-ip-in-sdp", "call SSG9559905523997077@hlau_4100 body_longer", "=", "call SSG9559905523997077@hlau_4100"},
	{"rfc5118/ipv4-mapped-ipv6", "call SSG9559905523997077@hlau_4100 body_longer", "=", "call SSG9559905523997077@hlau_4100"},
	{"rfc5118/ipv6-bug-abnf-3-colons", "", "=", "="},
	{"rfc5118/ipv6-correct-abnf-2-colons", "", "=", "="},
}

func TestTortureRecords(t *testing.T) {
	for _, c := range tortureRecords {
		t.Run(c.name, func(t *testing.T) {
			b := tortureFile(t, c.name)
			var alone, answered, stream wire
			alone.udp(hostileCaller, hostileCallee, b)
			answered.udp(hostileCaller, hostileCallee, b)
			if line, rest, _ := bytes.Cut(b, []byte("\r\n")); !bytes.HasPrefix(line, []byte("SIP/")) {
				answered.udp(hostileCallee, hostileCaller, append([]byte("SIP/2.0 200 OK\r\n"), rest...))
			}
			stream.tcp(hostileCaller, hostileCallee, 0, tcpSYN, nil)
			for i := 0; i < len(b); i += 100 {
				stream.tcp(hostileCaller, hostileCallee, 1+uint32(i), 0, b[i:min(len(b), i+100)])
			}
			for _, run := range []struct {
				how  string
				wire *wire
				want string
			}{{"alone", &alone, c.alone}, {"answered", &answered, c.answered}, {"over TCP", &stream, c.stream}} {
				want := run.want
				if want == "=" {
					want = c.alone
				}
				if got := run.wire.run(t).summary(); got != want {
					t.Errorf("%s: %q, want %q", run.how, got, want)
				}
			}
		})
	}
}

// TestTortureRecordsCount holds that no file of decode/sip's testdata is without a row.
func TestTortureRecordsCount(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root(), "decode/sip/testdata/torture/*/*.dat"))
	if err != nil || len(files) != 49+12 || len(tortureRecords) != len(files) {
		t.Fatalf("%d files, %d rows, want %d each (%v)", len(files), len(tortureRecords), 49+12, err)
	}
	for _, f := range files {
		name := filepath.Base(filepath.Dir(f)) + "/" + strings.TrimSuffix(filepath.Base(f), ".dat")
		if !slices.ContainsFunc(tortureRecords, func(c struct{ name, alone, answered, stream string }) bool { return c.name == name }) {
			t.Errorf("%s has no row", name)
		}
	}
}

// All messages one after the other in one TCP stream. What follows one that cannot be framed is found again at its start line: each
// INVITE whose Content-Length is right, or at least readable, gives its call wherever the stream is cut into segments.
func TestTortureStream(t *testing.T) {
	var all []byte
	var want []string
	for _, c := range tortureRecords {
		if c.stream == "" && c.alone != "" {
			continue // its Content-Length takes in what follows: TestTortureStreamEaten
		}
		all = append(all, tortureFile(t, c.name)...)
		records := c.stream
		if records == "=" {
			records = c.alone
		}
		if call, ok := strings.CutPrefix(records, "call "); ok {
			call, _, _ = strings.Cut(call, " ")
			want = append(want, call)
		}
	}
	slices.Sort(want)
	want = slices.Compact(want) // those of RFC 5118 have one Call-ID
	for _, size := range []int{1, 7, 536, 1460, len(all)} {
		var w wire
		w.tcp(hostileCaller, hostileCallee, 0, tcpSYN, nil)
		for i := 0; i < len(all); i += size {
			w.tcp(hostileCaller, hostileCallee, 1+uint32(i), 0, all[i:min(len(all), i+size)])
		}
		s := w.run(t, signallingPorts)
		var got []string
		for _, r := range s.records {
			if r.Kind == "sip" {
				got = append(got, r.SIP.CallID)
			}
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("by %d octets: calls %q\nwant %q", size, got, want)
		}
		if n := s.stats.Counts[decode.SIP]; n == 0 {
			t.Errorf("by %d octets: no segment is SIP: %v", size, s.stats.Counts)
		}
	}
}
