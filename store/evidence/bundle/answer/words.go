package answer

import (
	"fmt"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"calltrail/cdr/record"
)

// Who names a party: its number, or what else its header says.
func Who(p *record.Party) string {
	switch {
	case p.E164 != "":
		return p.E164
	case p.User != "" && p.Host != "":
		return Visible(p.User + "@" + p.Host)
	case p.User != "":
		return Visible(p.User)
	}
	return "no number"
}

// Country is the English name of a country; its code when it has none.
func Country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.English.Regions().Name(region); name != "" {
		return name
	}
	return code
}

// Both writes a moment in IST and in UTC, to the second.
func Both(t time.Time) string {
	return fmt.Sprintf("%s IST (%s UTC)", t.In(IST).Format("2 January 2006, 15:04:05"), t.UTC().Format("2006-01-02 15:04:05"))
}

// Length writes how long something lasted.
func Length(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%d h %d min %d s", h, m, s)
	case m > 0:
		return fmt.Sprintf("%d min %d s", m, s)
	}
	return fmt.Sprintf("%d s", s)
}

// outcomes are the dispositions in words.
var outcomes = map[record.Disposition]string{
	"answered": "It was answered", "busy": "The called party was busy", "cancelled": "The caller gave up before it was answered",
	"no_answer": "It was not answered", "rejected": "It was rejected", "redirected": "It was sent on to another number",
	"failed": "It failed", "in_progress": "It had not ended when this record was made", "unknown": "How it ended was not seen",
}

// Outcome says how the call ended.
func (c *Call) Outcome() string {
	text := cmpOr(outcomes[c.Disposition], Visible(string(c.Disposition)))
	if c.Kind != record.KindSIP && c.Disposition != "in_progress" {
		text = "Packets of the call were seen"
		if c.DurationMS != nil {
			return fmt.Sprintf("%s for %s; who called whom, and whether it was answered, cannot be seen.", text, Length(time.Duration(*c.DurationMS)*time.Millisecond))
		}
	}
	if c.Disposition == "answered" && c.DurationMS != nil {
		text += fmt.Sprintf(" and lasted %s", Length(time.Duration(*c.DurationMS)*time.Millisecond))
	}
	if c.SIP != nil && c.SIP.Status != nil && c.Disposition != "answered" {
		text += fmt.Sprintf(" (network's answer: %d)", *c.SIP.Status)
	}
	return text + "."
}

// Headline says in one sentence what was seen.
func (c *Call) Headline() string {
	switch {
	case c.App != nil:
		name := "an application that could not be told"
		if c.App.Name != "" {
			name = Visible(c.App.Name)
			if c.App.Confidence != "certain" {
				name += " (" + Visible(c.App.Confidence) + ")"
			}
		}
		return fmt.Sprintf("A call in %s, between %s and %s.", name, end(c.Src), end(c.Dst))
	case c.Kind == record.KindSIP:
		return fmt.Sprintf("A call that showed the number %s was made to %s.", Who(&c.Caller), Who(&c.Callee))
	}
	return fmt.Sprintf("Call traffic without readable signalling, between %s and %s.", end(c.Src), end(c.Dst))
}

func end(e *record.End) string {
	if e == nil {
		return "an unknown address"
	}
	return fmt.Sprintf("%s port %d", e.IP, e.Port)
}

// Network says who runs the network of an end, and by which database of what day.
func (c *Call) Network(e *record.End) string {
	if e == nil || e.ASNumber == 0 {
		return "not known"
	}
	text := fmt.Sprintf("AS%d %s", e.ASNumber, Visible(e.ASOrg))
	if d := c.Database("asn"); d != nil {
		text += fmt.Sprintf(" (%s of %s)", Visible(d.Type), d.Built.Day())
	}
	return text
}

// ClockError says how wrong the times of the call may be.
func (c *Call) ClockError() string {
	k := c.Observer.Clock
	switch {
	case k == nil:
		return "not known: the record was made from a capture file"
	case !k.Synced:
		return "not known: the sensor's clock followed no reference"
	}
	text := fmt.Sprintf("at most %.3f s", float64(k.ErrorUS+max(k.OffsetUS, -k.OffsetUS))/1e6)
	if k.Reference != "" {
		text += ", clock following " + Visible(k.Reference)
	}
	return text
}

// Limits say what the observer did not see of this call, in words.
func (c *Call) Limits() (list []string) {
	switch c.Visibility {
	case "sip_only":
		list = append(list, "only the signalling was seen, not the voice packets")
	case "media_only":
		list = append(list, "only voice packets were seen, not the signalling: no numbers are known")
	case "one_way":
		list = append(list, "only one direction was seen")
	case "encrypted":
		list = append(list, "it was encrypted")
	case record.Full:
	}
	for _, f := range c.Flags {
		list = append(list, cmpOr(flags[f], "mark "+Visible(f)))
	}
	return list
}

// flags are the commonest marks of a record in words; docs/record.md has all.
var flags = map[string]string{
	"mid_call": "its beginning was not seen", "evicted": "the sensor had to let it go before its end", "capture_end": "the observation ended before the call",
	"shutdown": "the sensor was stopped during the call", "unverified_end": "its end was signalled by somebody who may be no party", "no_media": "no voice packets were seen",
	"sensor_restart": "the sensor was restarted during the call", "truncated": "a value was too long and was cut",
}
