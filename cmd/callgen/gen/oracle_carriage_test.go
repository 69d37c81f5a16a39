package gen

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strconv"
	"testing"
)

// seenPieces are the fragments of a datagram by their offset; length is 0 while its end was not seen.
type seenPieces struct {
	parts  map[int][]byte
	length int
}

// whole is the datagram, nil while a part is missing.
func (p *seenPieces) whole() (b []byte) {
	for p.length > 0 && len(b) < p.length {
		part, ok := p.parts[len(b)]
		if !ok {
			return nil
		}
		b = append(b, part...)
	}
	return b
}

// seenStream is what one direction of a TCP connection has sent: octets by their number, and how many of them have been read.
type seenStream struct {
	first  uint32
	octets []byte
	known  []bool
	read   int
}

// segment takes in a segment.
func (s *seen) segment(t *testing.T, m seenMessage, b []byte) {
	t.Helper()
	key := m.src.String() + " " + m.dst.String()
	seq, payload := binary.BigEndian.Uint32(b[4:]), b[4*(b[12]>>4):]
	if m.src.Port() != 5060 && m.dst.Port() != 5060 {
		what := "tcp"
		if m.src.Addr() == browser || m.dst.Addr() == browser {
			what = "web"
		}
		s.counts[what]++
		return
	}
	s.counts["segments"]++
	if b[13]&2 != 0 {
		s.streams[key] = &seenStream{first: seq + 1}
		return
	}
	d := s.streams[key]
	if d == nil {
		t.Fatalf("%s: a segment before the SYN", key)
	}
	for i, c := range payload {
		at := int(seq-d.first) + i
		for len(d.octets) <= at {
			d.octets, d.known = append(d.octets, 0), append(d.known, false)
		}
		d.octets[at], d.known[at] = c, true
	}
	m.tcp = true
	for text := d.next(t); text != nil; text = d.next(t) {
		s.sip(t, m, string(text))
	}
}

var contentLength = regexp.MustCompile(`(?i)\r\n(?:content-length|l): (\d+)\r\n`)

// next takes the next message out of the stream, nil when it is not all there.
func (d *seenStream) next(t *testing.T) []byte {
	t.Helper()
	have := d.octets[d.read:]
	for i := range have {
		if !d.known[d.read+i] {
			have = have[:i]
			break
		}
	}
	ping := len(have) - len(bytes.TrimLeft(have, "\r\n"))
	d.read, have = d.read+ping, have[ping:]
	head := bytes.Index(have, []byte("\r\n\r\n"))
	if head < 0 {
		return nil
	}
	n, err := strconv.Atoi(string(contentLength.FindSubmatch(have[:head+2])[1]))
	if err != nil {
		t.Fatal(err)
	}
	if len(have) < head+4+n {
		return nil
	}
	d.read += head + 4 + n
	return have[:head+4+n]
}

// everything is all that a run can be told to carry calls in.
func everything(c *Config) { c.TCP, c.Fragments, c.Tunnels, c.Web = 0.4, 0.4, 0.4, 5 }

// TestCarriageVariety makes sure that calls come in every way, and that the calls themselves are those of a run without.
func TestCarriageVariety(t *testing.T) {
	_, rows, totals := generate(t, func(c *Config) {
		c.Calls = 3000
		everything(c)
	})
	_, plain, _ := generate(t, func(c *Config) { c.Calls = 3000 })
	found := map[string]int{}
	same := map[string]string{}
	for _, row := range readTruth(t, plain) {
		same[row["from_tag"]] = row["disposition"] + row["caller"] + row["callee"]
	}
	for _, row := range readTruth(t, rows) {
		kind, _, _ := bytes.Cut([]byte(row["tunnel"]), []byte("/"))
		found[row["transport"]+" "+string(kind)]++
		if same[row["from_tag"]] != row["disposition"]+row["caller"]+row["callee"] {
			t.Errorf("call %s is another one", row["call_id"])
		}
	}
	for _, name := range []string{"udp ", "udp vxlan", "udp gtpu", "udp gre", "tcp ", "tcp vxlan", "tcp gtpu", "tcp gre"} {
		if found[name] < 20 {
			t.Errorf("%d calls over %q: %v", found[name], name, found)
		}
	}
	if totals.Segments < totals.Messages/10 || totals.Fragments < 1000 || totals.Together < 100 || totals.Pings < 50 || totals.Web != 15_000 {
		t.Errorf("too little of something: %+v", totals)
	}
}
