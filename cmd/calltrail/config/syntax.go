package config

import (
	"net"
	"strconv"
	"strings"
)

// isName accepts what sensors, topics and groups are called: the letters Kafka allows in a topic.
func isName(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && !isDigit(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// isRegion accepts the form of ISO 3166-1 alpha-2.
func isRegion(s string) bool {
	return len(s) == 2 && isUpper(s[0]) && isUpper(s[1])
}

// isE164Prefix accepts '+' and 1 to 15 digits, the first not 0 (ITU-T E.164).
func isE164Prefix(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && allDigits(digits) && len(digits) <= 15 && digits[0] != '0'
}

// isDialled accepts the beginning of a number as a header may show it.
func isDialled(s string) bool {
	return allDigits(strings.TrimPrefix(s, "+")) && len(s) <= 16
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" || strings.ContainsAny(host, " /@") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func isUpper(c byte) bool  { return 'A' <= c && c <= 'Z' }
func isLetter(c byte) bool { return isUpper(c) || 'a' <= c && c <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
