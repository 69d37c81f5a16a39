package dialog

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/media"
	"calltrail/decode/pidf"
	"calltrail/decode/sdp"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// snapshotOf is the newest snapshot of the only call of a table.
func snapshotOf(t testing.TB, table *Table) []byte {
	t.Helper()
	if table.Len() != 1 {
		t.Fatalf("%d calls", table.Len())
	}
	for _, legs := range table.calls {
		body, err := legs[0].AppendSnapshot(nil)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	return nil
}

func restore(t testing.TB, table *Table, body []byte, now int64) *Call {
	t.Helper()
	c, err := table.Restore(body, now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func emptyTable() *Table {
	return NewTable(Config{}, media.NewIndex(), func(*Call, bool, int64) {}, nil)
}

// A snapshot is not made for what is only seen again: every message twice makes as many as every message once.
func TestCopiesSaveNothing(t *testing.T) {
	for _, l := range ladders(t) {
		t.Run(l.name, func(t *testing.T) {
			saves := func(copies int) int {
				m := newMachine(t, l.cfg)
				m.keep()
				for i := range l.steps {
					for range 1 + copies {
						if s := &l.steps[i]; !s.end && s.text != nil {
							m.take(s)
						}
					}
				}
				return len(m.log)
			}
			if once, often := saves(0), saves(3); once != often {
				t.Errorf("%d snapshots, %d with copies", once, often)
			}
		})
	}
}

// An ordinary call is saved when it begins, rings, is answered, has its interim record, ends, and has its final one; while it
// goes on, every two minutes.
func TestSaves(t *testing.T) {
	var saved []string
	table := emptyTable()
	save := func(c *Call) {
		body, err := c.AppendSnapshot(nil)
		if err != nil {
			t.Error(err)
		}
		saved = append(saved, fmt.Sprintf("%s r%d", since(table.now), c.Revision))
		if c.Done && len(body) > 250 {
			t.Errorf("%d octets of a call that is over", len(body))
		}
	}
	table.Save, table.Gone = save, func(Key) { t.Error("gone") }
	for _, line := range []string{
		"0.000 A>B INVITE sdp=A:4000", "0.010 B>A 100 INVITE", "0.100 B>A 180 INVITE ttag=9", "1.100 B>A 180 INVITE ttag=9",
		"2.000 B>A 200 INVITE ttag=9 sdp=B:5000", "2.500 B>A 200 INVITE ttag=9 sdp=B:5000", "2.510 A>B ACK branch=k ttag=9",
		"300.000 A>B BYE branch=z cseq=2 ttag=9", "300.010 B>A 200 BYE branch=z cseq=2 ttag=9",
	} {
		handle(t, table, "%s", line)
	}
	table.Advance(epoch + 2000e9)
	want := []string{"0.000 r0", "0.100 r0", "2.000 r0", "10.000 r1", "130.000 r1", "250.000 r1", "300.000 r1", "305.000 r2"}
	if !slices.Equal(saved, want) {
		t.Errorf("saved at %q, want %q", saved, want)
	}
}

// A call that was pushed out has its record; it is not taken back.
func TestEvictedIsGone(t *testing.T) {
	m := newMachine(t, Config{Calls: 2})
	m.keep()
	for i := range 5 {
		m.take(&readSteps(t, "message", fmt.Sprintf("%d.000 A>B INVITE call=e%d", i, i))[0])
	}
	m.start(Config{Calls: 2})
	var ids []string
	for id := range m.calls.calls {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if want := []string{"e3@example.com", "e4@example.com"}; !slices.Equal(ids, want) {
		t.Errorf("%q are taken back, want %q", ids, want)
	}
}

// A stop is said in the record that it makes, and in no other; a restart in all that follow.
func TestShutdownAndRestartFlags(t *testing.T) {
	m := newMachine(t, Config{})
	m.keep()
	m.take(&readSteps(t, "message", "0.000 A>B INVITE")[0])
	m.take(&readSteps(t, "message", "1.000 B>A 200 INVITE ttag=9")[0])
	var last Flag
	record := func(c *Call, final bool, now int64) { last = c.Flags; m.emit(c, final, now) }
	m.calls.emit = record
	m.stop()
	if last != Shutdown {
		t.Errorf("flags of the record of the stop: %q", slices.Collect(last.Names))
	}
	m.start(Config{})
	m.calls.emit = record
	m.pass(epoch + 20e9)
	if last != SensorRestart {
		t.Errorf("flags of the next record: %q", slices.Collect(last.Names))
	}
}

// Deadlines that have passed while nobody looked act at their times, and the records say these.
func TestDeadlinesOfTheTimeBetween(t *testing.T) {
	table := emptyTable()
	table.Save, table.Gone = func(*Call) {}, func(Key) {}
	handle(t, table, "0.000 A>B INVITE")
	handle(t, table, "1.000 B>A 200 INVITE ttag=9 se=1800")
	handle(t, table, "1.010 A>B ACK branch=k ttag=9")
	body := snapshotOf(t, table)

	var records []string
	now := epoch + 3*int64(time.Hour)
	again := NewTable(Config{}, media.NewIndex(), func(c *Call, final bool, now int64) {
		records = append(records, fmt.Sprintf("%s %t end=%s", since(now), final, since(max(c.Ended, epoch))))
	}, nil)
	restore(t, again, body, now)
	again.Advance(now)
	want := []string{"10.000 false end=0.000", "1806.000 true end=1801.000"}
	if !slices.Equal(records, want) || again.Len() != 0 {
		t.Errorf("%q and %d calls, want %q and none", records, again.Len(), want)
	}
}

// The log may hold records that are newer than the snapshot: revisions go on from there, and nothing is final twice.
func TestRecorded(t *testing.T) {
	cases := []struct {
		name     string
		messages []string
		revision int
		final    bool
		want     string
	}{
		{"no record", []string{"0.000 A>B INVITE"}, 0, false, "1 2f"},
		{"an interim record", []string{"0.000 A>B INVITE"}, 1, false, "2f"},
		{"the final one", []string{"0.000 A>B INVITE", "1.000 B>A 486 INVITE ttag=9"}, 3, true, ""},
		{"the final one of a call whose end is not in the snapshot", []string{"0.000 A>B INVITE"}, 3, true, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			table := emptyTable()
			for _, line := range c.messages {
				handle(t, table, "%s", line)
			}
			var got []string
			again := NewTable(Config{}, media.NewIndex(), func(call *Call, final bool, _ int64) {
				got = append(got, fmt.Sprintf("%d%s", call.Revision, map[bool]string{true: "f"}[final]))
			}, nil)
			call := restore(t, again, snapshotOf(t, table), epoch+2e9)
			again.Recorded(call, c.revision, c.final)
			again.Advance(epoch + 1000e9)
			if strings.Join(got, " ") != c.want || again.Len() != 0 || again.timers.Len() != 0 {
				t.Errorf("records %q, want %q; %d calls and %d timers are left", got, c.want, again.Len(), again.timers.Len())
			}
		})
	}
}

// The newest snapshot of a call counts; so does the newer of two in one table.
func TestNewestSnapshotCounts(t *testing.T) {
	table := emptyTable()
	handle(t, table, "0.000 A>B INVITE sdp=A:4000")
	first := snapshotOf(t, table)
	handle(t, table, "1.000 B>A 200 INVITE ttag=9")
	second := snapshotOf(t, table)

	again := emptyTable()
	restore(t, again, first, epoch+2e9)
	if c := restore(t, again, second, epoch+2e9); again.Len() != 1 || again.timers.Len() != 1 || c.Answered == 0 {
		t.Errorf("%d calls, %d timers, answered at %d", again.Len(), again.timers.Len(), c.Answered)
	}
	saved := NewSaved(1, epoch)
	for _, body := range [][]byte{first, second} {
		if _, err := saved.Snapshot(body); err != nil {
			t.Fatal(err)
		}
	}
	other := emptyTable()
	handle(t, other, "0.000 A>B INVITE call=other")
	if _, err := saved.Snapshot(snapshotOf(t, other)); err == nil || saved.Len() != 1 {
		t.Errorf("%d calls where one has room, error %v", saved.Len(), err)
	}
	if calls, err := saved.Restore(emptyTable()); err != nil || len(calls) != 1 || calls[0].Answered == 0 {
		t.Errorf("%d calls, %v", len(calls), err)
	}
}

// largest is a call at all its bounds.
func largest() *Call {
	c := &Call{CallID: strings.Repeat("i", sip.MaxValue), FirstTag: strings.Repeat("f", sip.MaxValue), FromTag: strings.Repeat("t", sip.MaxValue)}
	c.Branch, c.ToTag = strings.Repeat("b", sip.MaxValue), strings.Repeat("b", sip.MaxValue)
	c.Started, c.timeoutAt, c.order = epoch, epoch+1e9, 1<<40
	for i := range maxHops {
		c.Hops = append(c.Hops, Hop{At: epoch + int64(i)})
		c.Attempts = append(c.Attempts, Attempt{486, epoch})
		for range 2 {
			c.addTransaction(transaction{branch: 1 << 63, cseq: 1 << 31, method: sip.MethodPUBLISH})
		}
	}
	for m := range sip.Methods {
		c.Methods = append(c.Methods, MethodCount{sip.Method(m), 1 << 30})
	}
	for f := range numFields {
		c.Text.verbatim(f, []byte(strings.Repeat("v", maxSlab/int(numFields)-1)))
	}
	var list []string
	for i := range 64 {
		list = append(list, fmt.Sprintf("m=audio %d RTP/AVP 96 97 98 99 100 101 102 103\r\nc=IN IP6 2001:db8::1\r\n", 1000+2*i))
		for pt := 96; pt < 104; pt++ {
			list = append(list, fmt.Sprintf("a=rtpmap:%d telephone-event-16/90000\r\n", pt))
		}
	}
	for range tunnel.MaxDepth {
		c.Tunnels = append(c.Tunnels, tunnel.Header{Type: tunnel.GTPU, HasID: true, ID: 1 << 31, Src: [16]byte{255}, Dst: [16]byte{255}})
	}
	long := strings.Repeat("v", 256)
	c.Location = &pidf.Location{HasPoint: true, Latitude: -1.0 / 3, Country: long, A1: long, A3: long, Method: long}
	c.Group, c.Text.conflicts = Group{"heuristic", strings.Repeat("g", 512)}, mostConflicts()
	x := media.NewIndex()
	for i := 0; i+9 <= len(list); i += 9 {
		var d sdp.Description
		if err := d.Parse([]byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n" + strings.Join(list[i:i+9], ""))); err != nil {
			panic(err)
		}
		x.Describe(&c.Media, media.Caller, &d, c.Src, 0, 1, epoch)
	}
	return c
}

// The largest call fits into a snapshot, and comes back.
func TestLargestSnapshot(t *testing.T) {
	c := largest()
	body, err := c.AppendSnapshot([]byte("before"))
	if err != nil || string(body[:6]) != "before" {
		t.Fatal(err)
	}
	body = body[6:]
	t.Logf("%d octets", len(body))
	again := restore(t, emptyTable(), body, epoch)
	if got, want := describe(again, false), describe(c, false); strings.Replace(got, "sensor_restart", "", 1) == got ||
		strings.Replace(got, " flags=sensor_restart", "", 1) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if a, b := again.Text.Get(AuthRealm), c.Text.Get(AuthRealm); string(a) != string(b) || len(a) == 0 {
		t.Errorf("%d octets of text, not %d", len(a), len(b))
	}
	c.FirstTag = strings.Repeat("f", maxSnapshot)
	if out, err := c.AppendSnapshot([]byte("before")); err == nil || string(out) != "before" {
		t.Errorf("%d octets, error %v", len(out), err)
	}
}

// What was written by an earlier build of this version reads as it was meant. When this fails, Version must grow; then
// -update writes new files.
func TestSnapshotFormat(t *testing.T) {
	name := filepath.Join("testdata", fmt.Sprintf("snapshot-v%d.hex", Version))
	table := emptyTable()
	for _, line := range []string{
		"0.000 A>P INVITE sdp=A:4000 contact=A", "0.001 P>B INVITE branch=p vias=2 sdp=R:7000", "0.100 B>P 180 INVITE branch=p vias=2 ttag=9",
		"0.101 P>A 180 INVITE ttag=9", "1.000 P>A 200 INVITE ttag=9 sdp=B:5000 contact=B", "1.010 A>P ACK branch=k ttag=9",
		"2.000 B>A REFER branch=r cseq=2 ftag=9 ttag=1",
	} {
		handle(t, table, "%s", line)
	}
	body := snapshotOf(t, table)
	if *update {
		if err := os.WriteFile(name, []byte(hex.EncodeToString(body)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(text)) != hex.EncodeToString(body) {
		t.Errorf("the snapshot of this call is another one than in %s", name)
	}
	old, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := restore(t, emptyTable(), old, epoch+3e9)
	const want = "= c1 in_progress 200 by=nobody start=0.000 ring=0.101 answer=1.000 A>P tags=1/9 flags=sensor_restart hop=A>P hop=P>B " +
		"INVITE:2 ACK:1 REFER:1"
	if got := describe(c, false); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What the second version wrote is read as well.
func TestSecondVersion(t *testing.T) {
	text, err := os.ReadFile("testdata/snapshot-v2.hex")
	if err != nil {
		t.Fatal(err)
	}
	body, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := restore(t, emptyTable(), body, epoch+3e9)
	const want = "= c1 in_progress 200 by=nobody start=0.000 ring=0.101 answer=1.000 A>P tags=1/9 flags=sensor_restart hop=A>P hop=P>B " +
		"INVITE:2 ACK:1 REFER:1"
	if got := describe(c, false); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What the first version wrote is read: a sensor that is upgraded takes its calls up again.
func TestFirstVersion(t *testing.T) {
	text, err := os.ReadFile("testdata/snapshot-v1.hex")
	if err != nil {
		t.Fatal(err)
	}
	body, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	saved := NewSaved(1, epoch+3e9)
	if _, err := saved.Snapshot(body); err != nil {
		t.Fatal(err)
	}
	table := emptyTable()
	calls, err := saved.Restore(table)
	if err != nil || len(calls) != 1 {
		t.Fatalf("%d calls: %v", len(calls), err)
	}
	const want = "= c1 in_progress 200 by=nobody start=0.000 ring=0.101 answer=1.000 A>P tags=1/9 flags=sensor_restart hop=A>P hop=P>B " +
		"INVITE:2 ACK:1 REFER:1"
	if got := describe(calls[0], false); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	handle(t, table, "8.000 A>P BYE branch=z cseq=3 ttag=9")
	handle(t, table, "8.010 P>A 200 BYE branch=z cseq=3 ttag=9")
	if c := calls[0]; c.Open() || c.EndedBy != EndedByCaller {
		t.Errorf("its BYE ended nothing: %s", describe(c, false))
	}
	// What is written now is the present version.
	again, err := calls[0].AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	if h, _, err := readHead(again); err != nil || h.Version != Version {
		t.Errorf("version %d, %v", h.Version, err)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	table := emptyTable()
	answeredCall(b, table, 1)
	body := snapshotOf(b, table)
	c := table.calls[table.lines[established].first.CallID][0]
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		var err error
		for b.Loop() {
			if body, err = c.AppendSnapshot(body[:0]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(body)), "octets")
	})
	b.Run("restore", func(b *testing.B) {
		b.ReportAllocs()
		again := emptyTable()
		for b.Loop() {
			if _, err := again.Restore(body, epoch); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("key", func(b *testing.B) {
		b.ReportAllocs()
		saved := NewSaved(10, epoch)
		for b.Loop() {
			if _, err := saved.Snapshot(body); err != nil {
				b.Fatal(err)
			}
		}
	})
}
