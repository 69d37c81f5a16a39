package group

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/dialog"
	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/sdp"
	"calltrail/decode/sip"
)

// Legs are told as in cdr/dialog's ladders, one message a line:
//
//	0.000 A>P INVITE call=c1 from=100 to=200        a request: time in seconds, hosts, method
//	0.200 P>A 486 INVITE call=c1 ttag=9             a response
//
// Attributes: call= (Call-ID), ftag= ttag= cseq= branch=; from= to= uri= are user parts, uri= as to= when left out; sid= icid=
// o= contact= refer= replaces= by= are Session-ID, icid-value, o= without user name, Contact, Refer-To, Replaces, Referred-By;
// _ in a value is a space.
var hosts = map[string]string{
	"A": "192.0.2.10", "D": "192.0.2.11", "B": "198.51.100.20", "C": "198.51.100.30", "P": "203.0.113.5", "Q": "203.0.113.6",
}

var epoch = time.Date(2026, 1, 5, 4, 30, 0, 0, time.UTC).UnixNano()

// rig is a table of calls with an index that groups them, joined as cdr/pipeline does it.
type rig struct {
	t     testing.TB
	table *dialog.Table
	index *Index
	calls map[string]*dialog.Call // the newest leg of each Call-ID, also those that have left
	saved map[dialog.Key][]byte   // newest state of each call, as a restart finds it
	now   int64
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, index: New(), calls: map[string]*dialog.Call{}, saved: map[dialog.Key][]byte{}}
	r.table = dialog.NewTable(dialog.Config{}, media.NewIndex(), func(*dialog.Call, bool, int64) {}, nil)
	r.table.Began = func(c *dialog.Call, _ *dialog.Message) {
		r.table.Join(c, r.index.Begin(c, userOf))
		r.calls[c.CallID] = c
	}
	r.table.Redirected = func(c *dialog.Call) {
		for _, j := range r.index.Redirected(c, userOf) {
			r.table.Join(j.Call, j.Group)
		}
	}
	r.table.Left = r.index.Leave
	r.table.Save = func(c *dialog.Call) {
		b, err := c.AppendSnapshot(nil)
		if err != nil {
			t.Fatal(err)
		}
		r.saved[c.Key()] = b
	}
	r.table.Gone = func(k dialog.Key) { delete(r.saved, k) }
	return r
}

// userOf compares by the user part; "anonymous" names nobody, as in the pipeline.
func userOf(value []byte) string {
	addr, err := sip.ParseNameAddr(value)
	if err != nil {
		return ""
	}
	uri, err := sip.ParseURI(addr.URI)
	if err != nil || string(uri.User) == "anonymous" {
		return ""
	}
	return string(uri.User)
}

func (r *rig) lines(text string) {
	r.t.Helper()
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		r.line(strings.TrimSpace(line))
	}
}

func (r *rig) line(line string) {
	r.t.Helper()
	f := strings.Fields(line)
	at, err := strconv.ParseFloat(f[0], 64)
	src, dst, ok := strings.Cut(f[1], ">")
	if err != nil || !ok {
		r.t.Fatalf("%q: %v", line, err)
	}
	a := map[string]string{"call": "c1", "ftag": "1", "cseq": "1", "branch": "a", "from": "100", "to": "200"}
	var words []string
	for _, w := range f[2:] {
		if name, value, found := strings.Cut(w, "="); found {
			a[name] = strings.ReplaceAll(value, "_", " ")
		} else {
			words = append(words, w)
		}
	}
	m := &dialog.Message{SIP: &sip.Message{}, At: epoch + int64(at*1e9), Src: r.end(src), Dst: r.end(dst)}
	r.now = max(r.now, m.At)
	m.Now = r.now
	if err := m.SIP.Parse(textOf(words, a)); err != nil {
		r.t.Fatalf("%q: %v", line, err)
	}
	if a["o"] != "" {
		m.SDP = &sdp.Description{}
		if err := m.SDP.Parse(m.SIP.Body()); err != nil {
			r.t.Fatalf("%q: %v", line, err)
		}
	}
	r.pass(m.Now)
	r.table.Handle(m)
}

func (r *rig) pass(at int64) { r.table.Advance(at) }

func (r *rig) end(name string) decode.Endpoint {
	ip, err := netip.ParseAddr(hosts[name])
	if err != nil {
		r.t.Fatalf("host %q: %v", name, err)
	}
	return decode.EndpointOf(netip.AddrPortFrom(ip, 5060))
}

// textOf is the message as it would be on the wire.
func textOf(words []string, a map[string]string) []byte {
	var b strings.Builder
	method := words[len(words)-1]
	if status, err := strconv.Atoi(words[0]); err == nil {
		fmt.Fprintf(&b, "SIP/2.0 %d Because\r\n", status)
	} else {
		fmt.Fprintf(&b, "%s sip:%s@example.com SIP/2.0\r\n", method, cmp.Or(a["uri"], a["to"]))
	}
	fmt.Fprintf(&b, "Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK%s%s\r\n", a["call"], a["branch"])
	fmt.Fprintf(&b, "From: <sip:%s@example.com>;tag=%s\r\nTo: <sip:%s@example.com>", a["from"], a["ftag"], a["to"])
	if a["ttag"] != "" {
		fmt.Fprintf(&b, ";tag=%s", a["ttag"])
	}
	fmt.Fprintf(&b, "\r\nCall-ID: %s\r\nCSeq: %s %s\r\n", a["call"], a["cseq"], method)
	for _, h := range [...]struct{ name, format string }{
		{"sid", "Session-ID: %s\r\n"},
		{"icid", "P-Charging-Vector: icid-value=%s\r\n"},
		{"contact", "Contact: <sip:%s@example.com>\r\n"},
		{"refer", "Refer-To: <sip:%s>\r\n"},
		{"replaces", "Replaces: %s\r\n"},
		{"by", "Referred-By: <sip:%s@example.com>\r\n"},
	} {
		if a[h.name] != "" {
			fmt.Fprintf(&b, h.format, a[h.name])
		}
	}
	body := ""
	if a["o"] != "" {
		body = "v=0\r\no=- " + a["o"] + "\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return []byte(b.String())
}

// grouping says which group each leg is in, by the Call-ID that its group is numbered after: "c1 c1:session_id" are two legs,
// the second of them in the first one's group.
func (r *rig) grouping(ids ...string) string {
	r.t.Helper()
	first := map[string]string{}
	var out []string
	for _, id := range ids {
		c := r.calls[id]
		if c == nil {
			r.t.Fatalf("no call %s", id)
		}
		name := c.Group.Name
		if name == "" {
			r.t.Fatalf("%s has no group", id)
		}
		if _, known := first[name]; !known {
			first[name] = id
		}
		out = append(out, first[name]+":"+c.Group.Method)
	}
	return strings.Join(out, " ")
}
