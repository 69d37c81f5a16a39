package dialog

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"calltrail/decode"
	"calltrail/decode/rtp"
)

// The ladders of testdata/*.txt. A case is a line "# name", its messages, and what the table makes of them:
//
//	0.000 A>B INVITE branch=a ftag=1 sdp=A:4000        a request: time in seconds, hosts, method
//	0.200 B>A 180 INVITE branch=a ftag=1 ttag=9        a response
//	1.000-5.000 A:4000>B:5000 RTP ssrc=7               a stream, one packet in 20 ms, or in every=
//	60.000 end                                         the end of the input, else 400 s after the last message
//	! Calls=2 MaxAge=1h                                the configuration
//	= 0.000 c1 …                                       a leg as it is in the end, by the time of its last record
//	=   rtp A:4000>B:5000 …                            its streams
//	=   records 10.000 15.000f                         its records, f for final
//
// Attributes that are left out: call=c1 cseq=1 branch=a ftag=1 vias=1 tap=0, no To tag. dir= is the direction of all media;
// up=a is the branch of the bottom Via; // in header fields _ is a space. Times are since the start. A and D are
// callers, B and C callees, P, Q and R proxies, X a stranger, N a NAT's outside address, L a private address behind it.
// go test -run TestLadders -update rewrites the lines with =; read the diff.
var update = flag.Bool("update", false, "rewrite the expectations in testdata")

var hosts = map[string]string{
	"A": "192.0.2.10", "D": "192.0.2.11", "B": "198.51.100.20", "C": "198.51.100.30", "P": "203.0.113.5", "Q": "203.0.113.6",
	"R": "203.0.113.7", "X": "203.0.113.66", "N": "192.0.2.200", "L": "10.0.0.10",
}

// epoch is the start of every ladder.
var epoch = time.Date(2026, 1, 5, 4, 30, 0, 0, time.UTC).UnixNano()

func endpoint(t testing.TB, s string, port uint16) decode.Endpoint {
	t.Helper()
	name, p, found := strings.Cut(s, ":")
	if found {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		port = uint16(n)
	}
	ip, err := netip.ParseAddr(hosts[name])
	if err != nil {
		t.Fatalf("host %q: %v", s, err)
	}
	return decode.EndpointOf(netip.AddrPortFrom(ip, port))
}

func hostName(e decode.Endpoint) string {
	for name, ip := range hosts {
		if netip.MustParseAddr(ip) == e.AddrPort().Addr() {
			return name
		}
	}
	return e.AddrPort().Addr().String()
}

// step is one packet of a ladder, or its end.
type step struct {
	at       int64 // nanoseconds since the epoch of Unix
	src, dst decode.Endpoint
	text     []byte // of a SIP message
	packet   rtp.Header
	end      bool
	attrs    map[string]string
}

type ladder struct {
	name  string
	cfg   Config
	steps []step
	lines []string // without the expectations
	want  []string
}

func readLadders(t testing.TB, path string) (list []*ladder) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		line = strings.TrimRight(line, " ")
		if strings.HasPrefix(line, "#") {
			list = append(list, &ladder{name: strings.TrimSpace(line[1:])})
		}
		if len(list) == 0 {
			t.Fatalf("%s:%d: no case yet", path, n+1)
		}
		l := list[len(list)-1]
		if strings.HasPrefix(line, "=") {
			l.want = append(l.want, line)
			continue
		}
		l.lines = append(l.lines, line)
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "!"):
			l.cfg = readConfig(t, line[1:])
		default:
			l.steps = append(l.steps, readSteps(t, fmt.Sprintf("%s:%d", path, n+1), line)...)
		}
	}
	for _, l := range list {
		slices.SortStableFunc(l.steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	}
	return list
}

func readConfig(t testing.TB, s string) (c Config) {
	t.Helper()
	for f := range strings.FieldsSeq(s) {
		name, value, _ := strings.Cut(f, "=")
		d, _ := time.ParseDuration(value)
		switch name {
		case "Calls":
			c.Calls, _ = strconv.Atoi(value)
		case "MaxAge":
			c.MaxAge = d
		case "MediaStop":
			c.MediaStop = d
		case "Checkpoint":
			c.Checkpoint = d
		default:
			t.Fatalf("configuration %q", f)
		}
	}
	return c
}

func seconds(t testing.TB, s string) int64 {
	t.Helper()
	d, err := time.ParseDuration(s + "s")
	if err != nil {
		t.Fatal(err)
	}
	return epoch + int64(d)
}

func readSteps(t testing.TB, where, line string) []step {
	t.Helper()
	f := strings.Fields(line)
	if f[1] == "end" {
		return []step{{at: seconds(t, f[0]), end: true}}
	}
	src, dst, ok := strings.Cut(f[1], ">")
	if !ok || len(f) < 3 {
		t.Fatalf("%s: %q", where, line)
	}
	attrs := map[string]string{"call": "c1", "cseq": "1", "branch": "a", "ftag": "1", "vias": "1"}
	var words []string
	for _, w := range f[2:] {
		if name, value, found := strings.Cut(w, "="); found {
			attrs[name] = value
		} else {
			words = append(words, w)
		}
	}
	s := step{src: endpoint(t, src, 5060), dst: endpoint(t, dst, 5060), attrs: attrs}
	if words[0] == "RTP" {
		return streamSteps(t, s, f[0])
	}
	s.at = seconds(t, f[0])
	s.text = sipText(t, s, words)
	return []step{s}
}

func streamSteps(t testing.TB, s step, span string) (list []step) {
	from, to, _ := strings.Cut(span, "-")
	ssrc, _ := strconv.ParseUint(s.attrs["ssrc"], 10, 32)
	seq := uint16(1)
	every, err := time.ParseDuration(cmp.Or(s.attrs["every"], "0.02") + "s")
	if err != nil {
		t.Fatal(err)
	}
	for at := seconds(t, from); at < seconds(t, to); at += int64(every) {
		p := s
		p.at = at
		p.packet = rtp.Header{PayloadType: 8, Seq: seq, Timestamp: 160 * uint32(seq), SSRC: uint32(ssrc), PayloadLen: 160}
		list = append(list, p)
		seq++
	}
	return list
}

// sipText writes the message of a step as it would be on the wire.
func sipText(t testing.TB, s step, words []string) []byte {
	t.Helper()
	var b bytes.Buffer
	a := s.attrs
	method := words[len(words)-1]
	if status, err := strconv.Atoi(words[0]); err == nil {
		fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, cmp.Or(a["phrase"], "Because"))
	} else {
		fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, cmp.Or(a["uri"], "sip:bob@example.com"))
	}
	vias, err := strconv.Atoi(a["vias"])
	if err != nil {
		t.Fatal(err)
	}
	for i := range vias {
		branch := a["branch"]
		switch {
		case i > 0 && i == vias-1:
			branch = cmp.Or(a["up"], "a") // the caller's own
		case i > 0:
			branch = fmt.Sprintf("upstream%d", i)
		}
		fmt.Fprintf(&b, "Via: SIP/2.0/UDP hop%d.example.com;branch=z9hG4bK%s\r\n", vias-i, branch)
	}
	fmt.Fprintf(&b, "From: <sip:alice@example.com>;tag=%s\r\nTo: <sip:bob@example.com>", a["ftag"])
	if a["ttag"] != "" {
		fmt.Fprintf(&b, ";tag=%s", a["ttag"])
	}
	fmt.Fprintf(&b, "\r\nCall-ID: %s@example.com\r\nCSeq: %s %s\r\n", a["call"], a["cseq"], method)
	if c := a["contact"]; c != "" {
		if host := hosts[c]; host != "" {
			c = "<sip:user@" + host + ">"
		}
		fmt.Fprintf(&b, "Contact: %s\r\n", c)
	}
	for name, header := range map[string]string{
		"se": "Session-Expires", "reason": "Reason", "expires": "Expires", "auth": "Authorization", "diversion": "Diversion",
		"refer": "Refer-To", "replaces": "Replaces", "by": "Referred-By",
	} {
		if a[name] != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", header, strings.ReplaceAll(a[name], "_", " "))
		}
	}
	body := ""
	if list := a["sdp"]; list != "" {
		body = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
		for at := range strings.SplitSeq(list, ",") {
			e := endpoint(t, at, 0).AddrPort()
			body += fmt.Sprintf("m=audio %d RTP/AVP 8\r\nc=IN IP4 %s\r\n", e.Port(), e.Addr())
			if a["dir"] != "" {
				body += "a=" + a["dir"] + "\r\n"
			}
		}
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}

func TestLadders(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, len(paths))
	}
	for _, path := range paths {
		var rewritten []string
		for _, l := range readLadders(t, path) {
			t.Run(l.name, func(t *testing.T) {
				got := l.run(t, l.steps)
				lines := l.lines
				for len(lines) > 0 && lines[len(lines)-1] == "" {
					lines = lines[:len(lines)-1]
				}
				rewritten = append(append(append(rewritten, lines...), got...), "")
				if !*update && !slices.Equal(got, l.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(l.want, "\n"))
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, []byte(strings.Join(rewritten, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
