package dialog

import (
	"strings"
	"testing"

	"calltrail/cdr/media"
	"calltrail/store/faults/control"
)

// Fault 14: a flood of attempts in a full table pushes out attempts, each with its record and counted, and none of the calls that
// are established.
func TestFloodSparesTheEstablished(t *testing.T) { flood(t, intact) }

// Its controls: a table that pushes out who talks, and one that does not count.
func TestFloodIsNoticed(t *testing.T) {
	for name, broken := range map[string]breach{"established calls first": establishedFirst, "not counted": uncounted} {
		control.Noticed(t, name, func(t testing.TB) { flood(t, broken) })
	}
}

func flood(t testing.TB, broken breach) {
	t.Helper()
	const room, talking, attempts = 100, 50, 2000
	evicted, last := uint64(0), map[string]Flag{}
	table := NewTable(Config{Calls: room}, media.NewIndex(), func(c *Call, _ bool, _ int64) {
		if last[c.CallID] = c.Flags; c.Flags&Evicted != 0 {
			evicted++
		}
	}, nil)
	table.breach = broken
	for i := range talking {
		handle(t, table, "0.%03d A>B INVITE call=talk%d", i, i)
		handle(t, table, "0.%03d B>A 200 INVITE call=talk%d ttag=9", 100+i, i)
		handle(t, table, "0.%03d A>B ACK call=talk%d branch=k ttag=9", 200+i, i)
	}
	for i := range attempts {
		handle(t, table, "%d.%03d A>B INVITE call=flood%d", 1+i/1000, i%1000, i)
	}
	for i := range talking {
		handle(t, table, "4.%03d A>B BYE call=talk%d branch=z cseq=2 ttag=9", i, i)
	}
	table.Finish(CaptureEnd)
	whole := 0
	for id, flags := range last {
		if strings.HasPrefix(id, "talk") && flags&Evicted == 0 {
			whole++
		}
	}
	if whole != talking {
		t.Errorf("%d of %d established calls are recorded whole", whole, talking)
	}
	if len(last) != talking+attempts || evicted == 0 || table.Stats.Evicted != evicted {
		t.Errorf("%d calls with a record, %d pushed out, counted %d", len(last), evicted, table.Stats.Evicted)
	}
}
