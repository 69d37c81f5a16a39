package status

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"calltrail/cmd/calltrail/print"
)

// The screen: 80 columns, and 23 lines, so that the prompt of a terminal of 24 lines stands under them.
const (
	columns     = 80
	mostTaps    = 4
	mostTrouble = 5
)

// screen gathers the lines.
type screen struct {
	strings.Builder
	now  time.Time
	zone *time.Location
}

// line writes one line, cut at the right edge. What is in it may come from outside: nothing of it reaches a terminal as
// an order.
func (s *screen) line(format string, args ...any) {
	text := strings.TrimRight(print.Visible(fmt.Sprintf(format, args...)), " ")
	_, _ = s.WriteString(cut(text, columns) + "\n") // a Builder never fails
}

// item writes a line of a name and what there is to say of it.
func (s *screen) item(name, format string, args ...any) {
	s.line("  %-9s %s", name, fmt.Sprintf(format, args...))
}

// WriteTable writes the screen, without any terminal escape. Times are in zone.
func (r *Report) WriteTable(w io.Writer, zone *time.Location) error {
	s := &screen{now: r.At, zone: zone}
	s.line("calltrail status  %s", r.At.In(zone).Format(time.DateTime+" MST"))
	if v := r.Sensor.Value; v != nil {
		s.sensor(v, r.Sensor.From)
	} else {
		s.absent("SENSOR", r.Sensor.From, r.Sensor.Error, r.Sensor.Expected)
	}
	if v := r.Store.Value; v != nil {
		s.store(v, r.Store.From)
	} else {
		s.absent("STORE", r.Store.From, r.Store.Error, r.Store.Expected)
	}
	s.kafka(r)
	s.postgres(r)
	s.verdict(r.Problems)
	_, err := io.WriteString(w, s.String())
	return err
}

func (s *screen) absent(what, from, reason string, expected bool) {
	switch {
	case from == "":
		s.line("%s  not asked: its address is empty (metrics)", what)
	case expected:
		s.line("%s  %s", what, reason)
	default:
		s.line("%s  none on this host (%s)", what, from)
	}
}

func (s *screen) sensor(v *Sensor, from string) {
	s.line("SENSOR %s  %s, up %s, version %s", v.Sensor, from, span(v.At.Sub(v.Started).Seconds()), v.Version)
	s.taps(v)
	c := v.Calls
	s.item("calls", "%s open, %s in memory, %s pushed out; %s records made",
		count(positive(c.Open)), count(positive(c.InMemory)), count(c.Evicted), count(c.Records))
	covered, late := "no minute yet", "no packet yet"
	if v.CoverageMinute != nil {
		covered = "last minute " + clockTime(*v.CoverageMinute, s.now, s.zone)
	}
	if v.LagSeconds != nil {
		late = "worked up to " + span(*v.LagSeconds) + " ago"
	}
	s.item("coverage", "%s; %s", covered, late)
	s.clock(v.Clock)
	s.spool(v.Spool, len(v.Delivery) > 0)
	s.disk(v.Disk)
	for i := range v.Delivery {
		s.delivery(&v.Delivery[i])
	}
}

// taps writes a line a tap, the ones with trouble first when there is not room for all.
func (s *screen) taps(v *Sensor) {
	const row = "  %-15s %-4s %9s %8s %6s %9s %6s %6s %6s"
	s.line(row, "TAP", "LINK", "PACKETS/S", "PER S", "SIP/S", "DROPPED", "RECENT", "COPIES", "1-WAY")
	taps := slices.Clone(v.Taps)
	if len(taps) > mostTaps {
		slices.SortStableFunc(taps, func(a, b Tap) int { return b.trouble() - a.trouble() })
		taps = taps[:mostTaps-1]
	}
	for i := range taps {
		t := &taps[i]
		state := "up"
		if !t.Up {
			state = "DOWN"
		}
		volume := "-"
		if t.OctetsPerSecond != nil {
			volume = octets(*t.OctetsPerSecond)
		}
		// What the card missed counts since the host began, so only what is recent of it is this sensor's.
		s.line(row, t.Name, state, rate(t.PacketsPerSecond), volume, rate(t.SIPPerSecond),
			count(t.Total.KernelDrops), count(t.Recent.KernelDrops+t.Recent.CardMissed),
			percent(t.Recent.Duplicates, t.Recent.Packets), percent(t.Recent.OneWayFlows, t.Recent.Flows))
	}
	if more := len(v.Taps) - len(taps); more > 0 {
		s.line("  … and %d more: --format json shows all", more)
	}
}

// trouble ranks taps.
func (t *Tap) trouble() int {
	switch {
	case !t.Up:
		return 3
	case t.Recent.KernelDrops+t.Recent.CardMissed > 0:
		return 2
	case t.Recent.oneWay():
		return 1
	}
	return 0
}

func (s *screen) verdict(problems []string) {
	if len(problems) == 0 {
		s.line("all is well")
		return
	}
	shown := problems
	if len(shown) > mostTrouble {
		shown = shown[:mostTrouble-1]
	}
	for _, p := range shown {
		s.line("! %s", p)
	}
	if more := len(problems) - len(shown); more > 0 {
		s.line("! … and %d more: --format json shows all", more)
	}
}

func positive(n int) uint64 { return uint64(max(n, 0)) }

// cut shortens text to width columns.
func cut(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	used, end, state := 0, 0, -1
	for rest := text; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width-1 {
			break
		}
		used += w
		end += len(cluster)
	}
	return text[:end] + "…"
}
