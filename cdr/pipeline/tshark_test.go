package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
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
	Streams    []tsRTP  `json:"rtp_streams"`
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
	Credentials bool    `json:"credentials"`
	Requested   int64   `json:"requested_expires"`
	Expires     int64   `json:"expires"`
	Status      int     `json:"final_status"`
	Final       seconds `json:"final_ts"`
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
	calls       []record.Call
	events      []record.Registration
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
		if kind.Kind == record.KindRegistration {
			o.events = append(o.events, record.Registration{})
			err = json.Unmarshal(body, &o.events[len(o.events)-1])
		} else {
			o.calls = append(o.calls, record.Call{})
			err = json.Unmarshal(body, &o.calls[len(o.calls)-1])
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

// The records must say what tshark says. There is no allowance: two differences would be legitimate, and no capture here
// has either. tshark counts copies of RTP packets that a mirror port makes (the record has them in duplicates), and RTP
// that comes later than two seconds after the end of the call (the record leaves it out).
func TestRecordsAgreeWithTshark(t *testing.T) {
	for name, path := range captures(t) {
		t.Run(name, func(t *testing.T) {
			said, err := os.ReadFile(filepath.Join(filepath.Dir(path), "tshark.json"))
			if err != nil {
				t.Fatal(err)
			}
			o := observe(t, path)
			for _, d := range hold(t, said, o) {
				t.Error(d)
			}
			if !t.Failed() {
				flipAll(t, said, o)
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

func hold(t *testing.T, said []byte, o *observations) (d differ) {
	t.Helper()
	var ts opinion
	if err := json.Unmarshal(said, &ts); err != nil {
		return differ{err.Error()}
	}
	d.equal("packets", o.stats.Packets, ts.Packets)
	d.equal("SIP messages", o.stats.Counts[decode.SIP], ts.SIPPackets)
	d.equal("RTCP packets", o.stats.Counts[decode.RTCP], ts.RTCP)
	d.equal("first packet", o.first, record.Time(ts.First))
	d.equal("last packet", o.last, record.Time(ts.Last))
	d.equal("calls", len(o.calls), len(ts.Calls))
	for i := range ts.Calls {
		c := &ts.Calls[i]
		at := slices.IndexFunc(o.calls, func(r record.Call) bool { return r.SIP.CallID == c.CallID })
		if at < 0 {
			d.equal("call", "none", c.CallID)
			continue
		}
		d.call(&o.calls[at], c)
	}
	d.registrations(o.events, ts.Registered)
	d.streams(o.calls, ts.Streams, true)
	return d
}

func address(ip string, port int) string { return fmt.Sprintf("%s %d", ip, port) }

func addressOf(a record.Addr) string { return address(a.IP.String(), int(a.Port)) }

func (d *differ) call(r *record.Call, c *tsCall) {
	equal := func(what string, got, want any) { d.equal(c.CallID+" "+what, got, want) }
	equal("From tag", r.SIP.FromTag, c.FromTag)
	equal("caller", r.Caller.User, c.FromUser)
	equal("callee", r.Callee.User, c.ToUser)
	equal("Request-URI", r.ReqURI, c.URI)
	asserted, refer := "", ""
	if r.Asserted != nil {
		asserted = r.Asserted.Raw
	}
	for _, to := range r.Redirects {
		if to.Source == "refer" {
			refer = to.Raw
		}
	}
	equal("asserted", asserted, c.Asserted)
	equal("Refer-To", refer, c.ReferTo)
	equal("source", address(r.Src.IP.String(), int(r.Src.Port)), address(c.SrcIP, c.SrcPort))
	equal("destination", address(r.Dst.IP.String(), int(r.Dst.Port)), address(c.DstIP, c.DstPort))
	equal("first INVITE", r.StartedAt, record.Time(c.Invite))
	methods := map[string]int{}
	for _, m := range r.SIP.Methods {
		methods[m.Name] = m.Count
	}
	equal("requests", fmt.Sprint(methods), fmt.Sprint(c.Requests)) // in the order of the names
	d.hops(r, c)
	d.ending(r, c)
}

// hops holds the path to tshark's hops, and the times and final responses to those of the caller's hop, the one with the
// fewest Vias. The record says of the hops behind it which way they went, and no more.
func (d *differ) hops(r *record.Call, c *tsCall) {
	equal := func(what string, got, want any) { d.equal(c.CallID+" "+what, got, want) }
	var path []string
	var rang, answer seconds
	vias := c.Hops[0].Vias
	for i := range c.Hops {
		h := &c.Hops[i]
		way := address(h.SrcIP, h.SrcPort) + " to " + address(h.DstIP, h.DstPort)
		if !slices.ContainsFunc(path, func(p string) bool { return strings.HasPrefix(p, way) }) {
			path = append(path, fmt.Sprintf("%s at %d", way, h.Invite))
		}
		vias = min(vias, h.Vias)
		rang = earliest(rang, h.Rang)
		if h.Status/100 == 2 {
			answer = earliest(answer, h.Final)
		}
	}
	got := []string{fmt.Sprintf("%s to %s at %d", address(r.Src.IP.String(), int(r.Src.Port)), address(r.Dst.IP.String(), int(r.Dst.Port)), r.StartedAt)}
	if len(r.Path) > 0 {
		got = nil
	}
	for _, h := range r.Path {
		got = append(got, fmt.Sprintf("%s to %s at %d", addressOf(h.Src), addressOf(h.Dst), h.At))
	}
	equal("path", strings.Join(got, "; "), strings.Join(path, "; "))
	// Times "on any hop" are not the record's; they must at least be those of one of the hops.
	equal("first 18x on any hop", rang, c.Rang)
	equal("answer on any hop", answer, c.Answer)

	var attempts []record.Attempt
	var last *tsHop
	cseq := 0
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Vias != vias {
			continue
		}
		equal("CSeq of the INVITE grows", h.CSeq > cseq, true)
		equal("Request-URI on the caller's hop", r.ReqURI, h.URI)
		cseq, last = h.CSeq, h
		attempts = append(attempts, record.Attempt{Status: h.Status, At: record.Time(h.Final)})
	}
	equal("rings", r.RingingAt, record.Time(last.Rang))
	status, final := 0, r.EndedAt
	if r.SIP.Status != nil {
		status = *r.SIP.Status
	}
	if r.AnsweredAt != 0 {
		final = r.AnsweredAt
	}
	equal("attempts", fmt.Sprint(append(slices.Clone(r.SIP.Attempts), record.Attempt{Status: status, At: final})), fmt.Sprint(attempts))
	var statuses []int
	for _, a := range attempts {
		if a.Status != 0 {
			statuses = append(statuses, a.Status)
		}
	}
	equal("statuses", fmt.Sprint(statuses), fmt.Sprint(c.Attempts))
	equal("final status", status, c.Status)
}

func (d *differ) ending(r *record.Call, c *tsCall) {
	equal := func(what string, got, want any) { d.equal(c.CallID+" "+what, got, want) }
	equal("end", r.EndedAt, record.Time(c.End))
	by := record.EndedBy(c.ByeFrom)
	switch {
	case by != "" || c.End == 0:
	case c.Status == 487:
		by = record.ByCaller
	default:
		by = record.ByCallee
	}
	equal("ended by", r.EndedBy, by)
	cancelled := slices.ContainsFunc(r.SIP.Methods, func(m record.Method) bool { return m.Name == "CANCEL" })
	equal("cancelled", cancelled, c.Cancel != 0)
}

func earliest(a, b seconds) seconds {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// registrations: an event for each REGISTER but those that were asked for credentials.
func (d *differ) registrations(events []record.Registration, said []tsReg) {
	var want []tsReg
	for _, r := range said {
		if r.Status/100 == 2 || r.Status != 401 && r.Status != 407 || r.Credentials {
			want = append(want, r)
		}
	}
	d.equal("registrations", len(events), len(want))
	for i := range min(len(events), len(want)) {
		e, r := &events[i], &want[i]
		equal := func(what string, got, want any) { d.equal(fmt.Sprintf("registration %d %s", i+1, what), got, want) }
		equal("Call-ID", e.CallID, r.CallID)
		equal("address of record", e.AOR.Raw, "<"+r.AOR+">")
		contact, _, _ := strings.Cut(strings.TrimPrefix(e.Contact, "<"), ">")
		equal("contact", contact, r.Contact)
		equal("source", address(e.Src.IP.String(), int(e.Src.Port)), address(r.SrcIP, r.SrcPort))
		equal("destination", address(e.Dst.IP.String(), int(e.Dst.Port)), address(r.DstIP, r.DstPort))
		equal("status", e.Status, r.Status)
		equal("time", e.At, record.Time(r.Final))
		equal("credentials", e.AuthUser != "", r.Credentials)
		event := "login"
		if r.Requested == 0 {
			event = "logout"
		}
		equal("event", e.Event, event)
		expires := int64(-1)
		if e.ExpiresS != nil {
			expires = *e.ExpiresS
		}
		equal("expires", expires, r.Expires)
	}
}

func (d *differ) streams(calls []record.Call, said []tsRTP, times bool) {
	got := map[string]record.Media{}
	for i := range calls {
		for _, m := range calls[i].Media {
			if m.Observed != nil {
				got[fmt.Sprintf("%s to %s 0x%08x", addressOf(m.Observed.Src), addressOf(m.Observed.Dst), *m.SSRC)] = m
			}
		}
	}
	d.equal("RTP streams", len(got), len(said))
	for _, s := range said {
		key := fmt.Sprintf("%s to %s %s", address(s.Src, s.Sport), address(s.Dst, s.Dport), s.SSRC)
		m, ok := got[key]
		if !ok {
			d.equal("RTP stream", "none", key)
			continue
		}
		d.equal(key+" payload type", int(*m.PayloadType), s.PayloadType)
		d.equal(key+" packets", *m.Packets, uint64(s.Packets))
		d.equal(key+" lost", *m.Lost, uint64(s.Lost))
		if times {
			d.equal(key+" first", m.FirstAt, record.Time(s.First))
			d.equal(key+" last", m.LastAt, record.Time(s.Last))
		}
	}
}
