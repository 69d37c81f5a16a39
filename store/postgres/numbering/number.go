package numbering

import (
	"errors"
	"fmt"
	"strings"
)

// Digits of a whole number: E.164 has at most 15, and no country has numbers of fewer than 7 with its code.
const minDigits, maxDigits = 7, 15

// ParseNumber reads a whole number in E.164: "+", country code and digits. Spaces and the visual separators of RFC 3966
// section 3 are dropped. It does not ask whether the number is in use: tables know numbers that no plan of this program has.
func ParseNumber(s string) (string, error) { return parseNumber(s, "") }

// parseNumber reads a whole number; prepend goes before one that has no "+" ("": there must be one).
func parseNumber(s, prepend string) (string, error) {
	e164, err := parsePrefix(s, prepend)
	if err != nil {
		return "", err
	}
	if len(e164)-1 < minDigits {
		return "", fmt.Errorf("%.64q has fewer than %d digits: it is no whole number", s, minDigits)
	}
	return e164, nil
}

// parsePrefix reads the first digits of numbers.
func parsePrefix(s, prepend string) (string, error) {
	const visual = " -.()"
	plain := s
	if strings.ContainsAny(plain, visual) {
		plain = strings.Map(func(r rune) rune {
			if strings.ContainsRune(visual, r) {
				return -1
			}
			return r
		}, plain)
	}
	if !strings.HasPrefix(plain, "+") {
		switch {
		case plain == "" || strings.Trim(plain, "0123456789") != "":
			return "", fmt.Errorf("%.64q is no number; write it with + and country code", s)
		case prepend == "":
			return "", fmt.Errorf("%.64q has no +; write it with + and country code, or say with --prepend what goes before such numbers", s)
		case plain[0] == '0':
			return "", fmt.Errorf("%.64q begins with 0: what goes before it cannot be told; write it with + and country code", s)
		}
		plain = prepend + plain
	}
	digits := plain[1:]
	switch {
	case digits == "" || strings.Trim(digits, "0123456789") != "":
		return "", fmt.Errorf("%.64q is no number; write it with + and country code", s)
	case digits[0] == '0':
		return "", fmt.Errorf("%.64q begins with 0 after the +: no country code does", s)
	case len(digits) > maxDigits:
		return "", fmt.Errorf("%.64q has more than %d digits with its country code", s, maxDigits)
	}
	return plain, nil
}

// checkPrepend says what is wrong with the text that goes before numbers without "+".
func checkPrepend(s string) error {
	digits, plus := strings.CutPrefix(s, "+")
	if s != "" && (!plus || len(digits) > 7 || strings.Trim(digits, "0123456789") != "" || strings.HasPrefix(digits, "0")) {
		return errors.New("it is \"+\" for numbers that have their country code, or + and a country code such as +91")
	}
	return nil
}

// cut appends the prefixes that together are the numbers first to last, which have the same length; in their order. They are
// at most 18 for each digit.
func cut(list []string, first, last string) []string {
	same := 0
	for same < len(first) && first[same] == last[same] {
		same++
	}
	if strings.Trim(first[same:], "0") == "" && strings.Trim(last[same:], "9") == "" {
		return append(list, first[:same])
	}
	rest := len(first) - same - 1
	for d := first[same]; d <= last[same]; d++ {
		switch head := first[:same] + string(rune(d)); d {
		case first[same]:
			list = cut(list, first, head+nines[:rest])
		case last[same]:
			list = cut(list, head+zeros[:rest], last)
		default:
			list = append(list, head)
		}
	}
	return list
}

const (
	zeros = "0000000000000000"
	nines = "9999999999999999"
)
