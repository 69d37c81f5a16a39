package watchlist

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind says what an entry's value is and how it is compared.
type Kind string

// Kinds.
const (
	Number       Kind = "number"        // E.164, "+" and digits: the whole number
	NumberPrefix Kind = "number_prefix" // the first digits of an E.164 number, "+" and country code included
	Address      Kind = "address"       // one IPv4 or IPv6 address
	Prefix       Kind = "prefix"        // all addresses of a network, in CIDR notation (RFC 4632)
	SIPURI       Kind = "sip_uri"       // user and host; scheme, port and parameters do not count
	UserAgent    Kind = "user_agent"    // User-Agent or Server, whatever the case; * stands for anything
)

// Kinds lists them all.
func Kinds() []Kind { return []Kind{Number, NumberPrefix, Address, Prefix, SIPURI, UserAgent} }

// Entry is one thing to look for, as it is given.
type Entry struct {
	// List is the list's name: lower-case letters, digits, ".", "_" and "-", at most 64. Required.
	List string
	Kind Kind
	// Value is written as Kind says. Normalise brings it to the form it is compared in. At most 512 octets.
	Value string
	// Source is who wants it looked for, and Reason why: both required, at most 512 octets each.
	Source string
	Reason string
	// Case is the reference of a case; "" is none. At most 512 octets.
	Case string
	// From and Until bound the calls it is looked for in by the time they began, Until excluded. Zero: not bounded.
	From, Until time.Time
}

// Numbers brings a telephone number to E.164, or says that it is none. It is number.Book's Lookup, in the numbering plan
// of the configured region.
type Numbers func(written string) (e164 string, ok bool)

const (
	maxText   = 512 // octets of a value, source, case or reason
	minMarked = 3   // characters of a User-Agent pattern that are not *
)

var listName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Normalise checks an entry and brings its value to the form it is compared in. Its errors do not quote the value.
func (e Entry) Normalise(numbers Numbers) (Entry, error) {
	if !listName.MatchString(e.List) {
		return e, errors.New(`list: a name has 1 to 64 lower-case letters, digits, ".", "_" and "-"`)
	}
	for _, t := range []struct {
		name     string
		text     *string
		required bool
	}{{"value", &e.Value, true}, {"source", &e.Source, true}, {"reason", &e.Reason, true}, {"case", &e.Case, false}} {
		*t.text = strings.TrimSpace(*t.text)
		if err := checkText(*t.text, t.required); err != nil {
			return e, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	if !e.From.IsZero() && !e.Until.IsZero() && !e.From.Before(e.Until) {
		return e, errors.New("until: it is not after from")
	}
	var err error
	switch e.Kind {
	case Number:
		e.Value, err = wholeNumber(e.Value, numbers)
	case NumberPrefix:
		e.Value, err = numberPrefix(e.Value)
	case Address:
		e.Value, err = address(e.Value)
	case Prefix:
		e.Value, err = prefix(e.Value)
	case SIPURI:
		e.Value, err = sipURI(e.Value)
	case UserAgent:
		if utf8.RuneCountInString(strings.ReplaceAll(e.Value, "*", "")) < minMarked {
			err = fmt.Errorf("a User-Agent with at least %d characters besides * is wanted", minMarked)
		}
	default:
		return e, fmt.Errorf("kind: one of %s is wanted", kindNames())
	}
	if err != nil {
		return e, fmt.Errorf("value: %w", err)
	}
	return e, nil
}

func kindNames() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

func checkText(s string, required bool) error {
	switch {
	case s == "" && required:
		return errors.New("it is empty")
	case len(s) > maxText:
		return fmt.Errorf("it is longer than %d octets", maxText)
	case !utf8.ValidString(s):
		return errors.New("it is not UTF-8")
	case strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("it has a control character")
	}
	return nil
}

func wholeNumber(s string, numbers Numbers) (string, error) {
	// People write numbers with spaces and brackets, which SIP never does.
	e164, ok := numbers(strings.Map(dropVisual, s))
	if !ok {
		return s, errors.New("no valid telephone number; write it with + and country code, or look for its first digits (number_prefix)")
	}
	return e164, nil
}

func numberPrefix(s string) (string, error) {
	s = strings.Map(dropVisual, s)
	digits, plus := strings.CutPrefix(s, "+")
	if !plus || digits == "" || len(digits) > 15 || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return s, errors.New(`no number prefix; write "+", country code and the first digits, at most 15`)
	}
	return s, nil
}

// dropVisual takes away what only helps the eye (visual-separator of RFC 3966 section 3, and spaces).
func dropVisual(r rune) rune {
	if strings.ContainsRune(" -.()", r) {
		return -1
	}
	return r
}

func address(s string) (string, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return s, errors.New("no address; for a network there is the kind prefix")
	}
	return ip.Unmap().String(), nil
}

func prefix(s string) (string, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return s, errors.New("no prefix; write it like 192.0.2.0/24 or 2001:db8::/32")
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p.Bits() == 0 {
		return s, errors.New("a prefix of length 0 is every address")
	}
	// A typing mistake as likely as not: a network nobody meant would be looked for.
	if p != p.Masked() {
		return s, fmt.Errorf("bits are set behind its %d; a prefix ends in zeros", p.Bits())
	}
	return p.String(), nil
}

// sipURI reads "sip:user@host", "<sips:user@host:5061;transport=tcp>" or "user@host" and keeps user@host. The same is
// done to records by calltrail.sip_uri_key.
func sipURI(s string) (string, error) {
	const wanted = "no SIP URI with a user; write it like sip:user@example.org"
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	for _, scheme := range []string{"sip:", "sips:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	user, host, found := strings.Cut(s, "@")
	if !found || user == "" || strings.ContainsAny(s, " <>\"\t") || strings.Contains(user, ":") || strings.Contains(host, "@") {
		return s, errors.New(wanted)
	}
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 {
			return s, errors.New(wanted)
		}
		host = host[:end+1]
	} else if i := strings.IndexAny(host, ":;?,"); i >= 0 {
		host = host[:i]
	}
	if host == "" {
		return s, errors.New(wanted)
	}
	return user + "@" + strings.ToLower(host), nil
}
