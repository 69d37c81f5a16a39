package natlog

import (
	"strings"
	"time"
)

// message is a syslog message taken apart, as far as rules need it.
type message struct {
	at    time.Time // of the header; zero: it has none
	id    string    // MSGID of RFC 5424
	data  string    // STRUCTURED-DATA, with its brackets
	text  string    // MSG; of RFC 3164 with the tag before it
	local *time.Location
}

// header reads the header of a message:
//
//	<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG    RFC 5424 section 6
//	<PRI>Mmm dd hh:mm:ss HOSTNAME MSG                                      RFC 3164 section 4.1
//	<PRI>TIMESTAMP HOSTNAME MSG                                            the same with a time of RFC 3339, as rsyslog sends it
//	<PRI>1 yyyy Mmm dd hh:mm:ss HOSTNAME APP-NAME PROCID MSGID SD MSG      Cisco IOS XR
//
// received gives the time of RFC 3164 the year that makes it nearest.
func header(s string, received time.Time, zone *time.Location) message {
	m := message{text: s, local: zone}
	if strings.HasPrefix(s, "<") {
		if i := strings.IndexByte(s[:min(len(s), 5)], '>'); i > 0 {
			s = s[i+1:]
		}
	}
	m.text = s
	if rest, ok := strings.CutPrefix(s, "1 "); ok {
		if at, behind, ok := versionTime(rest, zone); ok {
			return structured(at, behind, zone)
		}
	}
	if len(s) > len(time.Stamp) && s[len(time.Stamp)] == ' ' {
		if at, err := time.ParseInLocation(time.Stamp, s[:len(time.Stamp)], zone); err == nil {
			_, m.text, _ = strings.Cut(s[len(time.Stamp)+1:], " ") // the host's name
			m.at = withYear(at, received, zone)
			return m
		}
	}
	first, behind, _ := strings.Cut(s, " ")
	if at, err := time.Parse(time.RFC3339Nano, first); err == nil {
		_, m.text, _ = strings.Cut(behind, " ")
		m.at = at.UTC()
	}
	return m
}

// versionTime reads the time behind the version: of RFC 3339, "-", or the one of Cisco.
func versionTime(s string, zone *time.Location) (at time.Time, behind string, ok bool) {
	first, behind, _ := strings.Cut(s, " ")
	if first == "-" {
		return time.Time{}, behind, true
	}
	if at, err := time.Parse(time.RFC3339Nano, first); err == nil {
		return at.UTC(), behind, true
	}
	const cisco = "2006 Jan _2 15:04:05"
	if len(s) > len(cisco) && s[len(cisco)] == ' ' {
		if at, err := time.ParseInLocation(cisco, s[:len(cisco)], zone); err == nil {
			return at.UTC(), s[len(cisco)+1:], true
		}
	}
	return time.Time{}, "", false
}

// structured reads what is behind the time: HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG.
func structured(at time.Time, s string, zone *time.Location) message {
	m := message{at: at, local: zone}
	for range 3 {
		_, s, _ = strings.Cut(s, " ")
	}
	m.id, s, _ = strings.Cut(s, " ")
	n := dataLen(s)
	m.data, m.text = s[:n], strings.TrimPrefix(strings.TrimPrefix(s[n:], " "), "\ufeff")
	return m
}

// dataLen is the length of STRUCTURED-DATA at the beginning of s (RFC 5424 section 6.3): "-", or elements in brackets, in whose
// quoted values a bracket counts for nothing.
func dataLen(s string) int {
	if strings.HasPrefix(s, "-") {
		return 1
	}
	n, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case i == n && s[i] != '[':
			return n
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ']' && !quoted:
			n = i + 1
		}
	}
	return n
}

// withYear gives a time without a year the one that brings it nearest to received: a line of 31 December may come in January.
func withYear(at, received time.Time, zone *time.Location) time.Time {
	best := time.Time{}
	year := received.In(zone).Year()
	for _, y := range []int{year - 1, year, year + 1} {
		t := time.Date(y, at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, zone)
		if best.IsZero() || t.Sub(received).Abs() < best.Sub(received).Abs() {
			best = t
		}
	}
	return best.UTC()
}
