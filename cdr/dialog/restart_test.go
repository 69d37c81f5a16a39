package dialog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"calltrail/cdr/media"
)

// kept is one entry of the log of a machine: a snapshot or, with gone, a key.
type kept struct {
	gone bool
	body []byte
}

// keep has the machine write its calls down.
func (m *machine) keep() {
	m.calls.Save = func(c *Call) {
		body, err := c.AppendSnapshot(nil)
		if err != nil {
			m.t.Error(err)
		}
		m.log = append(m.log, kept{body: body})
	}
	m.calls.Gone = func(key Key) {
		body, err := key.Append(nil)
		if err != nil {
			m.t.Error(err)
		}
		m.log = append(m.log, kept{gone: true, body: body})
	}
}

// stop is a clean stop: streams are closed, open calls get their record.
func (m *machine) stop() {
	m.streams.Finish(m.now)
	for i := range m.streams.Events {
		m.index.Handle(&m.streams.Events[i])
	}
	m.calls.Finish(Shutdown)
	if n := m.calls.Len() + m.calls.timers.Len(); n != 0 {
		m.t.Errorf("%d calls and timers are left", n)
	}
}

// start forgets everything and takes the calls back from the log, as the next start of the program does.
func (m *machine) start(cfg Config) {
	saved := NewSaved(1000, m.now)
	for _, e := range m.log {
		var err error
		if e.gone {
			err = saved.Gone(e.body)
		} else {
			_, err = saved.Snapshot(e.body)
		}
		if err != nil {
			m.t.Fatal(err)
		}
	}
	m.index = media.NewIndex()
	m.streams = media.NewTable(media.TableConfig{Streams: 1000, Idle: 30e9})
	m.streams.Advance(m.now)
	m.calls = NewTable(cfg, m.index, m.emit, nil)
	m.keep()
	n := saved.Len()
	calls, err := saved.Restore(m.calls)
	if err != nil || len(calls) != n || m.calls.Len() != n {
		m.t.Fatalf("%d of %d calls taken back: %v", len(calls), n, err)
	}
}

// runRestarted is run with restarts after some steps.
func (l *ladder) runRestarted(t testing.TB, clean bool, after ...int) []string {
	m := newMachine(t, l.cfg)
	m.keep()
	end := epoch
	for i := range l.steps {
		if l.steps[i].end {
			end = l.steps[i].at
			break
		}
		m.take(&l.steps[i])
		end = l.steps[i].at + 700e9
		if slices.Contains(after, i) {
			if clean {
				m.stop()
			}
			m.start(l.cfg)
		}
	}
	m.pass(end)
	m.stop() // the flag of CaptureEnd and the last snapshots are other tests'
	return m.legLines()
}

// words takes a line of a leg apart: what counts something, and the rest.
func words(line string) (rest string, counts map[string]int) {
	counts = map[string]int{}
	var kept []string
	for w := range strings.FieldsSeq(line) {
		name, n, _ := strings.Cut(w, ":")
		count, err := strconv.Atoi(n)
		if err == nil && len(name) > 2 && strings.ToUpper(name) == name {
			counts[name] = count
		} else {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " "), counts
}

// flags takes the flags out of a line.
func flags(line string) (rest string, flags []string) {
	var kept []string
	for w := range strings.FieldsSeq(line) {
		if list, ok := strings.CutPrefix(w, "flags="); ok {
			flags = strings.Split(list, ",")
		} else {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " "), flags
}

// differs says what a restart may not have changed in a leg, "" for nothing. These are the differences there may be:
//
//	sensor_restart                             always
//	ack_missing, bye_unanswered                may be left out
//	counts of methods                          may be lower
//	unseen=callee, after a kill                may be there when only a 100 was seen of it
//	a call without any response                Timer C instead of Timer B; what comes in between is not late
//	streams, after a kill                      fewer packets, or none, of those that were open then
//	streams, stopped within 4 s of a BYE       up to 2 s more or less of those that go on: they begin anew
//	a stop of media, after a kill              ended_at is that of the newest snapshot, when streams were open then
//	killed within a second of a BYE            the end is believed: whether the BYE was answered is not known
//	times and number of the records            not compared here; that revisions have no gap is (machine.emit)
func differs(got, want []string, clean, justEnded bool, stop int64) string {
	gotHead, gotCounts := words(got[0])
	wantHead, wantCounts := words(want[0])
	gotHead, gotFlags := flags(gotHead)
	wantHead, wantFlags := flags(wantHead)
	for name, n := range gotCounts {
		if n > wantCounts[name] {
			return fmt.Sprintf("%d times %s, not %d", n, name, wantCounts[name])
		}
	}
	for _, f := range gotFlags {
		if f != "sensor_restart" && !slices.Contains(wantFlags, f) {
			return "flag " + f
		}
	}
	unanswered := !strings.Contains(wantHead, " ring=") && (strings.Contains(wantHead, "by=timeout") || slices.Contains(wantFlags, "late_answer"))
	for _, f := range wantFlags {
		if f == "late_answer" && unanswered {
			continue
		}
		if f != "ack_missing" && f != "bye_unanswered" && !slices.Contains(gotFlags, f) {
			return "no flag " + f
		}
	}
	if !clean && strings.Contains(wantHead, "by=media_timeout") || unanswered && strings.Contains(wantHead, "by=timeout") {
		gotHead, wantHead = withoutEnd(gotHead), withoutEnd(wantHead)
	}
	if !clean && strings.HasSuffix(wantHead, "tags=1/") {
		gotHead = strings.TrimSuffix(gotHead, " unseen=callee")
	}
	if gotHead != wantHead {
		return fmt.Sprintf("%q, not %q", gotHead, wantHead)
	}
	gotStreams, wantStreams := got[1:len(got)-1], want[1:len(want)-1]
	longer := 0
	if justEnded {
		longer = 100 // packets
	}
	if clean && !slices.EqualFunc(gotStreams, wantStreams, func(a, b string) bool {
		flow, n := stream(a)
		wantFlow, want := stream(b)
		return a == b || flow == wantFlow && n >= want-longer && n <= want+longer
	}) {
		return fmt.Sprintf("streams %q, not %q", gotStreams, wantStreams)
	}
	for _, w := range wantStreams {
		flow, n := stream(w)
		if begun(w) > stop && !slices.ContainsFunc(gotStreams, func(s string) bool { f, got := stream(s); return f == flow && got == n }) {
			return fmt.Sprintf("streams %q lack %q", gotStreams, w)
		}
	}
	for _, s := range gotStreams {
		flow, n := stream(s)
		if !slices.ContainsFunc(wantStreams, func(w string) bool { f, most := stream(w); return f == flow && n <= most+longer }) {
			return fmt.Sprintf("stream %q of %q", s, wantStreams)
		}
	}
	return ""
}

// withoutEnd leaves out when a call ended, and by whom.
func withoutEnd(line string) string {
	before, after, _ := strings.Cut(line, " by=")
	_, after, _ = strings.Cut(after, " ")
	start, after, _ := strings.Cut(after, " end=")
	_, after, _ = strings.Cut(after, " ")
	return before + " " + start + " " + after
}

// stream takes the line of a stream apart: its flow and sender, and the number of its packets.
func stream(line string) (flow string, packets int) {
	f := strings.Fields(line)
	packets, _ = strconv.Atoi(f[5])
	return strings.Join(f[:5], " "), packets
}

// begun is when the first packet of a stream's line came.
func begun(line string) int64 {
	from, _, _ := strings.Cut(strings.Fields(line)[7], "-")
	at, _ := strconv.ParseFloat(from, 64)
	return epoch + int64(at*1e9)
}

// legs are the lines of each leg, sorted: a restart may change the order of the first records.
func legs(lines []string) (list [][]string) {
	for _, line := range lines {
		if !strings.HasPrefix(line, "=   ") {
			list = append(list, nil)
		}
		list[len(list)-1] = append(list[len(list)-1], line)
	}
	slices.SortFunc(list, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return list
}

func compareLegs(t *testing.T, name string, got, want []string, clean, justEnded bool, stop int64) {
	t.Helper()
	a, b := legs(got), legs(want)
	text := "\n" + strings.Join(got, "\n") + "\nwithout\n" + strings.Join(want, "\n")
	if len(a) != len(b) {
		t.Errorf("%s: %d legs, not %d%s", name, len(a), len(b), text)
		return
	}
	for i := range a {
		if d := differs(a[i], b[i], clean, justEnded, stop); d != "" {
			t.Errorf("%s: %s%s", name, d, text)
		}
	}
}

// points are the steps after which a ladder is tried to be stopped: every message, and packets now and then.
func (l *ladder) points() (list []int) {
	for i, s := range l.steps {
		if s.text != nil || i%40 == 0 {
			list = append(list, i)
		}
	}
	return list
}

// justEnded says that a BYE came not longer before a step than streams are counted after it.
func (l *ladder) justEnded(step int) bool { return l.ended(step, 2*media.Linger) }

// ended says that a BYE came not longer before a step than within.
func (l *ladder) ended(step int, within int64) bool {
	at := l.steps[step].at
	for _, s := range l.steps[:step+1] {
		if s.at >= at-within && bytes.HasPrefix(s.text, []byte("BYE ")) {
			return true
		}
	}
	return false
}

// Whenever the program is stopped or killed, the calls of the ladder come out as they would have, but for what differs lists.
func TestRestartAnywhere(t *testing.T) {
	for _, l := range ladders(t) {
		t.Run(l.name, func(t *testing.T) {
			want := l.runRestarted(t, false)
			for _, i := range l.points() {
				for _, clean := range []bool{false, true} {
					if !clean && l.ended(i, 1e9) && strings.Contains(strings.Join(want, ""), "went_on") {
						continue
					}
					name := fmt.Sprintf("stopped after step %d at %s, clean %t", i, since(l.steps[i].at), clean)
					compareLegs(t, name, l.runRestarted(t, clean, i), want, clean, l.justEnded(i), l.steps[i].at)
				}
			}
		})
	}
}

// The same for several stops of both sorts in one ladder.
func TestRestartsAtRandom(t *testing.T) {
	for _, l := range ladders(t) {
		t.Run(l.name, func(t *testing.T) {
			want := l.runRestarted(t, false)
			points := l.points()
			for seed := range uint64(4) {
				r := rand.New(rand.NewPCG(seed, uint64(len(l.name))))
				var after []int
				for range 1 + r.IntN(4) {
					after = append(after, points[r.IntN(len(points))])
				}
				clean := seed%2 == 0
				if !clean && strings.Contains(strings.Join(want, ""), "went_on") && slices.ContainsFunc(after, func(i int) bool { return l.ended(i, 1e9) }) {
					continue
				}
				name := fmt.Sprintf("stopped after steps %v, clean %t", after, clean)
				justEnded := slices.ContainsFunc(after, l.justEnded)
				compareLegs(t, name, l.runRestarted(t, clean, after...), want, clean, justEnded, l.steps[slices.Max(after)].at)
			}
		})
	}
}
