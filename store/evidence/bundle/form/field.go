package form

import (
	"strconv"
	"strings"
	"time"

	"calltrail/cdr/record"
	"calltrail/store/evidence/bundle/answer"
)

// fieldEmpty is the field of a column that somebody fills in by hand.
const fieldEmpty = "empty"

// fields are what a column may show of a call.
var fields = map[string]func(*answer.Call) string{
	fieldEmpty:       func(*answer.Call) string { return "" },
	"caller":         func(c *answer.Call) string { return number(&c.Caller) },
	"callee":         func(c *answer.Call) string { return number(&c.Callee) },
	"asserted":       asserted,
	"redirects":      redirects,
	"start.date.ist": func(c *answer.Call) string { return part(c.StartedAt, answer.IST, time.DateOnly) },
	"start.time.ist": func(c *answer.Call) string { return part(c.StartedAt, answer.IST, clock) },
	"start.date.utc": func(c *answer.Call) string { return part(c.StartedAt, time.UTC, time.DateOnly) },
	"start.time.utc": func(c *answer.Call) string { return part(c.StartedAt, time.UTC, clock) },
	"end.date.ist":   func(c *answer.Call) string { return part(c.EndedAt, answer.IST, time.DateOnly) },
	"end.time.ist":   func(c *answer.Call) string { return part(c.EndedAt, answer.IST, clock) },
	"end.date.utc":   func(c *answer.Call) string { return part(c.EndedAt, time.UTC, time.DateOnly) },
	"end.time.utc":   func(c *answer.Call) string { return part(c.EndedAt, time.UTC, clock) },
	"duration":       duration,
	"disposition":    func(c *answer.Call) string { return string(c.Disposition) },
	"src.ip":         func(c *answer.Call) string { return ip(c.Src) },
	"src.port":       func(c *answer.Call) string { return port(c.Src) },
	"dst.ip":         func(c *answer.Call) string { return ip(c.Dst) },
	"dst.port":       func(c *answer.Call) string { return port(c.Dst) },
	"src.network":    func(c *answer.Call) string { return c.Network(c.Src) },
	"latitude":       func(c *answer.Call) string { return coordinate(c, func(p *answer.Place) float64 { return p.Latitude }) },
	"longitude": func(c *answer.Call) string {
		return coordinate(c, func(p *answer.Place) float64 { return p.Longitude })
	},
	"accuracy":        func(c *answer.Call) string { return coordinate(c, func(p *answer.Place) float64 { return p.Radius }) },
	"place":           place,
	"device":          device,
	"indicators":      indicators,
	"record_id":       func(c *answer.Call) string { return c.RecordID.String() },
	"sensor":          func(c *answer.Call) string { return c.Sensor },
	"seq":             func(c *answer.Call) string { return strconv.FormatUint(c.Row.Seq, 10) },
	"subscriber.name": func(*answer.Call) string { return "" },
	"subscriber.id": func(c *answer.Call) string {
		return subscriber(c, func(s answer.Subscriber) string { return s.Subscriber })
	},
	"subscriber.line": func(c *answer.Call) string { return subscriber(c, func(s answer.Subscriber) string { return s.Line }) },
	"subscriber.inside": func(c *answer.Call) string {
		return subscriber(c, func(s answer.Subscriber) string { return s.Inside })
	},
}

const clock = "15:04:05.000000"

// masked stands where the approval does not include who the subscriber is.
const masked = "(masked)"

func number(p *record.Party) string {
	if p.E164 == "" && p.User == "" {
		return ""
	}
	return answer.Who(p)
}

func asserted(c *answer.Call) string {
	if c.Asserted == nil {
		return ""
	}
	if c.Asserted.E164 != "" {
		return c.Asserted.E164
	}
	return c.Asserted.Raw
}

func redirects(c *answer.Call) string {
	var list []string
	for i := range c.Redirects {
		text := c.Redirects[i].E164
		if text == "" {
			text = c.Redirects[i].Raw
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}

func part(t record.Time, zone *time.Location, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.Std().In(zone).Format(layout)
}

func duration(c *answer.Call) string {
	if c.DurationMS == nil {
		return ""
	}
	return strconv.FormatFloat(float64(*c.DurationMS)/1000, 'f', 3, 64)
}

func ip(e *record.End) string {
	if e == nil {
		return ""
	}
	return e.IP.String()
}

func port(e *record.End) string {
	if e == nil {
		return ""
	}
	return strconv.Itoa(int(e.Port))
}

// own is the place of the near end, when it is that end's own; nil otherwise.
func own(c *answer.Call) *answer.Place {
	if c.Src == nil {
		return nil
	}
	if p := c.Places()[0]; p.Drawn {
		return &p
	}
	return nil
}

func coordinate(c *answer.Call, of func(*answer.Place) float64) string {
	p := own(c)
	if p == nil {
		return ""
	}
	return strconv.FormatFloat(of(p), 'f', -1, 64)
}

func place(c *answer.Call) string {
	if c.Src == nil {
		return ""
	}
	return c.Places()[0].Words
}

func device(c *answer.Call) string {
	if c.SIP != nil && c.SIP.InstanceID != "" {
		return c.SIP.InstanceID
	}
	return subscriber(c, func(s answer.Subscriber) string { return s.MAC })
}

func indicators(c *answer.Call) string {
	var list []string
	for i := range c.Indicators {
		list = append(list, c.Indicators[i].Rule)
	}
	return strings.Join(list, "; ")
}

func subscriber(c *answer.Call, of func(answer.Subscriber) string) string {
	if c.Masked {
		return masked
	}
	return of(c.SubscriberAt(c.Src))
}
