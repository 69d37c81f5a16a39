package pipeline_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
)

// Fault 18, live: the host's clock is set in mid call, by an hour and by ten years, back and on. The run goes on and ends, no
// duration is below zero, and the minutes of years that never were are not made up.
func TestClockJumpsLive(t *testing.T) {
	jumps := map[string]time.Duration{
		"an hour back": -time.Hour, "an hour on": time.Hour, "ten years back": -10 * 365 * 24 * time.Hour, "ten years on": 10 * 365 * 24 * time.Hour,
	}
	for name, by := range jumps {
		t.Run(name, func(t *testing.T) {
			if n := jumpLive(t, by); n > 0 {
				t.Errorf("%d durations below zero", n)
			}
		})
	}
	t.Logf("fault 18: %d jumps of a live clock", len(jumps))
}

// Its control: durations as the clock gives them.
func TestClockJumpsLiveAreNoticed(t *testing.T) {
	defer pipeline.RawDurations()()
	if jumpLive(t, -time.Hour) == 0 {
		t.Error("no duration is below zero")
	}
}

// jumpLive runs calls live with a clock that jumps in their middle, and counts the durations below zero.
func jumpLive(t *testing.T, by time.Duration) (negative int) {
	t.Helper()
	list := drain(t, generate(t, 60, 5).source(t))
	half := len(list) / 2
	tap := newScript("tap", 1)
	late := list[half:]
	for i := range late {
		late[i].Time += int64(by)
	}
	last := list[half-1].Time
	out, p := play(t, slices.Clone(list[:half]), []*script{tap}, func(*capture.Packet) int { return 0 }, time.Second, func(now int64) {
		if now > last+int64(500*time.Millisecond) && late != nil {
			tap.sources[0].steps <- step{packets: late, idle: now + max(0, int64(by))}
			late = nil
		}
	}, nil, nil)
	if s := p.LiveStats(); s.Taps[0].Packets != uint64(len(list)) || by < 0 && s.Taps[0].Late == 0 {
		t.Errorf("%d packets of %d, %d of them late", s.Taps[0].Packets, len(list), s.Taps[0].Late)
	}
	calls := map[string]bool{}
	for _, body := range out.bodies {
		var c record.Call
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		calls[c.CallUID.String()] = true
		for _, ms := range []*int64{c.RingMS, c.DurationMS} {
			if ms != nil && *ms < 0 {
				negative++
			}
		}
	}
	if late != nil || len(calls) < 60 {
		t.Errorf("%d calls of 60", len(calls))
	}
	if n := len(out.coverage); n == 0 || n > 2000 {
		t.Errorf("%d coverage events", n)
	}
	return negative
}
