package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration whose text may also count in days of 24 hours: "10s", "1h30m", "730d".
type Duration time.Duration

// Std is d as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String is d in the form the file uses; whole days are written as such.
func (d Duration) String() string {
	if v := time.Duration(d); v > 0 && v%day == 0 {
		return strconv.FormatInt(int64(v/day), 10) + "d"
	}
	return time.Duration(d).String()
}

func parseDuration(s string) (Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > uint64(1<<63-1)/uint64(day) {
			return 0, fmt.Errorf("%q is not a duration; write a number with a unit, 10s, 5m, 24h or 7d", s)
		}
		return Duration(time.Duration(n) * day), nil
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write a number with a unit, 10s, 5m, 24h or 7d", s)
	}
	return Duration(v), nil
}

// Size is a number of octets; its text may carry a unit: "512KiB", "64MiB", "8GiB", or none.
type Size int64

// String is s in the form the file uses, with the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.octets == 0 {
			return strconv.FormatInt(int64(s)/u.octets, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var sizeUnits = []struct {
	name   string
	octets int64
}{
	{"GiB", gib},
	{"MiB", mib},
	{"KiB", kib},
}

func parseSize(s string) (Size, error) {
	digits, unit := s, int64(1)
	for _, u := range sizeUnits {
		if d, ok := strings.CutSuffix(s, u.name); ok {
			digits, unit = strings.TrimSpace(d), u.octets
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > (1<<63-1)/unit {
		return 0, fmt.Errorf("%q is not a size; write a number of octets or with KiB, MiB or GiB", s)
	}
	return Size(n * unit), nil
}

// parsePrefix takes CIDR, or one address for a prefix of its full length.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" && !a.Is4In6() {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not an address range; write it as 192.0.2.0/24 or 2001:db8::/32", s)
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is IPv4 inside IPv6; write IPv4 addresses in their own form", s)
	}
	if p.Masked() != p {
		return netip.Prefix{}, fmt.Errorf("%q has bits set behind its length; write %s", s, p.Masked())
	}
	return p, nil
}

// kind is what a value must look like in the file.
type kind int

const (
	kindString kind = iota
	kindBool
	kindInt
	kindDuration
	kindSize
	kindPrefix
)

func (k kind) String() string {
	return [...]string{"text", "true or false", "a whole number", "a duration", "a size", "an address range"}[k]
}

// shape tells the kind of a field and whether it is a list. It panics on a type that no key has.
func shape(v reflect.Value) (k kind, list bool) {
	switch v.Interface().(type) {
	case string:
		return kindString, false
	case bool:
		return kindBool, false
	case int:
		return kindInt, false
	case Duration:
		return kindDuration, false
	case Size:
		return kindSize, false
	case []string:
		return kindString, true
	case []netip.Prefix:
		return kindPrefix, true
	}
	panic("config: a key of type " + v.Type().String())
}

// parseScalar turns one value's text into what a field of kind k holds (an element of it, for a list).
func parseScalar(k kind, s string) (any, error) {
	switch k {
	case kindString:
		return s, nil
	case kindBool:
		switch s {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fmt.Errorf("%q is neither true nor false; write one of them", s)
	case kindInt:
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number; write digits only", s)
		}
		return n, nil
	case kindDuration:
		return parseDuration(s)
	case kindSize:
		return parseSize(s)
	case kindPrefix:
		return parsePrefix(s)
	}
	panic("config: kind " + strconv.Itoa(int(k)))
}

// setText sets a field from the text of an environment variable or a flag; lists are separated by commas.
func setText(v reflect.Value, s string) error {
	k, list := shape(v)
	if !list {
		x, err := parseScalar(k, s)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(x))
		return nil
	}
	out := reflect.MakeSlice(v.Type(), 0, 1)
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		x, err := parseScalar(k, part)
		if err != nil {
			return err
		}
		out = reflect.Append(out, reflect.ValueOf(x))
	}
	v.Set(out)
	return nil
}
