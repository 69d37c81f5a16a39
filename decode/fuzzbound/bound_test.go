package fuzzbound

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// recorder is a testing.TB that keeps what it is told.
type recorder struct {
	testing.TB
	said []string
}

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

var sink []byte

// busy keeps the processor for a while, as a loop within a loop over the input would.
func busy(d time.Duration) {
	for began := time.Now(); time.Since(began) < d; {
		sink = sink[:0]
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		n      int
		decode func()
		want   string // what the failure says, empty for none
	}{
		{"nothing", 0, func() {}, ""},
		{"within the floor", 0, func() { sink = make([]byte, 48<<10) }, ""},
		{"above the floor", 0, func() { sink = make([]byte, 72<<10) }, "allocate"},
		{"eight times the input", 64 << 10, func() { sink = make([]byte, 8*64<<10) }, ""},
		{"ten times the input", 64 << 10, func() { sink = make([]byte, 10*64<<10) }, "allocate"},
		{"many small ones", 100, func() {
			for range 3000 {
				sink = make([]byte, 32)
			}
		}, "allocate"},
		{"what a length of four octets asks for", 4, func() { sink = make([]byte, 1<<24) }, "allocate"},
		{"quick", 0, func() { busy(200 * time.Microsecond) }, ""},
		{"slow", 0, func() { busy(3 * time.Millisecond) }, "took"},
		{"slow for its length", 2049, func() { busy(5 * time.Millisecond) }, "took"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{TB: t}
			Check(r, c.n, c.decode)
			said := strings.Join(r.said, "; ")
			if (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
				t.Errorf("it says %q, want something with %q", said, c.want)
			}
		})
	}
}

// TestHiccup holds that one slow turn, as a garbage collection or another program makes it, is no failure.
func TestHiccup(t *testing.T) {
	r := &recorder{TB: t}
	calls := 0
	Check(r, 0, func() {
		if calls++; calls <= 3 {
			busy(2 * time.Millisecond)
		}
	})
	if len(r.said) != 0 || calls < 4 {
		t.Errorf("%d calls, it says %q", calls, r.said)
	}
}

// TestState holds that each measurement has a state of its own, and that preparing it does not count.
func TestState(t *testing.T) {
	r := &recorder{TB: t}
	prepared, decoded := 0, 0
	CheckNew(r, 10, func() func() {
		prepared++
		table := make([]byte, 1<<20)
		busy(2 * time.Millisecond)
		return func() {
			decoded++
			if table[0] != 0 {
				t.Error("a state used twice")
			}
			table[0] = 1
			if decoded == 1 {
				busy(3 * time.Millisecond)
			}
		}
	})
	if len(r.said) != 0 || prepared < 2 || prepared != decoded {
		t.Errorf("prepared %d times, decoded %d times, it says %q", prepared, decoded, r.said)
	}
}

func BenchmarkCheck(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Check(b, 100, func() {})
	}
}
