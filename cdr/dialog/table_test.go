package dialog

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"calltrail/cdr/media"
)

// message makes one Message from the notation of the ladders.
func message(t testing.TB, format string, args ...any) *Message {
	t.Helper()
	s := readSteps(t, "message", fmt.Sprintf(format, args...))[0]
	return parse(t, &s)
}

func handle(t testing.TB, table *Table, format string, args ...any) {
	t.Helper()
	m := message(t, format, args...)
	table.Advance(m.Now)
	table.Handle(m)
}

// A flood of INVITEs leaves no more in memory than the configuration says, and each of them has a record.
func TestFloodIsBounded(t *testing.T) {
	records := map[string]int{}
	table := NewTable(Config{Calls: 100}, media.NewIndex(), func(c *Call, _ bool, _ int64) { records[c.CallID]++ }, nil)
	const calls = 5000
	for i := range calls {
		handle(t, table, "%d.%03d A>B INVITE call=c%d sdp=A:4000", i/1000, i%1000, i)
		if n := table.Len(); n > 100 {
			t.Fatalf("%d calls", n)
		}
		if n := table.timers.Len(); n > 100 {
			t.Fatalf("%d timers for %d calls", n, table.Len())
		}
	}
	table.Finish(CaptureEnd)
	if len(records) != calls || table.Stats.Evicted != calls-100 {
		t.Errorf("%d calls with a record, %d evicted", len(records), table.Stats.Evicted)
	}
	for id, n := range records {
		if n != 1 {
			t.Errorf("%s: %d records", id, n)
		}
	}
}

// A Call-ID with ever new tags does not make each message of it look at thousands of legs.
func TestLegsOfOneCallIDAreBounded(t *testing.T) {
	records := 0
	table := NewTable(Config{}, media.NewIndex(), func(*Call, bool, int64) { records++ }, nil)
	for i := range 1000 {
		handle(t, table, "0.%03d A>B INVITE ftag=%d branch=b%d", i, i, i)
	}
	handle(t, table, "2.000 A>B 200 INVITE ftag=999 branch=b999 ttag=t")
	for i := range 1000 {
		handle(t, table, "3.%03d B>A 200 INVITE ftag=999 branch=b999 ttag=t%d", i, i)
	}
	if n := len(table.calls["c1@example.com"]); n > maxLegs || table.Len() != n {
		t.Errorf("%d legs, %d calls", n, table.Len())
	}
	table.Finish(CaptureEnd)
	if want := 1000 + 1000; records != want {
		t.Errorf("%d records, want %d", records, want)
	}
}

// A long call with a refresh every minute, ringing sent again and again, INFO and challenges leaves one timer and bounded
// lists.
func TestLongCallIsBounded(t *testing.T) {
	table := NewTable(Config{}, media.NewIndex(), func(*Call, bool, int64) {}, nil)
	handle(t, table, "0.000 A>B INVITE sdp=A:4000")
	for i := range 100 {
		handle(t, table, "1.%03d B>A 180 INVITE ttag=9 sdp=B:%d", i, 5000+2*i)
	}
	handle(t, table, "2.000 B>A 200 INVITE ttag=9 sdp=B:5000 se=120")
	for i := range 600 {
		at, seq := 60*(i+1), i+2
		handle(t, table, "%d.000 A>B INVITE branch=r%d cseq=%d ttag=9 sdp=A:%d", at, i, seq, 4000+2*i)
		handle(t, table, "%d.010 B>A 200 INVITE branch=r%d cseq=%d ttag=9 sdp=B:5000 se=%d", at, i, seq, 7000-10*i)
		handle(t, table, "%d.020 A>B REFER branch=f%d cseq=%d ttag=9", at, i, seq)
		if n := table.timers.Len(); n != 1 {
			t.Fatalf("after %d refreshes %d timers", i, n)
		}
	}
	c := table.calls["c1@example.com"][0]
	if len(c.transactions) > maxTransactions || len(c.Text.slab) > maxSlab || len(c.Hops) > maxHops {
		t.Errorf("%d transactions, %d octets of text, %d hops", len(c.transactions), len(c.Text.slab), len(c.Hops))
	}
	if !c.Media.Overflow {
		t.Error("600 addresses, and no word that it was too many")
	}
	n := 0
	for range c.Media.Announced {
		n++
	}
	if n > 32 {
		t.Errorf("%d announced addresses", n)
	}
	table.Finish(CaptureEnd)
}

// Messages of no call are counted and open none.
func TestOrphans(t *testing.T) {
	table := NewTable(Config{}, media.NewIndex(), func(*Call, bool, int64) { t.Error("a record") }, nil)
	for _, line := range []string{
		"1.000 A>B ACK ttag=9", "1.000 A>B CANCEL", "1.000 A>B BYE", "1.000 A>B PRACK ttag=9", "1.000 A>B UPDATE ttag=9",
		"1.000 B>A 200 BYE ttag=9", "1.000 B>A 100 INVITE", "1.000 B>A 200 CANCEL ttag=9",
	} {
		handle(t, table, "%s", line)
	}
	handle(t, table, "1.000 A>B OPTIONS")
	if s := table.Stats; table.Len() != 0 || s.Orphans != 8 || s.OtherDialog != 1 {
		t.Errorf("%d calls, %+v", table.Len(), s)
	}
}

// A call that is remembered and one that is forgotten: the hold ends 32 s after the final record.
func TestForget(t *testing.T) {
	forgotten := 0
	table := NewTable(Config{}, media.NewIndex(), func(*Call, bool, int64) {}, func(*Call) { forgotten++ })
	handle(t, table, "0.000 A>B INVITE")
	handle(t, table, "1.000 B>A 486 INVITE ttag=9")
	for _, c := range []struct {
		at   int64
		left int
	}{{epoch + 38e9, 1}, {epoch + 38e9 + 1, 0}} { // the end, 5 s and 32 s; a timer fires when time has passed it
		table.Advance(c.at)
		if table.Len() != c.left || forgotten != 1-c.left {
			t.Errorf("at %s: %d calls, %d forgotten", since(c.at), table.Len(), forgotten)
		}
	}
	if at, ok := table.NextTimer(); ok {
		t.Errorf("a timer at %s of no call", since(at))
	}
}

// answeredCall begins call i and answers it, with names as long as those of telephones.
func answeredCall(t testing.TB, table *Table, i int) {
	at := fmt.Sprintf("%d.%03d", i/1000, i%1000)
	caller, callee := 10000+2*(i%20000), 10001+2*(i%20000)
	long := strings.Repeat("x", 24)
	handle(t, table, "%s A>B INVITE call=%s%d ftag=%s branch=%s%d sdp=A:%d contact=A", at, long, i, long, long, i, caller)
	handle(t, table, "%s B>A 180 INVITE call=%s%d ftag=%s ttag=%s branch=%s%d", at, long, i, long, long, long, i)
	handle(t, table, "%s B>A 200 INVITE call=%s%d ftag=%s ttag=%s branch=%s%d sdp=B:%d contact=B", at, long, i, long, long, long, i, callee)
	handle(t, table, "%s A>B ACK call=%s%d ftag=%s ttag=%s branch=k%d", at, long, i, long, long, i)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// 46,000 open calls with two streams each must leave room in 200 MiB for the rest of the program.
func TestBytesPerOpenCall(t *testing.T) {
	const calls = 10_000
	before := heap()
	m := newMachine(t, Config{MaxAge: 1e15})
	m.streams = media.NewTable(media.TableConfig{Streams: 2 * calls, Idle: 1e15})
	for i := range calls {
		answeredCall(t, m.calls, i)
	}
	signalling := heap() - before
	for i := range calls {
		a, b := 10000+2*(i%20000), 10001+2*(i%20000)
		for _, line := range []string{"A:%d>B:%d RTP ssrc=%d", "B:%[2]d>A:%[1]d RTP ssrc=%[3]d"} {
			s := readSteps(t, "stream", "10.000-10.020 "+fmt.Sprintf(line, a, b, i))[0]
			s.at = epoch + 10e9
			m.take(&s)
		}
	}
	total := heap() - before
	if m.index.Stats.Claimed+m.index.Stats.Unclaimed != 0 || m.streams.Len() != 2*calls || m.calls.Open() != calls {
		t.Fatalf("%d streams, %d open calls", m.streams.Len(), m.calls.Open())
	}
	each := total / calls
	t.Logf("%d octets a call, %d with its two streams: 46,000 calls take %d MiB", signalling/calls, each, each*46_000>>20)
	if each*46_000 > 180<<20 {
		t.Errorf("46,000 open calls take %d MiB", each*46_000>>20)
	}
	runtime.KeepAlive(m)
}

// BenchmarkCall is an answered call, from INVITE to the record: seven messages.
func BenchmarkCall(b *testing.B) {
	var messages []*Message
	for _, line := range []string{
		"0.000 A>B INVITE sdp=A:4000", "0.100 B>A 180 INVITE ttag=9", "1.000 B>A 200 INVITE ttag=9 sdp=B:5000",
		"1.010 A>B ACK branch=k ttag=9", "5.000 A>B BYE branch=z cseq=2 ttag=9", "5.010 B>A 200 BYE branch=z cseq=2 ttag=9",
	} {
		messages = append(messages, message(b, "%s", line))
	}
	table := NewTable(Config{}, media.NewIndex(), func(*Call, bool, int64) {}, nil)
	b.ReportAllocs()
	shift := int64(0)
	var again Message
	for b.Loop() {
		for _, m := range messages {
			again = *m
			again.At, again.Now = m.At+shift, m.Now+shift
			table.Advance(again.Now)
			table.Handle(&again)
		}
		shift += 100e9
	}
}
