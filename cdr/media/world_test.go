package media

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"calltrail/decode"
	"calltrail/decode/sdp"
)

func at(s string) decode.Endpoint { return decode.EndpointOf(netip.MustParseAddrPort(s)) }

// world is an Index with one stream table, whose commands it carries out.
type world struct {
	t     *testing.T
	index *Index
	table *Table
	now   int64
	round uint32
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, index: NewIndex(), table: NewTable(TableConfig{Streams: 1000, Idle: 30 * second})}
	w.pass(100)
	return w
}

// pass lets time go to s seconds, in steps that the table may be ahead of the index.
func (w *world) pass(s float64) {
	w.events()
	for end := int64(s * 1e9); w.now < end; {
		w.now = min(end, w.now+second)
		w.table.Advance(w.now)
		w.index.Advance(w.now)
		w.events()
	}
}

func (w *world) events() {
	for i := range w.table.Events {
		w.index.Handle(&w.table.Events[i])
	}
	w.table.Events = w.table.Events[:0]
	for _, c := range w.index.Commands {
		if c.At < w.now+Linger {
			w.t.Errorf("a command %d ns ahead", c.At-w.now)
		}
		w.table.Close(c)
	}
	w.index.Commands = w.index.Commands[:0]
}

// rtp sends packets of one stream, one in 20 ms, from one time to another in seconds.
func (w *world) rtp(from, to float64, src, dst string, ssrc, scope uint32) {
	w.pass(from)
	seq := uint16(from * 50) // goes on where the stream stopped
	for ; w.now < int64(to*1e9); w.pass(float64(w.now+20e6) / 1e9) {
		h := header(ssrc, seq)
		w.table.Packet(&decode.Frame{Src: at(src), Dst: at(dst)}, h, scope, w.now)
		w.events()
		seq++
	}
}

// describe is party p's offer or answer of one round, its own when round is 0.
func (w *world) describe(s *Session, p Party, source string, scope, round uint32, addresses ...string) uint32 {
	text := ""
	for _, a := range addresses {
		text += audio(a)
	}
	return w.sdp(s, p, source, scope, round, text)
}

// audio is a media description with candidates: "relay 192.0.2.1:1 of 10.0.0.1:2".
func audio(a string, candidates ...string) string {
	e := netip.MustParseAddrPort(a)
	text := fmt.Sprintf("m=audio %d RTP/AVP 8\r\nc=IN IP4 %s\r\n", e.Port(), e.Addr())
	for _, c := range candidates {
		f := strings.Fields(c)
		at := netip.MustParseAddrPort(f[1])
		text += fmt.Sprintf("a=candidate:1 1 udp 1 %s %d typ %s", at.Addr(), at.Port(), f[0])
		if len(f) > 3 {
			of := netip.MustParseAddrPort(f[3])
			text += fmt.Sprintf(" raddr %s rport %d", of.Addr(), of.Port())
		}
		text += "\r\n"
	}
	return text
}

// sdp is describe with the lines after t=.
func (w *world) sdp(s *Session, p Party, source string, scope, round uint32, text string) uint32 {
	w.t.Helper()
	if round == 0 {
		w.round++
		round = w.round
	}
	text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n" + text
	var d sdp.Description
	if err := d.Parse([]byte(text)); err != nil {
		w.t.Fatal(err)
	}
	s.Signalled(p, at(source))
	w.index.Describe(s, p, &d, at(source), scope, round, w.now)
	w.events()
	return round
}

// sums closes all streams and says what the session has: source, sender and packets of each.
func (w *world) sums(sessions ...*Session) (list []string) {
	w.table.Finish(w.now)
	w.events()
	for i, s := range sessions {
		for _, o := range s.Observed() {
			who := map[Party]string{Caller: "caller", Callee: "callee"}[o.Sender]
			if o.Foreign {
				who += " foreign"
			}
			list = append(list, fmt.Sprintf("%d: %s>%s %s %d", i, o.Flow.Src.AddrPort(), o.Flow.Dst.AddrPort(), who, o.Packets))
		}
	}
	for _, s := range sessions {
		w.index.Forget(s)
	}
	w.empty()
	return list
}

// empty holds that a forgotten index holds nothing.
func (w *world) empty() {
	w.t.Helper()
	if x := w.index; len(x.bindings)+len(x.behind)+len(x.streams)+len(x.waiting)+x.lone.Len() != 0 {
		w.t.Errorf("%d addresses, %d behind NATs, %d streams, %d waiting, %d timers are left",
			len(x.bindings), len(x.behind), len(x.streams), len(x.waiting), x.lone.Len())
	}
}
