package dialog

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"calltrail/cdr/media"

	"calltrail/decode/fuzzbound"
)

// damaged encodes a snapshot after a change that no program of ours makes.
func damaged(t testing.TB, change func(h *snapshotHead, s *callState)) []byte {
	t.Helper()
	return damagedMore(t, func(h *snapshotHead, s *callState, _ *callMore) { change(h, s) })
}

func damagedMore(t testing.TB, change func(h *snapshotHead, s *callState, m *callMore)) []byte {
	t.Helper()
	table := emptyTable()
	answeredCall(t, table, 1)
	var h snapshotHead
	var s callState
	var m callMore
	rest := snapshotOf(t, table)
	for _, item := range []any{&h, &s, &m} {
		var err error
		if rest, err = snapshotDecoder.UnmarshalFirst(rest, item); err != nil {
			t.Fatal(err)
		}
	}
	change(&h, &s, &m)
	var body []byte
	for _, item := range []any{&h, &s, &m} {
		b, err := cbor.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		body = append(body, b...)
	}
	return body
}

// What a damaged disk may give is refused, and leaves the table as it was.
func TestRestoreRefuses(t *testing.T) {
	cases := []struct {
		name   string
		change func(h *snapshotHead, s *callState)
		want   string // in the error; "" when it is accepted
	}{
		{"nothing changed", func(*snapshotHead, *callState) {}, ""},
		{"another version", func(h *snapshotHead, _ *callState) { h.Version++ }, "version 4, this program reads versions 1 to 3"},
		{"a state that there is not", func(_ *snapshotHead, s *callState) { s.State = 4 }, "state 4"},
		{"an end by nobody we know", func(_ *snapshotHead, s *callState) { s.EndedBy = 5 }, "ended by 5"},
		{"a flag of the future", func(_ *snapshotHead, s *callState) { s.Flags = 1 << 31 }, "flags 80000000"},
		{"a negative time", func(_ *snapshotHead, s *callState) { s.Answered = -1 }, "time -1"},
		{"a time that overflows", func(h *snapshotHead, _ *callState) { h.Started = 1<<63 - 1 }, "time 9223372036854775807"},
		{"no time-out", func(_ *snapshotHead, s *callState) { s.TimeoutAt = 0 }, "without an end"},
		{"ended, and nothing to come", func(_ *snapshotHead, s *callState) { s.State = uint8(ended) }, "without an end"},
		{"final and open", func(_ *snapshotHead, s *callState) { s.Done = true }, "still open"},
		{"forgotten and not final", func(h *snapshotHead, _ *callState) { h.Forget = epoch + 1e15 }, "forgotten before"},
		{"too many transactions", func(_ *snapshotHead, s *callState) {
			s.Transactions = make([]transactionState, maxTransactions+1)
		}, "25 transactions"},
		{"too many of anything", func(_ *snapshotHead, s *callState) { s.Hops = make([]hopState, 1000) }, "array"},
		{"a method that there is not", func(_ *snapshotHead, s *callState) { s.Methods[0].Method = 200 }, "a method"},
		{"an address of three octets", func(_ *snapshotHead, s *callState) { s.Src = s.Src[:3] }, "an address"},
		{"too much text", func(_ *snapshotHead, s *callState) { s.Text.Fields[0] = make([]byte, maxSlab) }, "octets of text"},
		{"too many header fields", func(_ *snapshotHead, s *callState) {
			s.Text.Fields = make([][]byte, numFields+1)
		}, "header fields"},
		{"a redirection from nowhere", func(_ *snapshotHead, s *callState) {
			s.Text.Redirects = []redirectState{{Source: 9}}
		}, "redirection by 9"},
		{"a third party", func(_ *snapshotHead, s *callState) { s.Media.Bindings[0].Party = 2 }, "party 2"},
		{"too many addresses", func(_ *snapshotHead, s *callState) {
			s.Media.Bindings = make([]media.BindingState, 40)
		}, "40 addresses"},
		{"too many formats", func(_ *snapshotHead, s *callState) {
			s.Media.Bindings[0].Line.Formats = make([]media.FormatState, 9)
		}, "9 formats"},
		{"a payload type that there is not", func(_ *snapshotHead, s *callState) {
			s.Media.Bindings[0].Line.Formats[0].PayloadType = 200
		}, "formats that no description can have"},
		{"an encoding name of many lines", func(_ *snapshotHead, s *callState) {
			s.Media.Bindings[0].Line.Formats[0].Name = []byte("x\r\nm=audio 1 RTP/AVP 0\r\na=rtpmap:0 y")
		}, "formats that no description can have"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			table := emptyTable()
			call, err := table.Restore(damaged(t, c.change), epoch+2e9)
			switch {
			case c.want == "" && (err != nil || call == nil || table.Len() != 1):
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one with %q", err, c.want)
			case c.want != "" && (call != nil || table.Len()+table.timers.Len() != 0):
				t.Errorf("%d calls and %d timers", table.Len(), table.timers.Len())
			}
		})
	}
}

// The same for what version 2 keeps besides.
func TestRestoreRefusesMore(t *testing.T) {
	cases := []struct {
		name   string
		change func(m *callMore)
		want   string
	}{
		{"nothing changed", func(*callMore) {}, ""},
		{"a transport that there is not", func(m *callMore) { m.Transport = 200 }, "transport 200"},
		{"too many tunnels", func(m *callMore) { m.Tunnels = make([]tunnelState, 9) }, "9 tunnels"},
		{"a tunnel that there is not", func(m *callMore) { m.Tunnels = []tunnelState{{Type: 200}} }, "a tunnel of type 200"},
		{"a group of too long a name", func(m *callMore) { m.GroupName = make([]byte, 4000) }, "a group of 4000 octets"},
		{"a place of too long a name", func(m *callMore) { m.Location = &locationState{A3: make([]byte, 300)} }, "too long a name"},
		{"a message before 1970", func(m *callMore) { m.LifeAt = -1 }, "transport"},
		{"media of another century", func(m *callMore) { m.Media.Last = 1<<63 - 1 }, "media until"},
		{"too many streams after the end", func(m *callMore) { m.Media.After = make([]media.ObservedState, 40) }, "40 streams"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			table := emptyTable()
			body := damagedMore(t, func(_ *snapshotHead, _ *callState, m *callMore) { c.change(m) })
			_, err := table.Restore(body, epoch+2e9)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || table.Len() != 0) {
				t.Errorf("error %v, want one with %q; %d calls", err, c.want, table.Len())
			}
			if _, err := emptyTable().Restore(append(body, 0), epoch+2e9); err == nil {
				t.Error("an octet behind the snapshot is accepted")
			}
		})
	}
}

// A deadline of another century is not believed: every call that is taken back ends.
func TestRestoredCallsEnd(t *testing.T) {
	body := damaged(t, func(_ *snapshotHead, s *callState) { s.TimeoutAt, s.CheckpointAt, s.KeepAt = maxTime, maxTime, maxTime })
	table := emptyTable()
	table.Save, table.Gone = func(*Call) {}, func(Key) {}
	restore(t, table, body, epoch)
	table.Advance(epoch + 26*3600e9)
	if table.Len()+table.timers.Len() != 0 {
		t.Errorf("%d calls and %d timers a day after", table.Len(), table.timers.Len())
	}
}

// cutAndFlipped is a body as a damaged disk may give it.
func cutAndFlipped(body []byte, r *rand.Rand) []byte {
	b := append([]byte(nil), body[:r.IntN(len(body)+1)]...)
	for range r.IntN(4) {
		if len(b) > 0 {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
	}
	return b
}

// tryRestore takes any octets back and lets the call, if it is one, live to its end among messages of its dialog.
func tryRestore(t *testing.T, body []byte, messages []*Message) {
	t.Helper()
	table := NewTable(Config{Calls: 3}, media.NewIndex(), func(c *Call, _ bool, _ int64) {
		describe(c, false)
		if _, err := c.AppendSnapshot(nil); err != nil {
			t.Error(err)
		}
	}, nil)
	saves := 0
	table.Save, table.Gone = func(*Call) { saves++ }, func(Key) {}
	saved := NewSaved(2, epoch)
	_ = saved.Gone(body)
	if _, err := saved.Snapshot(body); err == nil {
		_, _ = saved.Restore(table) // an error is what is expected of most
	}
	for _, m := range messages {
		table.Advance(m.Now)
		table.Handle(m)
	}
	table.Advance(epoch + 30*3600e9)
	table.Finish(Shutdown)
	if n := table.Len() + table.timers.Len(); n != 0 || saves > 3*30*30+50 { // every two minutes, of three calls
		t.Errorf("%d calls and timers are left, %d snapshots", n, saves)
	}
}

func restoreMessages(t testing.TB) (list []*Message) {
	for _, line := range []string{
		"3.000 B>A 200 INVITE ttag=9 sdp=B:5000", "4.000 A>B INVITE branch=h cseq=2 ttag=9 sdp=A:4100",
		"4.010 B>A 200 INVITE branch=h cseq=2 ttag=9 sdp=B:5000 se=90", "4.020 A>B ACK branch=l cseq=2 ttag=9",
		"5.000 B>A 200 INVITE ttag=10", "6.000 A>B BYE branch=z cseq=4 ttag=9", "6.010 B>A 200 BYE branch=z cseq=4 ttag=9",
		"20.000 A>B INVITE cseq=9 branch=n", "21.000 B>A 407 INVITE cseq=9 branch=n ttag=8",
	} {
		list = append(list, message(t, "%s", line))
	}
	return list
}

// restoreSeeds are the snapshots of all ladders, each at a state of its own.
func restoreSeeds(t testing.TB, ladders []*ladder) (list [][]byte) {
	for _, l := range ladders {
		m := newMachine(t, l.cfg)
		m.keep()
		for i := range l.steps {
			if !l.steps[i].end {
				m.take(&l.steps[i])
			}
		}
		for _, e := range m.log {
			list = append(list, e.body)
		}
	}
	return list
}

// Snapshots with cuts and flipped bits are refused, or are calls that end.
func TestRestoreDamaged(t *testing.T) {
	messages := restoreMessages(t)
	r := rand.New(rand.NewPCG(4, 4))
	for _, seed := range restoreSeeds(t, ladders(t)) {
		for range 20 {
			tryRestore(t, cutAndFlipped(seed, r), messages)
		}
	}
}

// FuzzRestore: no octets make the table panic, grow beyond its bounds, or keep a call without an end.
func FuzzRestore(f *testing.F) {
	for _, l := range readLadders(f, "testdata/answered.txt")[:3] {
		for _, body := range restoreSeeds(f, []*ladder{l}) {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fuzzbound.Check(t, len(body), func() { _, _ = NewSaved(2, epoch).Snapshot(body) })
		if len(body) > 8<<10 {
			t.Skip("longer than what a mutation needs")
		}
		tryRestore(t, body, restoreMessages(t))
	})
}
