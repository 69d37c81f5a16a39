package reassembly

import (
	"bytes"

	"calltrail/decode/sip"
)

// framing is how far the SIP message at the start of a stream's octets has been looked at, so that octets that come one
// by one are not looked at again each time.
type framing struct {
	started bool
	scanned int // no empty line ends before
	head    int // octets of start line and header fields with the empty line; 0 until all are there
	total   int // octets of head and body
	fault   lengthFault
}

// lengthFault is what is wrong with the Content-Length of a message.
type lengthFault uint8

const (
	// Without a Content-Length nobody can tell where the body ends, but at the end of the connection: RFC 3261 section
	// 20.14 wants one in each message over a stream. Such a message is taken to have no body, as waiting would hold back
	// it and all that follow. If there was a body after all, it is passed over up to the next start line.
	lengthMissing lengthFault = 1 << iota
	lengthInvalid             // not a number: likewise
	lengthsDiffer             // several, and not the same: the first one counts, as in the parser
	lengthTooLong             // head and body are more than sip.MaxMessage: the head goes without its body, which is passed over
)

// outcome is what was found at the start of a stream's octets.
type outcome uint8

const (
	wanting outcome = iota // the message goes on
	framed                 // total octets of it are there
	noise                  // no start line
	endless                // a head of more than sip.MaxMessage
)

// look says where the message at the start of b ends (RFC 3261 section 18.3). b must begin with what it began with in the
// last call, until f is made new. Line ends before the start line are the caller's to take away.
//
//	start-line CRLF
//	*( message-header CRLF )      one of them Content-Length, "l" for short
//	CRLF
//	[ message-body ]              of as many octets
func (f *framing) look(b []byte) outcome {
	if !f.started {
		switch startLine(b) {
		case no:
			return noise
		case unclear:
			return wanting
		case yes:
			f.started = true
		}
	}
	if f.head == 0 {
		end, scanned := headEnd(b, f.scanned)
		f.scanned = scanned
		if end > sip.MaxMessage || end == 0 && len(b) >= sip.MaxMessage {
			return endless
		}
		if end == 0 {
			return wanting
		}
		n, fault := contentLength(b[:end])
		if n > sip.MaxMessage-end {
			n, fault = 0, fault|lengthTooLong
		}
		f.head, f.total, f.fault = end, end+n, fault
	}
	if len(b) < f.total {
		return wanting
	}
	return framed
}

// answer is one to a question about octets of which not all may be there.
type answer uint8

const (
	no answer = iota
	yes
	unclear
)

func answerOf(ok bool) answer {
	if ok {
		return yes
	}
	return no
}

// startLine says whether b begins with the first line of a SIP message; unclear while its end is not there. It is as
// tolerant as looksLikeSIP, but for what the end of a line that was split may look like: "SIP/2.0" or "SIP/2.0/TCP 192.0.2.1"
// without a status code, or "example.com SIP/2.0" without a URI.
func startLine(b []byte) answer {
	if end := bytes.IndexByte(b[:min(len(b), sip.MaxFirstLine)], '\n'); end >= 0 {
		line := b[:end]
		if sip.IsVersion(line) {
			return answerOf(isStatusLine(line))
		}
		n := sip.MethodLen(line)
		return answerOf(n > 0 && sip.HasVersion(bytes.TrimLeft(line[n:], " \t")))
	}
	if len(b) >= sip.MaxFirstLine {
		return no
	}
	// A method and a space, or as much of it, or of "SIP/2.0 ".
	if len(b) == 0 || sip.MethodLen(b) > 0 || sip.IsVersion(b) {
		return unclear
	}
	for i, c := range b {
		if !sip.IsToken(c) {
			if c == '/' && i == 3 && i == len(b)-1 && bytes.EqualFold(b[:i], []byte("SIP")) {
				return unclear
			}
			return no
		}
	}
	if len(b) > sip.MaxMethod {
		return no
	}
	return unclear
}

// isStatusLine says whether a line that begins with "SIP/" and a digit goes on like a status line.
func isStatusLine(line []byte) bool {
	version, code, _ := bytes.Cut(line, []byte{' '})
	if len(bytes.TrimLeft(version[len("SIP/"):], "0123456789.")) > 0 {
		return false
	}
	code = bytes.TrimLeft(code, " ")
	return len(code) > 0 && code[0] >= '0' && code[0] <= '9'
}

// known says whether b begins with a method of an RFC, or with a status line.
func known(b []byte) bool {
	n := sip.MethodLen(b)
	return n > 0 && sip.MethodOf(b[:n]) != sip.MethodOther || sip.IsVersion(b) && startLine(b) == yes
}

// begins says whether a message begins with p, although what stands before it in its line, tail, might be the begin of
// one as well: of PRACK a segment may hold "PR" and the next one "ACK".
func begins(tail, p []byte) bool {
	if !known(p) {
		return false
	}
	var both [2*sip.MaxMethod + 2]byte
	return !known(append(append(both[:0], tail[:min(len(tail), sip.MaxMethod+1)]...), p[:min(len(p), sip.MaxMethod+1)]...))
}

// headEnd returns the length of the lines at the start of b up to and with the first empty one, 0 when there is none
// yet. No empty line ends before scanned, the new value of which is returned. As in the parser a line may end with LF
// alone.
func headEnd(b []byte, scanned int) (end, next int) {
	for {
		i := bytes.IndexByte(b[scanned:], '\n')
		if i < 0 {
			return 0, len(b)
		}
		i += scanned
		switch rest := b[i+1:]; {
		case len(rest) == 0, len(rest) == 1 && rest[0] == '\r':
			return 0, i
		case rest[0] == '\n':
			return i + 2, i
		case rest[0] == '\r' && rest[1] == '\n':
			return i + 3, i
		}
		scanned = i + 1
	}
}

// contentLength finds the Content-Length in a head. Numbers too large for a message all are the same one.
func contentLength(head []byte) (n int, fault lengthFault) {
	found, invalid := false, false
	for line, rest := nextField(head); line != nil; line, rest = nextField(rest) {
		value, ok := lengthField(line)
		if !ok {
			continue
		}
		v, ok := decimal(value)
		switch {
		case !ok:
			invalid = true
		case !found:
			n, found = v, true
		case v != n:
			fault |= lengthsDiffer
		}
	}
	switch {
	case invalid && found:
		fault |= lengthsDiffer
	case invalid:
		fault |= lengthInvalid
	case !found:
		fault |= lengthMissing
	}
	return n, fault
}

// nextField cuts the first line off b, with the lines that continue it (RFC 3261 section 7.3.1).
func nextField(b []byte) (line, rest []byte) {
	for end := 0; end < len(b); {
		i := bytes.IndexByte(b[end:], '\n')
		if i < 0 {
			break
		}
		end += i + 1
		if end == len(b) || b[end] != ' ' && b[end] != '\t' {
			return b[:end], b[end:]
		}
	}
	if len(b) == 0 {
		return nil, nil
	}
	return b, nil
}

// lengthField returns the value of a Content-Length header field.
func lengthField(line []byte) (value []byte, ok bool) {
	if c := line[0] | 0x20; c != 'c' && c != 'l' {
		return nil, false
	}
	name, value, ok := bytes.Cut(line, []byte{':'})
	if !ok {
		return nil, false
	}
	name = bytes.TrimRight(name, " \t")
	if len(name) != 1 && !bytes.EqualFold(name, []byte("Content-Length")) {
		return nil, false
	}
	if len(name) == 1 && name[0]|0x20 != 'l' {
		return nil, false
	}
	return bytes.Trim(value, " \t\r\n"), true
}

// decimal reads a number. All beyond sip.MaxMessage become the number after it.
func decimal(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(10*n+int(c-'0'), sip.MaxMessage+1)
	}
	return n, len(b) > 0
}

// lineEnds returns the number of CR and LF at the start of b: an empty line between two messages, or a keep-alive (RFC
// 5626 section 4.4.1).
func lineEnds(b []byte) int {
	for i, c := range b {
		if c != '\r' && c != '\n' {
			return i
		}
	}
	return len(b)
}

// wholeLines returns as much of a body that was cut off as ends with a line end: half an address would be a wrong one.
func wholeLines(body []byte) []byte { return body[:bytes.LastIndexByte(body, '\n')+1] }
