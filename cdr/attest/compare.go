package attest

import "strings"

// agreement of a claim with what a call says.
type agreement uint8

const (
	agrees agreement = iota
	differs
	unknown // the call says nothing that could be compared
)

// compare says whether one of those claimed is one of those seen. Numbers are compared with numbers and URIs with URIs; all
// claims are in canonical form, empty ones claim nothing.
func compare(numbers, uris, seen []string) agreement {
	result := unknown
	for _, s := range seen {
		if s == "" {
			continue
		}
		claims, comparable := numbers, s[0] == '+'
		if isURI(s) {
			claims, s, comparable = uris, canonicalURI(s), true
		} else {
			s = digitsOf(s)
		}
		for _, c := range claims {
			switch {
			case c == "":
			case c == s || canonicalURI(c) == s:
				return agrees
			case comparable:
				result = differs
			}
		}
	}
	return result
}

func isURI(s string) bool { return strings.ContainsRune(s, ':') }

// digitsOf is a number in canonical form (RFC 8224 section 8.3).
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '*' || r == '#' {
			return r
		}
		return -1
	}, s)
}

// canonicalURI is a SIP URI as RFC 8224 section 8.5 compares them: user and host, the host in lower case, without port, parameters
// and headers.
func canonicalURI(s string) string {
	_, rest, ok := strings.Cut(s, ":")
	if !ok {
		return s
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, _, _ := strings.Cut(rest[:at], ":") // the password is no part of who it is
		return "sip:" + user + "@" + hostOf(rest[at+1:])
	}
	return "sip:" + hostOf(rest)
}

func hostOf(s string) string {
	if end := strings.IndexAny(s, ";?"); end >= 0 {
		s = s[:end]
	}
	if colon := strings.LastIndexByte(s, ':'); colon > strings.LastIndexByte(s, ']') {
		s = s[:colon]
	}
	return strings.ToLower(s)
}
