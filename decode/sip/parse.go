package sip

import (
	"bytes"
	"unicode/utf8"
)

// Parse reads b, which must be one whole message: a UDP datagram's payload, or one framed message of a stream. Line
// ends before the start line are passed over. On error (a ParseError) m is empty. m aliases b until Keep.
//
//	generic-message  =  start-line
//	                    *message-header
//	                    CRLF
//	                    [ message-body ]          (RFC 3261 section 7)
func (m *Message) Parse(b []byte) error {
	err := m.parse(b)
	if err != 0 {
		m.reset(nil)
		return err
	}
	return nil
}

// reset empties m. The fields array keeps its old contents: fieldsLen and first say what of it counts.
func (m *Message) reset(b []byte) {
	m.buf = b
	m.first = [HeaderIDs]uint8{}
	m.count = [HeaderIDs]uint8{}
	m.fieldsLen, m.stale = 0, false
	m.anomalies, m.seq, m.status, m.vias, m.method, m.seqMethod = 0, 0, 0, 0, MethodOther, MethodOther
	m.methodToken, m.requestURI, m.reason, m.fromTag = span{}, span{}, span{}, span{}
	m.toTag, m.branch, m.seqToken, m.body = span{}, span{}, span{}, span{}
}

func (m *Message) parse(b []byte) ParseError {
	m.reset(b)
	if len(b) > MaxMessage {
		return ErrTooLong
	}
	start := 0
	for start < len(b) && (b[start] == '\r' || b[start] == '\n') {
		start++
	}
	if start == len(b) {
		return ErrEmpty
	}
	end := bytes.IndexByte(b[start:], '\n')
	if end < 0 {
		return ErrStartLine
	}
	end += start
	lines := 0
	line := b[start:end]
	if line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
		lines = 1
	} else {
		m.anomalies |= BareLF
	}
	if err := m.startLine(line, start); err != 0 {
		return err
	}
	body, lines := m.headers(end+1, lines)
	head := b[start:body]
	if bytes.IndexByte(head, 0) >= 0 {
		m.anomalies |= NUL
	}
	if bytes.Count(head, []byte{'\r'}) != lines {
		m.anomalies |= BareCR
	}
	if !utf8.Valid(head) {
		m.anomalies |= InvalidUTF8
	}
	if err := m.identify(); err != 0 {
		return err
	}
	m.setBody(body)
	return 0
}

// headers reads the header fields from pos on and returns where the body begins. crlf is the number of lines so far
// that ended with CRLF; it is returned with those of the headers added.
//
//	message-header  =  field-name HCOLON field-value CRLF
//	HCOLON          =  *( SP / HTAB ) ":" SWS
func (m *Message) headers(pos, crlf int) (body, lines int) {
	b := m.buf
	for pos < len(b) {
		end, next := pos, pos
		for { // one turn, and one more for each continuation line
			n := bytes.IndexByte(b[next:], '\n')
			if n < 0 {
				m.anomalies |= Unterminated
				end, next = len(b), len(b)
				break
			}
			end = next + n
			next = end + 1
			if n > 0 && b[end-1] == '\r' {
				crlf++
				end--
			} else {
				m.anomalies |= BareLF
			}
			if end == pos {
				return next, crlf
			}
			if next == len(b) || b[next] != ' ' && b[next] != '\t' {
				break
			}
			m.anomalies |= Folded
		}
		m.header(pos, end)
		pos = next
	}
	m.anomalies |= Unterminated
	return len(b), crlf
}

// header reads one header field, b[pos:end], and keeps its value if it is on the list.
func (m *Message) header(pos, end int) {
	line := m.buf[pos:end]
	n := 0
	for n < len(line) && tokenOctets[line[n]] {
		n++
	}
	colon := n
	for colon < len(line) && (line[colon] == ' ' || line[colon] == '\t') {
		colon++
	}
	if n == 0 || colon == len(line) || line[colon] != ':' {
		m.anomalies |= HeaderSyntax
		if i := bytes.IndexByte(line, ':'); i > 0 && hasControl(line[:i]) {
			m.anomalies |= ControlInName
		}
		return
	}
	id := headerID(line[:n])
	if id == HeaderNone {
		return
	}
	from := pos + colon + 1
	for from < end && isLWS(m.buf[from]) {
		from++
	}
	for end > from && isLWS(m.buf[end-1]) {
		end--
	}
	m.add(id, from, end)
}

func hasControl(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

// add keeps a value. One place per HeaderID not yet seen stays free, so that no flood of one header field can push
// out another.
func (m *Message) add(id HeaderID, from, end int) {
	if m.count[id] < 255 {
		m.count[id]++
	}
	switch id {
	case HeaderVia:
		m.vias += viaCount(m.buf[from:end])
	case HeaderWWWAuthenticate, HeaderProxyAuthenticate:
		m.stale = m.stale || staleChallenge(m.buf[from:end])
		return // no octet of it goes further
	default:
	}
	if m.first[id] != 0 {
		if int(m.fieldsLen) >= maxFields-HeaderIDs {
			m.anomalies |= TooManyHeaders
			return
		}
	} else {
		m.first[id] = m.fieldsLen + 1
	}
	m.fields[m.fieldsLen] = field{m.clip(from, end, id), id}
	m.fieldsLen++
}

// clip makes a span of at most the octets that a value of id may have.
func (m *Message) clip(from, end int, id HeaderID) span {
	limit := MaxValue
	if id == HeaderIdentity {
		limit = MaxIdentity
	}
	if end-from > limit {
		m.anomalies |= TruncatedValue
		end = from + limit
	}
	return span{uint16(from), uint16(end - from)} // #nosec G115 -- both are at most MaxMessage
}

func viaCount(list []byte) (n uint16) {
	if len(list) > 0 && bytes.IndexByte(list, ',') < 0 {
		return 1
	}
	for {
		_, rest, ok := nextElement(list)
		if !ok {
			return n
		}
		n++
		list = rest
	}
}

// setBody finds the body, which begins at pos.
func (m *Message) setBody(pos int) {
	end := len(m.buf)
	if m.first[HeaderContentLength] != 0 {
		v := m.Value(HeaderContentLength)
		n, ok := number(v, 1<<62)
		switch {
		case !ok && allDigits(v), ok && n > uint64(end-pos): // #nosec G115 -- pos is at most end
			m.anomalies |= BodyShorter
		case !ok:
			m.anomalies |= ContentLengthInvalid
		case n < uint64(end-pos): // #nosec G115 -- pos is at most end
			m.anomalies |= BodyLonger
			end = pos + int(n) // #nosec G115 -- n is below end-pos
		}
	}
	m.body = span{uint16(pos), uint16(end - pos)} // #nosec G115 -- both are at most MaxMessage
}

// allDigits tells a number that is too large from what is no number.
func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}
