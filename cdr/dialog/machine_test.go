package dialog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/sdp"
	"calltrail/decode/sip"
)

// machine runs ladders through a call table, with a stream table and the index between them, as cdr/pipeline does.
type machine struct {
	t       testing.TB
	calls   *Table
	index   *media.Index
	streams *media.Table
	now     int64
	legs    map[string]*leg
	order   []string
	log     []kept
}

// leg is what became of one leg.
type leg struct {
	records   []string
	state     string
	lastState string
}

func newMachine(t testing.TB, cfg Config) *machine {
	m := &machine{t: t, index: media.NewIndex(), legs: map[string]*leg{}, now: epoch}
	m.streams = media.NewTable(media.TableConfig{Streams: 1000, Idle: 30e9})
	m.calls = NewTable(cfg, m.index, m.emit, nil)
	return m
}

func (m *machine) emit(c *Call, final bool, now int64) {
	key := fmt.Sprintf("%s %s %d %s", c.CallID, c.FirstTag, c.Started, c.Branch)
	l := m.legs[key]
	if l == nil {
		l = &leg{}
		m.legs[key] = l
		m.order = append(m.order, key)
	}
	r := since(now)
	if final {
		r += "f"
	}
	l.records = append(l.records, r)
	if c.Revision != len(l.records) {
		m.t.Errorf("%s: revision %d is record %d", key, c.Revision, len(l.records))
	}
	l.lastState = describe(c, true)
	l.state = describe(c, false)
}

// pass lets packet time pass up to at, in steps that a stream table may run ahead.
func (m *machine) pass(at int64) {
	for m.now < at {
		before := m.now
		m.now = min(at, m.now+1e9)
		m.streams.Advance(m.now)
		for i := range m.streams.Events {
			m.calls.Advance(m.streams.Events[i].At)
			m.index.Handle(&m.streams.Events[i])
		}
		m.streams.Events = m.streams.Events[:0]
		m.calls.Advance(m.now)
		m.commands(before)
	}
}

// commands hands the commands on. No stream table may be further on than media.Linger after now.
func (m *machine) commands(now int64) {
	for _, c := range m.index.Commands {
		if c.At < now+media.Linger {
			m.t.Errorf("command for %s, %s after it was given", since(c.At), time.Duration(c.At-now))
		}
		m.streams.Close(c)
	}
	m.index.Commands = m.index.Commands[:0]
}

func (m *machine) take(s *step) {
	m.pass(s.at)
	if s.text == nil {
		m.streams.Packet(&decode.Frame{Src: s.src, Dst: s.dst}, &s.packet, 0, s.at)
		for i := range m.streams.Events {
			m.index.Handle(&m.streams.Events[i])
		}
		m.streams.Events = m.streams.Events[:0]
	} else {
		m.calls.Handle(parse(m.t, s))
	}
	m.commands(m.now)
}

// parse makes the Message of a step with the parsers that the pipeline uses.
func parse(t testing.TB, s *step) *Message {
	t.Helper()
	msg := &Message{SIP: new(sip.Message), At: s.at, Now: s.at, Src: s.src, Dst: s.dst}
	if tap, err := strconv.ParseUint(s.attrs["tap"], 10, 16); err == nil {
		msg.Tap = uint16(tap)
	}
	if err := msg.SIP.Parse(s.text); err != nil {
		t.Fatalf("%v in\n%s", err, s.text)
	}
	if body := sdp.FromBody(msg.SIP.Value(sip.HeaderContentType), msg.SIP.Body()); body != nil {
		msg.SDP = new(sdp.Description)
		if err := msg.SDP.Parse(body); err != nil {
			t.Fatalf("%v in\n%s", err, body)
		}
	}
	msg.SIP.Keep(nil)
	return msg
}

// run takes all steps and the time after them, ends the input and returns the legs as the notation writes them.
func (l *ladder) run(t testing.TB, steps []step) []string {
	m := newMachine(t, l.cfg)
	end := epoch
	for i := range steps {
		if steps[i].end {
			end = steps[i].at
			break
		}
		m.take(&steps[i])
		end = steps[i].at + 400e9
	}
	m.pass(end)
	m.streams.Finish(m.now)
	for i := range m.streams.Events {
		m.index.Handle(&m.streams.Events[i])
	}
	m.calls.Finish(CaptureEnd)
	if n := m.calls.Len() + m.calls.timers.Len(); n != 0 {
		t.Errorf("%d calls and timers are left", n)
	}
	for _, line := range m.calls.lines {
		if line.first != nil || line.last != nil {
			t.Error("a call is left in a line")
		}
	}
	return m.legLines()
}

// legLines are the legs as the notation writes them.
func (m *machine) legLines() (out []string) {
	for _, key := range m.order {
		leg := m.legs[key]
		out = append(out, strings.Split(leg.state, "\n")...)
		out = append(out, "=   records "+strings.Join(leg.records, " "))
	}
	return out
}

func since(at int64) string { return strconv.FormatFloat(float64(at-epoch)/1e9, 'f', 3, 64) }

var outcomeNames = [NumOutcomes]string{
	"unknown", "in_progress", "answered", "busy", "no_answer", "cancelled", "rejected", "redirected", "failed",
}

var enderNames = [...]string{"nobody", "caller", "callee", "timeout", "media_timeout"}

// describe writes down a leg. bare leaves out what copies of messages change.
func describe(c *Call, bare bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "= %s %s", strings.TrimSuffix(c.CallID, "@example.com"), outcomeNames[c.Outcome()])
	if c.Status != 0 {
		fmt.Fprintf(&b, " %d", c.Status)
	}
	fmt.Fprintf(&b, " by=%s start=%s", enderNames[c.EndedBy], since(c.Started))
	for _, f := range []struct {
		name string
		at   int64
	}{{"ring", c.Ringing}, {"answer", c.Answered}, {"end", c.Ended}} {
		if f.at != 0 {
			fmt.Fprintf(&b, " %s=%s", f.name, since(f.at))
		}
	}
	fmt.Fprintf(&b, " %s>%s tags=%s/%s", hostName(c.Src), hostName(c.Dst), c.FirstTag, c.ToTag)
	if c.Q850 >= 0 {
		fmt.Fprintf(&b, " q850=%d", c.Q850)
	}
	if flags := slices.Collect(c.Flags.Names); len(flags) > 0 {
		fmt.Fprintf(&b, " flags=%s", strings.Join(flags, ","))
	}
	for i, seen := range c.Seen {
		if !seen {
			fmt.Fprintf(&b, " unseen=%s", enderNames[1+i])
		}
	}
	for _, a := range c.Attempts {
		fmt.Fprintf(&b, " attempt=%d@%s", a.Status, since(a.At))
	}
	for _, h := range c.Hops {
		if len(c.Hops) > 1 {
			fmt.Fprintf(&b, " hop=%s>%s", hostName(h.Src), hostName(h.Dst))
		}
	}
	for r := range c.Text.Redirects {
		fmt.Fprintf(&b, " redirect=%s", r.Source)
	}
	if !bare {
		for _, m := range c.Methods {
			fmt.Fprintf(&b, " %s:%d", m.Method, m.Count)
		}
	}
	for _, o := range c.Media.Observed() {
		fmt.Fprintf(&b, "\n=   rtp %s:%d>%s:%d from %s %d packets %s-%s", hostName(o.Flow.Src), o.Flow.Src.Port, hostName(o.Flow.Dst),
			o.Flow.Dst.Port, enderNames[1+o.Sender], o.Packets, since(o.First), since(o.Last))
		if o.HasLine {
			fmt.Fprintf(&b, " at %s:%d", hostName(o.Line.Signalled), o.Line.Signalled.Port)
		}
	}
	return b.String()
}
