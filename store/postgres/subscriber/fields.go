package subscriber

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Times outside of these years are mistakes: seconds taken for milliseconds, a clock that was never set.
const firstYear, lastYear = 1990, 2200

// time reads a point in time: seconds since 1970 (RFC 2869 section 5.3), RFC 3339, or without a zone in that of the import.
func (r *row) time(name string) (time.Time, error) {
	s := r.get(name)
	if s == "" {
		return time.Time{}, fmt.Errorf("%s is empty", name)
	}
	t, err := parseTime(s, r.zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", name, err)
	}
	if y := t.UTC().Year(); y < firstYear || y > lastYear {
		return time.Time{}, fmt.Errorf("%s: %s is not between the years %d and %d", name, quoted(s), firstYear, lastYear)
	}
	return t.UTC().Truncate(time.Microsecond), nil // what Postgres keeps
}

var errNoZone = errors.New("the time has no zone")

func parseTime(s string, zone *time.Location) (time.Time, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", "2006/01/02 15:04:05"} {
		if _, err := time.Parse(layout, s); err != nil {
			continue
		}
		if zone == nil {
			return time.Time{}, fmt.Errorf("%w: %s; name its zone with --zone, or write it like 2026-11-22T10:00:00+05:30", errNoZone, quoted(s))
		}
		t, err := time.ParseInLocation(layout, s, zone)
		if err != nil {
			return time.Time{}, err
		}
		return t, oneTime(t, s, layout)
	}
	return time.Time{}, fmt.Errorf("%s is no time; write it like 2026-11-22T10:00:00+05:30", quoted(s))
}

// oneTime refuses what the clocks of the zone showed twice or never, when summer time ended or began.
func oneTime(t time.Time, s, layout string) error {
	if t.Format(layout)[:len(time.DateTime)] != s[:len(time.DateTime)] {
		return fmt.Errorf("%s was never shown by the clocks of %s; write the time with its zone", quoted(s), t.Location())
	}
	for _, d := range []time.Duration{-time.Hour, time.Hour} {
		if t.Add(d).Format(layout) == t.Format(layout) {
			return fmt.Errorf("%s was shown twice by the clocks of %s; write the time with its zone", quoted(s), t.Location())
		}
	}
	return nil
}

// address reads one address; the invalid one when the field is empty.
func (r *row) address(name string) (netip.Addr, error) {
	s := r.get(name)
	if s == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%s: %s is no address", name, quoted(s))
	}
	if a = a.Unmap(); a.IsUnspecified() || a.IsMulticast() || a == broadcast {
		return netip.Addr{}, fmt.Errorf("%s: %s is nobody's address", name, quoted(s))
	}
	return a, nil
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// host is the prefix of one address.
func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// prefix reads an IPv6 prefix (RFC 3162 section 2.3, RFC 4818 section 3); the invalid one when the field is empty.
func (r *row) prefix(name string) (netip.Prefix, error) {
	s := r.get(name)
	if s == "" {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil || !p.Addr().Is6() || p.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("%s: %s is no IPv6 prefix", name, quoted(s))
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("%s: %s has bits behind its length", name, quoted(s))
	case p.Bits() < shortestPrefix:
		return netip.Prefix{}, fmt.Errorf("%s: %s is shorter than /%d: it is no subscriber's", name, quoted(s), shortestPrefix)
	}
	return p, nil
}

// shortestPrefix: an LIR has a /32 at the least, and a customer less than that.
const shortestPrefix = 33

// port reads a number from 0 to 65535.
func (r *row) port(name string) (int, error) {
	n, err := strconv.ParseUint(r.get(name), 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%s: %s is no port", name, quoted(r.get(name)))
	}
	return int(n), nil
}

// mac reads a hardware address in any of its usual forms; "" with false when s is none.
func mac(s string) (string, bool) {
	// RFC 3580 section 3.21: upper case with hyphens, and for a wireless port ":SSID" after it.
	if len(s) == 12 {
		s = strings.Join([]string{s[:4], s[4:8], s[8:]}, ".")
	}
	for _, form := range []string{s, s[:min(len(s), 17)]} {
		if form != s && s[17] != ':' {
			continue
		}
		if hw, err := net.ParseMAC(form); err == nil && len(hw) == 6 {
			return hw.String(), true
		}
	}
	return "", false
}
