package page

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"calltrail/store/evidence/bundle/answer"
)

// Geometry of the timeline, in user units.
const (
	lineHeight = 26.0
	lineLeft   = 420.0
	lineRight  = 880.0
	lineTop    = 40.0
)

// steps are the distances that ticks may have.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
	10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour,
	7 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// timeline draws a line for each call, in the order of their time: when it rang (light) and when it was spoken (dark).
func timeline(calls []*answer.Call) template.HTML {
	if len(calls) == 0 {
		return ""
	}
	from, to := calls[0].StartedAt.Std(), calls[0].End()
	for _, c := range calls {
		if c.End().After(to) {
			to = c.End()
		}
	}
	room := max(to.Sub(from)/20, time.Second)
	from, to = from.Add(-room), to.Add(room)
	at := func(t time.Time) float64 {
		return lineLeft + (lineRight-lineLeft)*clamp(float64(t.Sub(from))/float64(to.Sub(from)), 0, 1)
	}
	height := lineTop + lineHeight*float64(len(calls)) + 8
	var b strings.Builder
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) } // a Builder does not fail
	put(`<svg class="timeline" viewBox="0 0 900 %.0f" role="img"><title>When each call was, in IST</title>`, height)
	ticks(put, from, to, at, height)
	for i, c := range calls {
		y := lineTop + lineHeight*float64(i)
		put(`<g class="call" data-n="%d">`, c.N)
		label := fmt.Sprintf("%d · %s · %s → %s", c.N, c.StartedAt.Std().In(answer.IST).Format("2 Jan 15:04:05"), shortWho(c, true), shortWho(c, false))
		put(`<text x="4" y="%.1f">%s</text>`, y+17, template.HTMLEscapeString(label))
		bar := func(class string, a, z time.Time) {
			x := at(a)
			put(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="14"/>`, class, x, y+6, max(at(z)-x, 3))
		}
		if answered := c.AnsweredAt; !answered.IsZero() {
			bar("ringing", c.StartedAt.Std(), answered.Std())
			bar("talking", answered.Std(), c.End())
		} else if c.Kind != "sip" {
			bar("talking", c.StartedAt.Std(), c.End())
		} else {
			bar("ringing", c.StartedAt.Std(), c.End())
		}
		put(`</g>`)
	}
	put(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // numbers, and labels that are escaped
}

// ticks draws at most seven lines of the clock of India.
func ticks(put func(string, ...any), from, to time.Time, at func(time.Time) float64, height float64) {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if to.Sub(from)/s <= 6 {
			step = s
			break
		}
	}
	layout := "15:04:05"
	if step >= 24*time.Hour {
		layout = "2 Jan 2006"
	} else if to.Sub(from) > 24*time.Hour {
		layout = "2 Jan 15:04"
	}
	const offset = 5*time.Hour + 30*time.Minute // so that days begin at midnight in India
	first := from.Add(offset).Truncate(step).Add(step - offset)
	put(`<g class="ticks"><text x="4" y="24">Time in India (IST)</text>`)
	for t := first; t.Before(to); t = t.Add(step) {
		x := at(t)
		put(`<path d="M%.1f 30V%.0f"/><text class="tick" x="%.1f" y="24">%s</text>`, x, height, x, t.In(answer.IST).Format(layout))
	}
	put(`</g>`)
}

func shortWho(c *answer.Call, from bool) string {
	if c.Kind != "sip" {
		e := c.Dst
		if from {
			e = c.Src
		}
		if e == nil {
			return "?"
		}
		return e.IP.String()
	}
	who := answer.Who(&c.Callee)
	if from {
		who = answer.Who(&c.Caller)
	}
	if r := []rune(who); len(r) > 16 {
		who = string(r[:15]) + "…"
	}
	return who
}
