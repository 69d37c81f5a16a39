package sip

import "bytes"

// RedactionMark stands where AppendRedacted took something out.
const RedactionMark = "***"

// AppendRedacted appends value, the value of any header field that holds URIs or a URI by itself, without its secrets:
//
//	sip:alice:secret@example.com             →  sip:alice:***@example.com       password (RFC 3261 section 19.1.1)
//	<sip:bob@example.com?Subject=hello>      →  <sip:bob@example.com?***>       headers of a URI
//	tel:+12025550100,,1234#                  →  tel:+12025550100,***            digits dialled after the answer, after
//	sip:2025550100p1234@example.com          →  sip:2025550100p***@example.com    a comma, p (pause) or w (wait)
//	tel:+12025550100;postd=pp22              →  tel:+12025550100;postd=***      the same (RFC 2806 section 2.2)
//	<sip:a@192.0.2.1;pn-prid=00fc13adff>     →  <sip:a@192.0.2.1;pn-prid=***>   push tokens (RFC 8599): every pn- parameter
//	                                                                              but pn-provider
//
// Escaped spellings of all these are found too. Where a URI is malformed it takes out more rather than less. The
// result is never much longer than value: a mark for each element that was there.
func AppendRedacted(dst, value []byte) []byte {
	return appendURIs(dst, value, redactURI, redactOutside)
}

type appender func(dst, b []byte) []byte

// appendURIs appends value, what stands in <> through uri and the rest through outside. A value without <> is an
// addr-spec and all of it goes through uri.
func appendURIs(dst, value []byte, uri, outside appender) []byte {
	open := indexUnquoted(value, '<')
	if open < 0 {
		return uri(dst, value)
	}
	for open >= 0 {
		dst = append(outside(dst, value[:open]), '<')
		value = value[open+1:]
		end := bytes.IndexByte(value, '>')
		if end < 0 {
			return uri(dst, value)
		}
		dst = append(uri(dst, value[:end]), '>')
		value = value[end+1:]
		open = indexUnquoted(value, '<')
	}
	return outside(dst, value)
}

func verbatim(dst, b []byte) []byte { return append(dst, b...) }

// redactOutside is for display-names and header parameters.
func redactOutside(dst, b []byte) []byte {
	if at := indexUnquoted(b, '@'); at >= 0 && indexUnquoted(b[:at], ':') >= 0 {
		return redactURI(dst, b) // a URI where none should be
	}
	return redactParams(dst, b)
}

func redactURI(dst, b []byte) []byte {
	scheme := schemeEnd(b)
	tel := equalFold(trim(b[:scheme]), "tel:")
	dst, b = append(dst, b[:scheme]...), b[scheme:]
	if at := userinfoEnd(b); at >= 0 {
		user, _, password := bytes.Cut(b[:at], []byte{':'})
		dst = redactUser(dst, user)
		if password {
			dst = append(append(dst, ':'), RedactionMark...)
		}
		dst, b = append(dst, '@'), b[at+1:]
	} else if tel {
		subscriber, _, _ := bytes.Cut(b, []byte{'?'})
		dst, b = redactUser(dst, subscriber), b[len(subscriber):]
	}
	question := bytes.IndexByte(b, '?')
	if question < 0 {
		return redactParams(dst, b)
	}
	dst = append(redactParams(dst, b[:question]), '?')
	return append(dst, RedactionMark...)
}

// schemeEnd returns where the part after the scheme begins, 0 if there is no scheme we know: a password may then
// stand after what looks like one.
func schemeEnd(b []byte) int {
	colon := bytes.IndexByte(b, ':')
	if colon < 0 {
		return 0
	}
	scheme := trim(b[:colon])
	for _, known := range [...]string{"sip", "sips", "tel", "http", "https", "pres", "im", "urn", "cid"} {
		if equalFold(scheme, known) {
			if bytes.HasPrefix(b[colon+1:], []byte("//")) {
				return colon + 3
			}
			return colon + 1
		}
	}
	return 0
}

// userinfoEnd returns the index of the @ that ends the userinfo, -1 if there is none: the last one before the host
// ends, since an unescaped @ in a password is malformed but seen.
func userinfoEnd(b []byte) int {
	at := bytes.IndexByte(b, '@')
	if at < 0 {
		return -1
	}
	end := len(b)
	if n := bytes.IndexAny(b[at:], ";?"); n >= 0 {
		end = at + n
	}
	return bytes.LastIndexByte(b[:end], '@')
}

// headersStart returns the index of the ? that begins a URI's headers, -1 if there is none. In the user part a
// question mark is an ordinary character.
func headersStart(uri []byte) int {
	at := bytes.IndexByte(uri, '@') + 1
	n := bytes.IndexByte(uri[at:], '?')
	if n < 0 {
		return -1
	}
	return at + n
}

// redactUser is for the user part with its parameters, and for a tel URI's number with its own.
func redactUser(dst, user []byte) []byte {
	name, params, more := bytes.Cut(user, []byte{';'})
	if cut := postDial(name); cut >= 0 {
		dst = append(append(dst, name[:cut]...), RedactionMark...)
	} else {
		dst = append(dst, name...)
	}
	if !more {
		return dst
	}
	dst = append(dst, ';')
	// A semicolon is also how some telephones write a wait: ";1234" is no parameter but digits to dial.
	for {
		p, rest, more := bytes.Cut(params, []byte{';'})
		if len(p) > 0 && isDigit(p[0]) && dialStringEnd(p, 0) == len(p) {
			dst = append(dst, RedactionMark...)
		} else {
			dst = redactParam(dst, p)
		}
		if !more {
			return dst
		}
		dst, params = append(dst, ';'), rest
	}
}

// postDial returns where the digits dialled after the answer begin in a user part, -1 if there are none. After a comma
// they are taken as such behind any name, after p and w only behind a number: "paul" and "12west" are names.
func postDial(user []byte) int {
	isNumber, digits := true, false
	for i := 0; i < len(user); {
		c, n := escapedAt(user, i)
		i += n
		switch {
		case c == ',' || isNumber && digits && (c|0x20 == 'p' || c|0x20 == 'w'):
			end := dialStringEnd(user, i)
			if end == len(user) && end > i {
				return i
			}
			isNumber, i = false, end
		case isDigit(c):
			digits = true
		case bytes.IndexByte([]byte("+-.()*# "), c) < 0:
			isNumber = false
		}
	}
	return -1
}

// dialStringEnd returns where the DTMF digits, pauses and visual separators end that begin at b[i].
func dialStringEnd(b []byte, i int) int {
	for i < len(b) {
		c, n := escapedAt(b, i)
		if !isDigit(c) && bytes.IndexByte([]byte("*#abcdABCD,pPwW-.() "), c) < 0 {
			break
		}
		i += n
	}
	return i
}

// redactParams is for any text with parameters, of a URI or of a header field. What stands before the first semicolon
// is looked at as a parameter too and stays, for it has no such name.
func redactParams(dst, b []byte) []byte {
	for {
		end := indexUnquoted(b, ';')
		if end < 0 {
			return redactParam(dst, b)
		}
		dst = append(redactParam(dst, b[:end]), ';')
		b = b[end+1:]
	}
}

func redactParam(dst, p []byte) []byte {
	equals := bytes.IndexByte(p, '=')
	if equals < 0 || !isSecretParam(trim(p[:equals])) {
		return append(dst, p...)
	}
	dst = append(append(dst, p[:equals+1]...), RedactionMark...)
	// What follows the value in a list, such as the next display-name, stays.
	value := trimLeft(p[equals+1:])
	var end int
	if len(value) > 0 && value[0] == '"' {
		end = quotedEnd(value)
	} else {
		end = bytes.IndexByte(value, ',')
	}
	if end < 0 {
		return dst
	}
	return append(dst, value[end:]...)
}

func isSecretParam(name []byte) bool {
	if equalFoldEscaped(name, "postd") {
		return true
	}
	const push = "pn-"
	rest, ok := cutFoldEscaped(name, push)
	return ok && !equalFoldEscaped(rest, "provider")
}

// equalFoldEscaped is equalFold for a name that may have escaped octets.
func equalFoldEscaped(b []byte, name string) bool {
	rest, ok := cutFoldEscaped(b, name)
	return ok && len(rest) == 0
}

// cutFoldEscaped returns b without the prefix, which is in lower case.
func cutFoldEscaped(b []byte, prefix string) (rest []byte, ok bool) {
	i := 0
	for k := range len(prefix) {
		if i >= len(b) {
			return nil, false
		}
		c, n := escapedAt(b, i)
		if lower(c) != prefix[k] {
			return nil, false
		}
		i += n
	}
	return b[i:], true
}
