package encrypted_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/encrypted"
	"calltrail/decode"
)

const (
	fin = 0x01
	syn = 0x02
	rst = 0x04
	ack = 0x10
)

var (
	client = netip.MustParseAddrPort("192.0.2.10:49152")
	server = netip.MustParseAddrPort("198.51.100.5:5061")
)

// hello is a ClientHello for sip.example.com that offers the protocols and TLS 1.3, in one record.
func hello(protocols ...string) []byte {
	vector16 := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	extension := func(kind uint16, b []byte) []byte {
		return append(binary.BigEndian.AppendUint16(nil, kind), vector16(b)...)
	}
	var ext []byte
	ext = append(ext, extension(0, vector16(append([]byte{0}, vector16([]byte("sip.example.com"))...)))...)
	ext = append(ext, extension(43, []byte{4, 3, 4, 3, 3})...)
	if len(protocols) > 0 {
		var list []byte
		for _, p := range protocols {
			list = append(append(list, byte(len(p))), p...)
		}
		ext = append(ext, extension(16, vector16(list))...)
	}
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, 0, 0, 2, 0x13, 0x01, 1, 0)
	body = append(body, vector16(ext)...)
	message := append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	return append([]byte{22, 3, 1}, vector16(message)...)
}

func record(kind byte, n int) []byte {
	return append([]byte{kind, 3, 3, byte(n >> 8), byte(n)}, make([]byte, n)...)
}

// connection makes the segments of one connection.
type connection struct {
	t        *testing.T
	table    *encrypted.Table
	now      int64
	src, dst netip.AddrPort
	seq      map[netip.AddrPort]uint32
}

func newConnection(t *testing.T, table *encrypted.Table, src, dst netip.AddrPort) *connection {
	return &connection{t, table, int64(1e18), src, dst, map[netip.AddrPort]uint32{src: 0xffffff00, dst: 7}}
}

func (c *connection) segment(up bool, flags byte, payload []byte) bool {
	src, dst := c.src, c.dst
	if !up {
		src, dst = dst, src
	}
	ok := c.at(src, dst, c.seq[src], flags, payload)
	c.seq[src] += uint32(len(payload))
	if flags&(syn|fin) != 0 {
		c.seq[src]++
	}
	return ok
}

func (c *connection) at(src, dst netip.AddrPort, seq uint32, flags byte, payload []byte) bool {
	b := make([]byte, 20, 20+len(payload))
	binary.BigEndian.PutUint16(b, src.Port())
	binary.BigEndian.PutUint16(b[2:], dst.Port())
	binary.BigEndian.PutUint32(b[4:], seq)
	b[12], b[13] = 5<<4, flags
	f := decode.Frame{
		Src: decode.EndpointOf(src), Dst: decode.EndpointOf(dst), Proto: 6, Payload: append(b, payload...), PayloadLen: 20 + len(payload),
	}
	return c.table.Segment(&f, 0, c.now, c.now)
}

func (c *connection) pass(d time.Duration) {
	c.now += int64(d)
	c.table.Advance(c.now)
}

// say is an event in a line.
func say(e *encrypted.Event) string {
	who := [...]string{"open", "closed", "silent", "evicted", "ended"}[e.Ender]
	return fmt.Sprintf("%s>%s %s r%d last=%t %s %q %s up %d/%d down %d/%d", e.Client.AddrPort(), e.Server.AddrPort(), who, e.Revision,
		e.LastWord, e.ServerName, strings.Join(e.Protocols, " "), e.VersionName(), e.Up.Packets, e.Up.Octets, e.Down.Packets, e.Down.Octets)
}

func events(table *encrypted.Table) (out []string) {
	for i := range table.Events {
		out = append(out, say(&table.Events[i]))
	}
	table.Events = nil
	return out
}

func want(t *testing.T, table *encrypted.Table, lines ...string) {
	t.Helper()
	if got := events(table); strings.Join(got, "\n") != strings.Join(lines, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

const ends = "192.0.2.10:49152>198.51.100.5:5061 "

func TestConnection(t *testing.T) {
	table := encrypted.New(encrypted.Config{})
	c := newConnection(t, table, client, server)
	h := hello()
	if c.segment(true, syn, nil) || c.segment(false, syn|ack, nil) {
		t.Error("nothing is known before the first record")
	}
	c.segment(true, ack, h)
	start := c.now
	c.segment(false, ack, record(22, 90))
	c.segment(false, ack, record(23, 1000))
	c.pass(9 * time.Second)
	want(t, table)
	c.pass(2 * time.Second)
	want(t, table, ends+fmt.Sprintf(`open r1 last=false sip.example.com "" 1.3 up 1/%d down 2/1100`, len(h)))
	c.segment(true, ack, record(23, 500))
	c.segment(true, ack|fin, nil)
	c.segment(false, ack|fin, record(21, 26))
	end := c.now
	c.segment(true, ack, nil)
	c.pass(4 * time.Second)
	want(t, table)
	c.pass(2 * time.Second)
	if len(table.Events) != 1 || table.Events[0].Started != start || table.Events[0].End != end || table.Events[0].Now != end+5e9 {
		t.Errorf("times: %+v", table.Events)
	}
	want(t, table, ends+fmt.Sprintf(`closed r2 last=true sip.example.com "" 1.3 up 2/%d down 3/1131`, len(h)+505))
	if table.Len() != 0 {
		t.Errorf("%d connections left", table.Len())
	}
}

// The same segment again, on a mirror port or retransmitted, is counted once; what the tap missed counts by its numbers.
func TestVolume(t *testing.T) {
	table := encrypted.New(encrypted.Config{})
	c := newConnection(t, table, client, server)
	h := hello()
	c.segment(true, ack, h)
	data := record(23, 95)
	seq := c.seq[client]
	for range 3 {
		c.at(client, server, seq, ack, data)
	}
	c.at(client, server, seq+200, ack, data) // 100 octets before it were not seen
	c.at(client, server, seq+100, ack, data) // late: counted by the one after it
	c.segment(true, rst, nil)
	c.pass(6 * time.Second)
	want(t, table, ends+fmt.Sprintf(`closed r1 last=true sip.example.com "" 1.3 up 3/%d down 0/0`, len(h)+300))
}

func TestHelloInPieces(t *testing.T) {
	h := hello("sip/2", "other")
	for cut := 1; cut < len(h); cut++ {
		table := encrypted.New(encrypted.Config{})
		c := newConnection(t, table, client, server)
		c.segment(true, ack, h[:cut])
		c.segment(true, ack, h[cut:])
		table.Finish(c.now)
		want(t, table, ends+fmt.Sprintf(`ended r1 last=true sip.example.com "sip/2 other" 1.3 up 2/%d down 0/0`, len(h)))
	}
	// A piece that is missing leaves the name unknown; nothing is made up.
	table := encrypted.New(encrypted.Config{})
	c := newConnection(t, table, client, server)
	c.segment(true, ack, h[:50])
	c.seq[client] += 10
	c.segment(true, ack, h[60:])
	c.segment(false, ack, record(21, 2))
	table.Finish(c.now)
	want(t, table, ends+fmt.Sprintf(`ended r1 last=true  "" `+" up 2/%d down 1/7", len(h)))
}

func TestWhatIsFollowed(t *testing.T) {
	web := netip.MustParseAddrPort("198.51.100.5:443")
	cases := []struct {
		name     string
		src, dst netip.AddrPort
		payload  []byte
		want     string
	}{
		{"a hello to the port", client, server, hello(), "192.0.2.10:49152>198.51.100.5:5061"},
		{"its middle, from the server", server, client, record(23, 40), "192.0.2.10:49152>198.51.100.5:5061"},
		{"its middle, from the client", client, server, record(23, 40), "192.0.2.10:49152>198.51.100.5:5061"},
		{"SIP by ALPN on another port", client, web, hello("http/1.1", "sip/2"), "192.0.2.10:49152>198.51.100.5:443"},
		{"the web", client, web, hello("h2", "http/1.1"), ""},
		{"the web without ALPN", client, web, hello(), ""},
		{"the web's middle", web, client, record(23, 40), ""},
		{"plain SIP on the port", client, server, []byte("OPTIONS sip:a@example.com SIP/2.0\r\n\r\n"), ""},
		{"no record: a length past the longest", client, server, []byte{23, 3, 3, 0x50, 0, 1, 2, 3}, ""},
	}
	for _, c := range cases {
		table := encrypted.New(encrypted.Config{})
		conn := newConnection(t, table, c.src, c.dst)
		followed := conn.segment(true, ack, c.payload)
		conn.segment(true, ack, c.payload)
		conn.segment(true, ack, c.payload)
		table.Finish(conn.now)
		got := ""
		if len(table.Events) == 1 {
			got = table.Events[0].Client.AddrPort().String() + ">" + table.Events[0].Server.AddrPort().String()
		}
		if got != c.want || followed != (c.want != "") {
			t.Errorf("%s: %q, followed %t", c.name, got, followed)
		}
	}
}

func TestPortsUsedAgain(t *testing.T) {
	table := encrypted.New(encrypted.Config{})
	c := newConnection(t, table, client, server)
	c.segment(true, ack, hello())
	c.pass(time.Second)
	c.segment(true, syn, nil)
	c.segment(true, ack, hello())
	table.Finish(c.now)
	n := len(hello())
	want(t, table,
		ends+fmt.Sprintf(`closed r1 last=true sip.example.com "" 1.3 up 1/%d down 0/0`, n),
		ends+fmt.Sprintf(`ended r1 last=true sip.example.com "" 1.3 up 1/%d down 0/0`, n))
}

// A SYN alone says nothing, nor does a RST that is out of any window: anybody can send them.
func TestForged(t *testing.T) {
	table := encrypted.New(encrypted.Config{})
	c := newConnection(t, table, client, server)
	c.segment(true, ack, hello())
	c.at(client, server, 12345, syn, nil)
	c.at(server, client, 0x7fffffff, ack, nil)
	c.segment(false, ack, record(22, 90))
	c.at(client, server, c.seq[client]+1<<25, rst, nil)
	c.at(server, client, c.seq[server]-1<<25, rst, nil)
	c.pass(6 * time.Second)
	want(t, table)
	if table.Stats.Forged != 2 {
		t.Errorf("%d forged", table.Stats.Forged)
	}
	c.segment(true, ack, record(23, 10))
	c.segment(true, rst, nil)
	c.pass(6 * time.Second)
	want(t, table, ends+fmt.Sprintf(`closed r1 last=true sip.example.com "" 1.3 up 2/%d down 1/95`, len(hello())+15))
}

// A scan gets no record for each packet: what nobody answers, and says nothing, is counted.
func TestScan(t *testing.T) {
	table := encrypted.New(encrypted.Config{})
	for i := range 1000 {
		c := newConnection(t, table, netip.AddrPortFrom(client.Addr(), uint16(20_000+i)), server)
		c.segment(true, ack, record(23, 40))
		c.segment(true, ack, record(23, 40))
	}
	table.Finish(int64(1e18))
	if len(table.Events) != 0 || table.Stats.Unproven != 1000 {
		t.Errorf("%d events, %d counted", len(table.Events), table.Stats.Unproven)
	}
}

func TestIdle(t *testing.T) {
	table := encrypted.New(encrypted.Config{})
	c := newConnection(t, table, client, server)
	c.segment(true, ack, hello())
	c.pass(40 * time.Minute)
	c.segment(true, ack, record(23, 10))
	last := c.now
	c.pass(59 * time.Minute)
	events(table)
	c.pass(2 * time.Minute)
	if len(table.Events) != 1 || table.Events[0].Ender != encrypted.Silent || table.Events[0].End != last ||
		table.Events[0].Now != last+int64(time.Hour) {
		t.Errorf("%v", events(table))
	}
}

// A full table pushes out a connection, which has its event; memory does not grow.
func TestFull(t *testing.T) {
	table := encrypted.New(encrypted.Config{Connections: 10})
	for i := range 100 {
		src := netip.AddrPortFrom(client.Addr(), uint16(20_000+i))
		c := newConnection(t, table, src, server)
		c.now += int64(i)
		c.segment(true, ack, hello())
	}
	if table.Len() != 10 || table.Stats.Evicted != 90 || len(table.Events) != 90 {
		t.Errorf("%d connections, %d pushed out, %d events", table.Len(), table.Stats.Evicted, len(table.Events))
	}
	for i := range table.Events {
		if e := &table.Events[i]; e.Ender != encrypted.Evicted || !e.LastWord {
			t.Errorf("%s", say(e))
		}
	}
}

// What time brings does not depend on how often it is told.
func TestAdvanceInStepsOrAtOnce(t *testing.T) {
	run := func(step time.Duration) string {
		table := encrypted.New(encrypted.Config{})
		c := newConnection(t, table, client, server)
		c.segment(true, ack, hello())
		for end := c.now + int64(2*time.Hour); c.now < end; {
			c.pass(step)
		}
		var out []string
		for i := range table.Events {
			out = append(out, fmt.Sprintf("%d %s", table.Events[i].Now, say(&table.Events[i])))
		}
		return strings.Join(out, "\n")
	}
	once := run(2 * time.Hour)
	if strings.Count(once, "\n") != 1 {
		t.Fatalf("events:\n%s", once)
	}
	for _, step := range []time.Duration{time.Second, 7 * time.Minute} {
		if got := run(step); got != once {
			t.Errorf("in steps of %v\n%s\nat once\n%s", step, got, once)
		}
	}
}

func BenchmarkSegmentOfAnother(b *testing.B) {
	table := encrypted.New(encrypted.Config{})
	payload := make([]byte, 1400)
	seg := make([]byte, 20, 1420)
	seg[12], seg[13] = 5<<4, ack
	f := decode.Frame{
		Src: decode.EndpointOf(client), Dst: decode.EndpointOf(netip.MustParseAddrPort("198.51.100.5:443")), Proto: 6,
		Payload: append(seg, payload...), PayloadLen: 1420,
	}
	b.ReportAllocs()
	for b.Loop() {
		if table.Segment(&f, 0, 1, 1) {
			b.Fatal("followed")
		}
	}
}
