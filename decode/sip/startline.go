package sip

import "bytes"

const sipVersion = "sip/2.0" // in lower case, as equalFold wants it

// startLine reads line, which begins at offset off of the buffer, without its line end.
//
//	Request-Line  =  Method SP Request-URI SP SIP-Version CRLF       (RFC 3261 section 7.1)
//	Status-Line   =  SIP-Version SP Status-Code SP Reason-Phrase     (RFC 3261 section 7.2)
//	SIP-Version   =  "SIP" "/" 1*DIGIT "." 1*DIGIT                   in any case
func (m *Message) startLine(line []byte, off int) ParseError {
	space := bytes.IndexByte(line, ' ')
	if space < 0 {
		return ErrStartLine
	}
	if isVersion(line[:space]) {
		if !equalFold(line[:space], sipVersion) {
			return ErrVersion
		}
		return m.statusLine(line, space, off)
	}
	return m.requestLine(line, space, off)
}

func (m *Message) statusLine(line []byte, space, off int) ParseError {
	from := space
	for from < len(line) && line[from] == ' ' {
		from++
	}
	end := from
	for end < len(line) && isDigit(line[end]) {
		end++
	}
	status, ok := number(line[from:end], 699)
	if !ok || end-from != 3 || status < 100 || end < len(line) && line[end] != ' ' {
		return ErrStatus
	}
	if from != space+1 || end == len(line) {
		m.anomalies |= StartLineSyntax // the SP before an empty Reason-Phrase must be there too
	}
	m.status = uint16(status) // #nosec G115 -- at most 699
	from, end = trimSpan(line, end, len(line))
	m.reason = m.clip(off+from, off+end, HeaderNone)
	return 0
}

// requestLine accepts white space where none may be, and a Request-URI of whatever kind, as long as method and version are
// clear: a proxy that takes such a request makes a call of it (RFC 4475 sections 3.1.2.7 to 3.1.2.11). Headers in a
// Request-URI are among what RFC 3261 section 19.1.1 forbids.
func (m *Message) requestLine(line []byte, space, off int) ParseError {
	token := line[:space]
	if !isToken(token) {
		return ErrStartLine
	}
	_, end := trimSpan(line, space, len(line))
	version := end
	for version > space && !isLWS(line[version-1]) {
		version--
	}
	switch {
	case !isVersion(line[version:end]):
		return ErrStartLine
	case !equalFold(line[version:end], sipVersion):
		return ErrVersion
	}
	from, to := trimSpan(line, space, version)
	if from >= to {
		return ErrStartLine
	}
	uri := line[from:to]
	if u, err := ParseURI(uri); err != nil || len(u.Headers) > 0 || from != space+1 || to != version-1 || end != len(line) {
		m.anomalies |= StartLineSyntax
	}
	m.method = MethodOf(token)
	m.methodToken = m.clip(off, off+space, HeaderNone)
	m.requestURI = m.clip(off+from, off+to, HeaderNone)
	return 0
}

// isVersion says that b is a SIP-Version, of whatever numbers.
func isVersion(b []byte) bool {
	if len(b) < len("SIP/2.0") || !equalFold(b[:4], "sip/") {
		return false
	}
	if b = b[4:]; len(b) == 3 && isDigit(b[0]) && b[1] == '.' && isDigit(b[2]) {
		return true
	}
	dot := bytes.IndexByte(b, '.')
	return dot > 0 && allDigits(b[:dot]) && allDigits(b[dot+1:])
}

// trimSpan narrows line[from:end] to what stands between white space.
func trimSpan(line []byte, from, end int) (int, int) {
	for from < end && isLWS(line[from]) {
		from++
	}
	for end > from && isLWS(line[end-1]) {
		end--
	}
	return from, end
}
