package spoof

import (
	"strings"

	"calltrail/cdr/record"
)

// nationalDigits is the fewest digits, without sign or international prefix, that are taken for a telephone number.
// India's local numbers have up to eight, and so do extensions and account names: they say nothing.
const nationalDigits = 9

// maxWritten is the most of a number that is compared and told. No plan has so many digits, so the rest changes nothing.
const maxWritten = 40

// written is the number that the user part of a URI shows, as sent: "+" if it was there, and the digits. Visual
// separators (RFC 3966 section 3), parameters and digits to dial later are left out. ok is false for what is not
// written as a number. It allocates only when there is a separator.
func written(user string) (number string, ok bool) {
	number, _, _ = strings.Cut(user, ";")
	number, _, _ = strings.Cut(number, ",")
	if len(number) > 2 && strings.EqualFold(number[:3], "%2b") {
		number = "+" + number[3:]
	}
	if strings.ContainsAny(number, "-.() ") {
		number = strings.Map(func(r rune) rune {
			if strings.ContainsRune("-.() ", r) {
				return -1
			}
			return r
		}, number)
	}
	if len(number) > maxWritten {
		number = number[:maxWritten]
	}
	return number, isPrefix(number)
}

// international is number with "+" for the international prefix "00"; no country code begins with 0. ok is false for a
// national number.
func international(number string) (string, bool) {
	if strings.HasPrefix(number, "+") {
		return number, true
	}
	if len(number) > 2 && strings.HasPrefix(number, "00") && number[2] != '0' {
		return "+" + number[2:], true
	}
	return number, false
}

// telephone is the telephone number that user shows: e164 when there is one, else as sent if its sign or its length
// tells that it is meant as one.
func telephone(e164, user string) (string, bool) {
	if e164 != "" {
		return e164, true
	}
	number, ok := written(user)
	if !ok || number[0] != '+' && len(number) < nationalDigits {
		return "", false
	}
	number, _ = international(number)
	return number, true
}

// sameNumber compares two numbers of which one may lack sign, prefixes and country code.
func sameNumber(a, b string) bool {
	a, b = strings.TrimLeft(a, "+0"), strings.TrimLeft(b, "+0")
	if len(a) < len(b) {
		a, b = b, a
	}
	return a == b || len(b) >= nationalDigits && strings.HasSuffix(a, b)
}

// caller is the telephone number that From shows.
func caller(c *record.Call) (string, bool) { return telephone(c.Caller.E164, c.Caller.User) }
