package status

import (
	"fmt"
	"strconv"
	"time"
)

// count writes 1234567 as 1,234,567.
func count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// octets writes a size with a binary unit and at most four digits: 512 B, 1.5 KiB, 412 GiB.
func octets(n float64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%.0f B", n)
	}
	unit := -1
	for n >= 1023.5 && unit < len(units)-1 {
		n /= 1024
		unit++
	}
	if n < 9.95 {
		return fmt.Sprintf("%.1f %ciB", n, units[unit])
	}
	return fmt.Sprintf("%.0f %ciB", n, units[unit])
}

// span writes a time in its two largest units: 3d 4h, 5m 6s, 0.4 s, 12 ms, 35 µs. Its argument is in seconds.
func span(seconds float64) string {
	switch {
	case seconds < 0:
		return "-" + span(-seconds)
	case seconds == 0:
		return "0 s"
	case seconds < 0.9995e-3:
		return fmt.Sprintf("%.0f µs", seconds*1e6)
	case seconds < 0.09995:
		return fmt.Sprintf("%.0f ms", seconds*1e3)
	case seconds < 9.95:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 59.5:
		return fmt.Sprintf("%.0f s", seconds)
	}
	n := int64(min(seconds, 1e15) + 0.5)
	for _, u := range []struct {
		of, rest   int64
		name, next string
	}{{86400, 3600, "d", "h"}, {3600, 60, "h", "m"}, {60, 1, "m", "s"}} {
		if n < u.of {
			continue
		}
		if rest := n % u.of / u.rest; rest > 0 {
			return fmt.Sprintf("%d%s %d%s", n/u.of, u.name, rest, u.next)
		}
		return fmt.Sprintf("%d%s", n/u.of, u.name)
	}
	return "0 s"
}

// percent writes part/whole; "-" when there is no whole.
func percent(part, whole uint64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

// rate writes a number a second, which may be unknown.
func rate(perSecond *float64) string {
	switch {
	case perSecond == nil:
		return "-"
	case *perSecond > 0 && *perSecond < 10:
		return fmt.Sprintf("%.1f", *perSecond)
	}
	return count(uint64(max(*perSecond, 0) + 0.5))
}

// clockTime writes the time of day, with the date when that is not today's.
func clockTime(t, now time.Time, zone *time.Location) string {
	t, now = t.In(zone), now.In(zone)
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}
