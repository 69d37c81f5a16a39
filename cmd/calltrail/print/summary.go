package print

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Count is a number with the name of what was counted.
type Count struct {
	Name string
	N    uint64
}

// Summary is what a replay says at its end.
type Summary struct {
	// Files read, and those of them that were damaged.
	Files, Damaged uint64
	// Packets read from them. Each is decoded, ignored or dropped, once.
	Packets uint64
	// Decoded packets by kind, Ignored and Dropped ones by reason.
	Decoded, Ignored, Dropped []Count
	// Calls by disposition, each call once.
	Calls []Count
	// Records and events written, all revisions.
	Records uint64
	// MediaClaimed and MediaUnclaimed are RTP streams that belong to a call, and those that do not.
	MediaClaimed, MediaUnclaimed uint64
	// Elapsed is the time the run took.
	Elapsed time.Duration
}

// UnbalancedError says that packets got lost or counted twice in the program itself.
type UnbalancedError struct{ Packets, Decoded, Ignored, Dropped uint64 }

func (e *UnbalancedError) Error() string {
	return fmt.Sprintf("the counts do not balance: packets %d, but decoded %d + ignored %d + dropped %d = %d; this is a fault of the program, please report it",
		e.Packets, e.Decoded, e.Ignored, e.Dropped, e.Decoded+e.Ignored+e.Dropped)
}

// Balance returns an *UnbalancedError unless packets = decoded + ignored + dropped.
func (s *Summary) Balance() error {
	d, i, x := sum(s.Decoded), sum(s.Ignored), sum(s.Dropped)
	if s.Packets == d+i+x {
		return nil
	}
	return &UnbalancedError{Packets: s.Packets, Decoded: d, Ignored: i, Dropped: x}
}

// Write writes the summary to w and returns Balance's error, or that of w.
func (s *Summary) Write(w io.Writer) error {
	sign := "="
	if s.Balance() != nil {
		sign = "≠"
	}
	var b strings.Builder
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) } // a Builder never fails
	printf("packets %d %s decoded %d + ignored %d + dropped %d\n", s.Packets, sign, sum(s.Decoded), sum(s.Ignored), sum(s.Dropped))
	for _, g := range []struct {
		name   string
		counts []Count
	}{{"decoded", s.Decoded}, {"ignored", s.Ignored}, {"dropped", s.Dropped}} {
		if text := list(g.counts); text != "" {
			printf("  %s: %s\n", g.name, text)
		}
	}
	printf("calls %d%s\n", sum(s.Calls), prefixed(": ", list(s.Calls)))
	printf("records %d\n", s.Records)
	printf("media streams %d = in calls %d + without a call %d\n", s.MediaClaimed+s.MediaUnclaimed, s.MediaClaimed, s.MediaUnclaimed)
	printf("files %d, damaged %d\n", s.Files, s.Damaged)
	printf("time %.1f s%s\n", s.Elapsed.Seconds(), s.rate())
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return s.Balance()
}

func (s *Summary) rate() string {
	if s.Elapsed <= 0 {
		return ""
	}
	return fmt.Sprintf(", %.0f packets/s", float64(s.Packets)/s.Elapsed.Seconds())
}

func sum(counts []Count) uint64 {
	var n uint64
	for _, c := range counts {
		n += c.N
	}
	return n
}

// list names what is not zero.
func list(counts []Count) string {
	var parts []string
	for _, c := range counts {
		if c.N > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", c.Name, c.N))
		}
	}
	return strings.Join(parts, ", ")
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
