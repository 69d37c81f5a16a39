package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/decode"
)

// opinion is what tshark says of a capture: pcaps/README.md describes each member.
type opinion struct {
	Packets    uint64   `json:"packets"`
	SIPPackets uint64   `json:"sip_packets"`
	RTCP       uint64   `json:"rtcp_packets"`
	First      seconds  `json:"first_ts"`
	Last       seconds  `json:"last_ts"`
	Calls      []tsCall `json:"calls"`
	Registered []tsReg  `json:"registrations"`
	Messages   []tsText `json:"messages"`
	TLS        []tsTLS  `json:"tls"`
	Streams    []tsRTP  `json:"rtp_streams"`
	Carriage   struct {
		Fragments uint64 `json:"fragments"`
		Pings     uint64 `json:"pings"`
		Pongs     uint64 `json:"pongs"`
	} `json:"carriage"`
}

type tsCall struct {
	CallID   string         `json:"call_id"`
	FromTag  string         `json:"from_tag"`
	FromUser string         `json:"from_user"`
	ToUser   string         `json:"to_user"`
	URI      string         `json:"request_uri"`
	Asserted string         `json:"asserted"`
	SrcIP    string         `json:"src_ip"`
	SrcPort  int            `json:"src_port"`
	DstIP    string         `json:"dst_ip"`
	DstPort  int            `json:"dst_port"`
	Carrier  string         `json:"transport"`
	Invite   seconds        `json:"invite_ts"`
	Rang     seconds        `json:"first_18x_ts"`
	Answer   seconds        `json:"answer_ts"`
	Cancel   seconds        `json:"cancel_ts"`
	End      seconds        `json:"end_ts"`
	Status   int            `json:"final_status"`
	ByeFrom  string         `json:"bye_from"`
	Attempts []int          `json:"attempts"`
	ReferTo  string         `json:"refer_to"`
	Requests map[string]int `json:"requests"`
	Hops     []tsHop        `json:"hops"`
}

type tsHop struct {
	URI     string  `json:"request_uri"`
	SrcIP   string  `json:"src_ip"`
	SrcPort int     `json:"src_port"`
	DstIP   string  `json:"dst_ip"`
	DstPort int     `json:"dst_port"`
	Vias    int     `json:"vias"`
	CSeq    int     `json:"cseq"`
	Invite  seconds `json:"invite_ts"`
	Rang    seconds `json:"first_18x_ts"`
	Status  int     `json:"final_status"`
	Final   seconds `json:"final_ts"`
}

type tsReg struct {
	CallID      string  `json:"call_id"`
	AOR         string  `json:"aor"`
	Contact     string  `json:"contact"`
	SrcIP       string  `json:"src_ip"`
	SrcPort     int     `json:"src_port"`
	DstIP       string  `json:"dst_ip"`
	DstPort     int     `json:"dst_port"`
	Carrier     string  `json:"transport"`
	Credentials bool    `json:"credentials"`
	Requested   int64   `json:"requested_expires"`
	Expires     int64   `json:"expires"`
	Status      int     `json:"final_status"`
	Final       seconds `json:"final_ts"`
}

type tsText struct {
	CallID   string  `json:"call_id"`
	FromUser string  `json:"from_user"`
	ToUser   string  `json:"to_user"`
	SrcIP    string  `json:"src_ip"`
	SrcPort  int     `json:"src_port"`
	DstIP    string  `json:"dst_ip"`
	DstPort  int     `json:"dst_port"`
	Carrier  string  `json:"transport"`
	Vias     int     `json:"vias"`
	Request  seconds `json:"request_ts"`
	Status   int     `json:"final_status"`
}

type tsTLS struct {
	SrcIP    string   `json:"src_ip"`
	SrcPort  int      `json:"src_port"`
	DstIP    string   `json:"dst_ip"`
	DstPort  int      `json:"dst_port"`
	SNI      string   `json:"sni"`
	ALPN     []string `json:"alpn"`
	Version  string   `json:"version"`
	First    seconds  `json:"first_ts"`
	Last     seconds  `json:"last_ts"`
	Packets  uint64   `json:"packets"`
	Sent     uint64   `json:"bytes_sent"`
	Received uint64   `json:"bytes_received"`
}

type tsRTP struct {
	Src         string  `json:"src"`
	Sport       int     `json:"sport"`
	Dst         string  `json:"dst"`
	Dport       int     `json:"dport"`
	SSRC        string  `json:"ssrc"`
	PayloadType int     `json:"payload_type"`
	Packets     int     `json:"packets"`
	Lost        int     `json:"lost"`
	First       seconds `json:"first_ts"`
	Last        seconds `json:"last_ts"`
}

// seconds since 1970 become a record's microseconds, cut as in a record; null is 0.
type seconds record.Time

func (s *seconds) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = 0
		return nil
	}
	whole, fraction, _ := strings.Cut(string(b), ".")
	v, err := strconv.ParseInt(whole+(fraction + "000000")[:6], 10, 64)
	*s = seconds(v)
	return err
}

// observations is what calltrail says of the same capture.
type observations struct {
	stats       pipeline.Stats
	first, last record.Time // of all packets
	calls, tls  []record.Call
	unsignalled []record.Call // calls in applications, and of media alone
	events      []record.Registration
	messages    []record.Message
}

func observe(t *testing.T, path string) *observations {
	t.Helper()
	out, stats := golden(t, path, func(c *pipeline.Config) { c.FinalOnly = true })
	o := &observations{stats: stats}
	for _, body := range out.bodies {
		var kind struct{ Kind record.Kind }
		if err := json.Unmarshal(body, &kind); err != nil {
			t.Fatal(err)
		}
		var err error
		switch kind.Kind {
		case record.KindRegistration:
			o.events, err = read(o.events, body)
		case record.KindMessage:
			o.messages, err = read(o.messages, body)
		case record.KindTLS:
			o.tls, err = read(o.tls, body)
		case record.KindApp, record.KindMedia:
			o.unsignalled, err = read(o.unsignalled, body)
		default:
			o.calls, err = read(o.calls, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := capture.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // read only
	var p capture.Packet
	for err = f.Next(&p); err == nil; err = f.Next(&p) {
		if o.first == 0 {
			o.first = record.TimeOf(p.Time)
		}
		o.last = record.TimeOf(p.Time)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return o
}

func read[T any](list []T, body []byte) ([]T, error) {
	var v T
	err := json.Unmarshal(body, &v)
	return append(list, v), err
}

// The records must say what tshark says, but for what allowances lists. Two more differences would be legitimate, and no
// capture here has either: tshark counts copies of RTP packets that a mirror port makes (the record has them in
// duplicates), and RTP that comes later than two seconds after the end of the call (the record leaves it out).
func TestRecordsAgreeWithTshark(t *testing.T) {
	cases := captures(t)
	for name := range allowances {
		if cases[name] == "" {
			t.Errorf("an allowance for %s, which is no case", name)
		}
	}
	for name, path := range cases {
		t.Run(name, func(t *testing.T) {
			said, err := os.ReadFile(filepath.Join(filepath.Dir(path), "tshark.json"))
			if err != nil {
				t.Fatal(err)
			}
			o := observe(t, path)
			for _, d := range hold(name, said, o) {
				t.Error(d)
			}
			if !t.Failed() {
				flipAll(t, name, said, o)
			}
		})
	}
}

// differ collects differences.
type differ []string

func (d *differ) equal(what string, got, want any) {
	if got != want {
		*d = append(*d, fmt.Sprintf("%s: record says %v, tshark %v", what, got, want))
	}
}

func hold(name string, said []byte, o *observations) (d differ) {
	var ts opinion
	if err := json.Unmarshal(said, &ts); err != nil {
		return differ{err.Error()}
	}
	a := allowances[name]
	d.equal("packets", o.stats.Packets, ts.Packets)
	d.equal("SIP messages", o.stats.Carriage.Messages, ts.SIPPackets)
	if !a.relayed {
		d.equal("RTCP packets", o.stats.Counts[decode.RTCP], ts.RTCP+a.rtcp)
	}
	d.equal("first packet", o.first, record.Time(ts.First))
	d.equal("last packet", o.last, record.Time(ts.Last))
	d.equal("fragments", o.stats.Carriage.Fragments.Fragments, ts.Carriage.Fragments)
	d.equal("keep-alives", o.stats.Carriage.Streams.KeepAlives, ts.Carriage.Pings+ts.Carriage.Pongs)
	d.equal("calls", len(o.calls), len(ts.Calls)+a.branches)
	for i := range ts.Calls {
		c := &ts.Calls[i]
		legs := legsOf(o.calls, c)
		if len(legs) == 0 {
			d.equal("call", "none", c.CallID)
			continue
		}
		d.call(legs, c, a)
	}
	d.registrations(o.events, ts.Registered)
	d.messages(o.messages, ts.Messages)
	d.connections(o.tls, ts.TLS)
	if a.unclaimed {
		d.equal("RTP streams of no call", o.stats.Streams.Unclaimed, uint64(len(ts.Streams)))
		ts.Streams = nil
	}
	d.streams(o.calls, o.unsignalled, ts.Streams, true)
	return d
}
