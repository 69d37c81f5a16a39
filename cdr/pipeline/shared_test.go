package pipeline_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"calltrail/cdr/record"
	"calltrail/decode"
)

// sharedFolder is where captures that other projects publish may lie: beside the repository, never in it. Without them
// the test is skipped.
func sharedFolder(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(root(), "..", "shared", "captures")
	if _, err := os.Stat(filepath.Join(dir, "expected.json")); err != nil {
		t.Skipf("no public captures: %v", err)
	}
	return dir
}

// compared are the public captures that are held to what an independent dissector reads.
var compared = map[string]struct {
	// ring and answer are how much later, in microseconds, the record's times are: the dissector takes the first 180 and
	// 200 on any hop, the record those on the caller's hop.
	ring, answer record.Time
	// ended is how much later the record's end is: the dissector takes the CANCEL, the record the final response.
	ended map[string]record.Time
}{
	"nDPI__sip.pcap":            {ended: map[string]record.Time{"105090259-446faf7a@192.168.1.2": 2_653_785}},
	"sipnab__rtp-protocol.pcap": {},
	"sipnab__sip-proxy.pcap":    {ring: 25_817, answer: 17_053},
	"sipnab__sip-over-tcp.pcap": {},
	"sngrep__ipip.pcap":         {}, // of the two directions one comes through a tunnel
	"sngrep__ipv6frag.pcap":     {answer: 764_664},
}

// applications are the captures with calls in applications, which were judged by hand from flows and timing: the records they
// must give. A duration is from the first packet to the last one, in seconds; 0 where nothing is said of it.
var applications = map[string][]struct {
	name     string
	seconds  float64
	attempt  bool // media does not show
	peerSeen bool // the other party's address was seen
}{
	"nDPI__stun_wa_call.pcapng":        {{name: "whatsapp", seconds: 31.8}, {name: "whatsapp", seconds: 14.7, peerSeen: true}},
	"nDPI__telegram_videocall.pcapng":  {{name: "telegram", seconds: 14.4, peerSeen: true}},
	"nDPI__stun_zoom.pcapng":           {{name: "zoom", attempt: true}},
	"nDPI__skype-conference-call.pcap": {{name: "teams", seconds: 1.5, peerSeen: true}},
	"nDPI__stun.pcap":                  {}, // marks of many, and media of none
}

// fuzzed is a capture with random bits changed: nothing may be invented from it.
const fuzzed = "nDPI__fuzz-2006-06-26-2594.pcap"

// expectation is one entry of expected.json.
type expectation struct {
	File      string          `json:"file"`
	Packets   uint64          `json:"packets"`
	Calls     json.RawMessage `json:"calls"` // a list, or a sentence
	Registers struct {
		OK     int `json:"ok"`
		Failed int `json:"failed"`
	} `json:"registers"`
	Streams []struct {
		Src     string `json:"src"`
		Sport   int    `json:"sport"`
		Dst     string `json:"dst"`
		Dport   int    `json:"dport"`
		SSRC    string `json:"ssrc"`
		PT      int    `json:"pt"`
		Packets int    `json:"packets"`
		Lost    int    `json:"lost"`
	} `json:"rtp_streams"`
}

type sharedCall struct {
	CallID  string  `json:"call_id"`
	From    string  `json:"from_user"`
	To      string  `json:"to_user"`
	URI     string  `json:"request_uri"`
	SrcIP   string  `json:"src_ip"`
	SrcPort int     `json:"src_port"`
	DstIP   string  `json:"dst_ip"`
	DstPort int     `json:"dst_port"`
	Invite  seconds `json:"invite_ts"`
	Rang    seconds `json:"first_180_ts"` // 180 alone
	Answer  seconds `json:"answer_ts"`
	End     seconds `json:"end_ts"`
	Status  int     `json:"final_status"`
	ByeFrom string  `json:"bye_from"`
}

// Public captures must give the calls that expected.json names; a capture that is neither compared nor known to wait for
// something is an error.
func TestSharedCaptures(t *testing.T) {
	dir := sharedFolder(t)
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []expectation
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		e := &list[i]
		t.Run(e.File, func(t *testing.T) {
			o := observe(t, filepath.Join(dir, e.File))
			if o.stats.Packets != e.Packets {
				t.Errorf("%d packets, want %d", o.stats.Packets, e.Packets)
			}
			for _, c := range o.calls {
				if c.AnsweredAt != 0 && e.File == fuzzed {
					t.Errorf("an answered call that never was: %s", c.SIP.CallID)
				}
			}
			_, inApplications := applications[e.File]
			switch _, held := compared[e.File]; {
			case held:
				holdShared(t, e, o)
			case inApplications:
				holdApplications(t, e.File, o)
			case e.File == "nDPI__http_on_sip_port.pcap":
				if len(o.calls)+len(o.events) != 0 || o.stats.Counts[decode.SIP] != 0 {
					t.Errorf("HTTP gave %d calls and %d SIP messages", len(o.calls), o.stats.Counts[decode.SIP])
				}
			case e.File == fuzzed:
				t.Logf("damaged on purpose: %d calls, none answered", len(o.calls))
			default:
				t.Errorf("not in the tables of this test")
			}
		})
	}
}

// holdApplications holds the records of calls in applications to what was judged.
func holdApplications(t *testing.T, file string, o *observations) {
	t.Helper()
	want := applications[file]
	if len(o.calls) != 0 || len(o.unsignalled) != len(want) {
		t.Fatalf("%d calls by signalling and %d without, want none and %d", len(o.calls), len(o.unsignalled), len(want))
	}
	for i := range want {
		r, w := &o.unsignalled[i], &want[i]
		if r.Kind != record.KindApp || r.App == nil || r.App.Name != w.name || r.App.Confidence == "weak" {
			t.Errorf("call %d is %s, %+v; want %s", i, r.Kind, r.App, w.name)
			continue
		}
		if lasted := float64(r.LastSeenAt-r.StartedAt) / 1e6; w.seconds != 0 && math.Abs(lasted-w.seconds) > 0.1 {
			t.Errorf("call %d lasted %.1f s, want %.1f", i, lasted, w.seconds)
		}
		if attempt := slices.Contains(r.Flags, "no_media"); attempt != w.attempt {
			t.Errorf("call %d is an attempt: %t", i, attempt)
		}
		if seen := r.App.PeerSeen != nil && *r.App.PeerSeen; seen != w.peerSeen {
			t.Errorf("call %d: the peer was seen: %t", i, seen)
		}
	}
}

func holdShared(t *testing.T, e *expectation, o *observations) {
	t.Helper()
	var calls []sharedCall
	if err := json.Unmarshal(e.Calls, &calls); err != nil {
		t.Fatal(err)
	}
	later := compared[e.File]
	var d differ
	d.equal("calls", len(o.calls), len(calls))
	for i := range calls {
		c := &calls[i]
		at := slices.IndexFunc(o.calls, func(r record.Call) bool { return r.SIP.CallID == c.CallID })
		if at < 0 {
			d.equal("call", "none", c.CallID)
			continue
		}
		r := &o.calls[at]
		equal := func(what string, got, want any) { d.equal(c.CallID+" "+what, got, want) }
		equal("caller", r.Caller.User, c.From)
		equal("callee", r.Callee.User, c.To)
		equal("Request-URI", r.ReqURI, c.URI)
		equal("source", address(r.Src.IP.String(), int(r.Src.Port)), address(c.SrcIP, c.SrcPort))
		equal("destination", address(r.Dst.IP.String(), int(r.Dst.Port)), address(c.DstIP, c.DstPort))
		equal("first INVITE", r.StartedAt, record.Time(c.Invite))
		if c.Rang != 0 {
			equal("rings", r.RingingAt, record.Time(c.Rang)+later.ring)
		}
		if c.Answer == 0 {
			equal("answered", r.AnsweredAt, record.Time(0))
		} else {
			equal("answered", r.AnsweredAt, record.Time(c.Answer)+later.answer)
		}
		equal("end", r.EndedAt, record.Time(c.End)+later.ended[c.CallID])
		equal("status", fmt.Sprint(*r.SIP.Status), fmt.Sprint(c.Status))
		if c.ByeFrom != "" {
			equal("ended by", r.EndedBy, record.EndedBy(c.ByeFrom))
		}
	}
	var streams []tsRTP
	for _, s := range e.Streams {
		streams = append(streams, tsRTP{
			Src: s.Src, Sport: s.Sport, Dst: s.Dst, Dport: s.Dport, SSRC: s.SSRC, PayloadType: s.PT, Packets: s.Packets, Lost: s.Lost,
		})
	}
	d.streams(o.calls, nil, streams, false)
	// A refresh is no event, and 401 to credentials is a refusal that expected.json counts as a challenge.
	accepted, refused := 0, 0
	for i := range o.events {
		switch s := o.events[i].Status; {
		case s/100 == 2:
			accepted++
		case s != 401 && s != 407:
			refused++
		}
	}
	d.equal("no more log-ins and log-outs than accepted REGISTERs", accepted <= e.Registers.OK, true)
	d.equal("refused REGISTERs", refused, e.Registers.Failed)
	for _, what := range d {
		t.Error(what)
	}
}
