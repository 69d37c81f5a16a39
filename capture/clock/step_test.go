package clock

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestStepper(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name     string
		at, want []time.Duration
	}{
		{"the first is no step", []time.Duration{1_700_000_000 * time.Second}, []time.Duration{0}},
		{"steady", []time.Duration{0, 0, 3 * ms, -2 * ms}, []time.Duration{0, 0, 0, 0}},
		{"forward, once", []time.Duration{0, 101 * ms, 101 * ms}, []time.Duration{0, 101 * ms, 0}},
		{"back, once", []time.Duration{0, -time.Hour, -time.Hour}, []time.Duration{0, -time.Hour, 0}},
		{"to the limit", []time.Duration{0, 100 * ms, 0, -100 * ms}, []time.Duration{0, 0, 0, 0}},
		{"there and back", []time.Duration{5 * ms, time.Second, 5 * ms}, []time.Duration{0, 995 * ms, -995 * ms}},
	} {
		var s stepper
		for i, difference := range tt.at {
			if got := s.observe(difference); got != tt.want[i] {
				t.Errorf("%s: observation %d tells %v, want %v", tt.name, i, got, tt.want[i])
			}
		}
	}
}

// The difference of the clocks is the time at which the host began; /proc/uptime knows it, too.
func TestClockDifference(t *testing.T) {
	begun := time.Now()
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	var uptime float64
	if _, err := fmt.Sscan(string(text), &uptime); err != nil {
		t.Fatal(err)
	}
	want := time.Duration(time.Now().UnixNano()) - time.Duration(uptime*float64(time.Second))
	var got time.Duration
	for i := 0; ; i++ {
		var ok bool
		if got, ok = clockDifference(); ok {
			break
		}
		if i == 100 {
			t.Fatal("the clocks cannot be read close to each other")
		}
	}
	if off := (got - want).Abs(); off > time.Second+time.Since(begun) { // a machine with other things to do reads them far from each other
		t.Errorf("the clocks differ by %v, by /proc/uptime by %v", got, want)
	}
}

// A step is told and counted once, and stays in the State.
func TestWatcherTellsSteps(t *testing.T) {
	var told []time.Duration
	w, err := New(Config{Chrony: closedPort(t), OnStep: func(by time.Duration) { told = append(told, by) }})
	if err != nil {
		t.Fatal(err)
	}
	now, readable := 1000*time.Second, true
	w.difference = func() (time.Duration, bool) { return now, readable }
	look := func(want uint64, wantTold ...time.Duration) {
		t.Helper()
		_, _ = w.Poll(t.Context()) // there is no chronyd
		if got := w.State().Steps; got != want || fmt.Sprint(told) != fmt.Sprint(wantTold) {
			t.Errorf("%d steps, told %v; want %d, %v", got, told, want, wantTold)
		}
	}
	look(0)
	now -= 2 * time.Second
	look(1, -2*time.Second)
	look(1, -2*time.Second)
	now, readable = now+time.Minute, false // a step while the clocks cannot be read is found afterwards
	look(1, -2*time.Second)
	readable = true
	look(2, -2*time.Second, time.Minute)
}
