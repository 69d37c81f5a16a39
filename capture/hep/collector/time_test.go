package collector

import (
	"errors"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/capture/hep"
)

// An agent's clock counts when it is about right, and moves nothing when it is not.
func TestAgentsClock(t *testing.T) {
	for _, tt := range []struct {
		name    string
		off     time.Duration // of the agent's clock
		agents  bool          // its time is taken
		retimed uint64
	}{
		{"right", 0, true, 0},
		{"a little slow", -500 * time.Millisecond, true, 0},
		{"a little fast: nothing is seen before it happens", 500 * time.Millisecond, false, 0},
		{"an hour slow", -time.Hour, false, 1},
		{"an hour fast", time.Hour, false, 1},
		{"ten years fast", 87660 * time.Hour, false, 1},
		{"1970", -time.Duration(time.Now().UnixNano()), false, 1},
	} {
		c := newCollector(usual)
		before := time.Now().Truncate(time.Microsecond)
		said := before.Add(tt.off)
		var m hep.Message
		c.receive(hepAt(said, "x"), &m, false)
		after := time.Now().UnixNano()
		var p capture.Packet
		if err := c.live.Next(&p); err != nil {
			t.Fatal(err)
		}
		if tt.agents && p.Time != said.UnixNano() || !tt.agents && (p.Time < before.UnixNano() || p.Time > after) {
			t.Errorf("%s: %v after its arrival, agent's time taken: %v", tt.name, time.Duration(p.Time-before.UnixNano()), tt.agents)
		}
		if c.Stats().Retimed != tt.retimed {
			t.Errorf("%s: %+v", tt.name, c.Stats())
		}
	}
}

// Of two agents whose clocks differ, neither makes the other's messages look as if this host's clock had been set back.
func TestTimeNeverFallsFar(t *testing.T) {
	c := newCollector(usual)
	var m hep.Message
	var p capture.Packet
	var newest int64
	for i := range 50 {
		off := time.Duration(-(i % 5)) * time.Second // 0 to 4 s slow
		c.receive(hepAt(time.Now().Add(off), "x"), &m, false)
		if err := c.live.Next(&p); err != nil {
			t.Fatal(err)
		}
		if p.Time < newest-int64(maxBack) || p.Time > time.Now().UnixNano() {
			t.Errorf("message %d: %v before what came before it", i, time.Duration(newest-p.Time))
		}
		newest = max(newest, p.Time)
	}
}

// The quiet that is said is not after what comes next, and a host's clock that is set back is not hidden.
func TestIdle(t *testing.T) {
	c := newCollector(usual)
	var p capture.Packet
	start := time.Now()
	if err := c.live.Next(&p); !errors.Is(err, capture.ErrIdle) {
		t.Fatal(err)
	}
	quiet := p.Time
	if waited := time.Since(start); waited < idleWait || quiet < start.Add(-inTransit).UnixNano() || quiet > time.Now().Add(-inTransit).UnixNano() {
		t.Errorf("idle after %v, %v before the start", waited, time.Duration(start.UnixNano()-quiet))
	}
	for _, tt := range []struct {
		name string
		e    entry
		want int64
	}{
		{"said just now", entry{arrival: quiet + 3e8, said: quiet + 1e8}, quiet + 1e8},
		{"long before the quiet", entry{arrival: quiet + 3e8, said: quiet - 4e9}, quiet + 3e8},
		{"after its arrival", entry{arrival: quiet + 3e8, said: quiet + 2e9}, quiet + 3e8},
		{"no time", entry{arrival: quiet + 3e8, said: noTime}, quiet + 3e8},
		{"the host's clock was set back by an hour", entry{arrival: quiet - 36e11, said: quiet - 36e11}, quiet - 36e11},
	} {
		if got := c.live.timeOf(tt.e); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, time.Duration(got-quiet), time.Duration(tt.want-quiet))
		}
	}
}
