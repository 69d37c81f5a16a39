package sip

// Text as people read it, made from octets as they were sent. All of these append to dst, which may be nil, and are
// for use when a record is made: no parser here needs them.

// DisplayText appends the text of a display-name or of another quoted-string or list of tokens: quotes removed,
// quoted-pairs resolved, folding and runs of white space outside quotes made one space.
//
//	display-name = *(token LWS)/ quoted-string      (RFC 3261 section 25.1)
func DisplayText(dst, raw []byte) []byte {
	raw = trim(raw)
	if len(raw) == 0 || raw[0] != '"' {
		start := len(dst)
		for i, c := range raw {
			switch {
			case !isLWS(c):
				dst = append(dst, c)
			case len(dst) > start && !isLWS(raw[i-1]):
				dst = append(dst, ' ')
			}
		}
		return dst
	}
	raw = raw[1:]
	if n := len(raw); n > 0 && raw[n-1] == '"' && !endsInEscape(raw[:n-1]) {
		raw = raw[:n-1]
	}
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\' && i+1 < len(raw):
			i++
			dst = append(dst, raw[i])
		case isFold(raw, i):
			i = foldEnd(raw, i) - 1
			dst = append(dst, ' ')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// endsInEscape says that b ends with a backslash which is not itself escaped.
func endsInEscape(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// AppendUnfolded appends value with each fold (line end and the white space after it) made one space, as RFC 3261
// section 7.3.1 tells a receiver to read it.
func AppendUnfolded(dst, value []byte) []byte {
	for i := 0; i < len(value); i++ {
		if isFold(value, i) {
			i = foldEnd(value, i) - 1
			dst = append(dst, ' ')
			continue
		}
		dst = append(dst, value[i])
	}
	return dst
}

func isFold(b []byte, i int) bool {
	return b[i] == '\n' || b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n'
}

func foldEnd(b []byte, i int) int {
	for i < len(b) && isLWS(b[i]) {
		i++
	}
	return i
}

// AppendUnescaped appends b with each escaped octet of a URI ("%" HEXDIG HEXDIG, RFC 3261 section 19.1.2) made the
// octet it stands for. A percent sign that is not followed by two hexadecimal digits stays. The result may be any
// octets, NUL and line ends too.
func AppendUnescaped(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		c, n := escapedAt(b, i)
		dst = append(dst, c)
		i += n
	}
	return dst
}

// escapedAt returns the octet that b[i:] begins with, unescaped, and how many octets stand for it.
func escapedAt(b []byte, i int) (c byte, n int) {
	if b[i] == '%' && i+2 < len(b) {
		hi, ok1 := hexValue(b[i+1])
		lo, ok2 := hexValue(b[i+2])
		if ok1 && ok2 {
			return hi<<4 | lo, 3
		}
	}
	return b[i], 1
}

func hexValue(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
