package sip

import "bytes"

// identify reads what names dialog and transaction: Call-ID, tags, CSeq and the top Via's branch. It works on the
// whole values, not on what MaxValue leaves of them, so that nobody can hide a tag behind a long display name.
func (m *Message) identify() ParseError {
	switch {
	case !m.has(HeaderCallID):
		return ErrCallID
	case !m.has(HeaderCSeq):
		return ErrCSeq
	case !m.has(HeaderFrom):
		return ErrFrom
	case !m.has(HeaderTo):
		return ErrTo
	}
	cseq, err := ParseCSeq(m.whole(HeaderCSeq))
	if err != nil {
		return ErrCSeq
	}
	m.seq, m.seqMethod = cseq.Number, MethodOf(cseq.Method)
	m.seqToken = m.spanOf(cseq.Method)
	if m.IsRequest() && !bytes.Equal(cseq.Method, m.at(m.methodToken)) {
		m.anomalies |= CSeqMethod
	}
	m.fromTag = m.tag(HeaderFrom)
	m.toTag = m.tag(HeaderTo)
	m.branch = m.topBranch()
	m.duplicates()
	return 0
}

// has says that the first header field id has a value.
func (m *Message) has(id HeaderID) bool { return m.first[id] != 0 && m.fields[m.first[id]-1].n > 0 }

func (m *Message) duplicates() {
	if m.count[HeaderCallID] > 1 {
		m.anomalies |= DuplicateCallID
	}
	if m.count[HeaderFrom] > 1 {
		m.anomalies |= DuplicateFrom
	}
	if m.count[HeaderTo] > 1 {
		m.anomalies |= DuplicateTo
	}
	if m.count[HeaderCSeq] > 1 {
		m.anomalies |= DuplicateCSeq
	}
	if m.count[HeaderContentLength] > 1 {
		m.anomalies |= DuplicateLength
	}
}

// whole returns the first value of id, past MaxValue too, as spanOf wants it.
func (m *Message) whole(id HeaderID) []byte {
	f := m.fields[m.first[id]-1]
	if int(f.n) < MaxValue {
		return m.buf[f.off:f.end()]
	}
	end := int(f.off)
	for {
		n := bytes.IndexByte(m.buf[end:], '\n')
		if n < 0 {
			end = len(m.buf)
			break
		}
		end += n + 1
		if end == len(m.buf) || m.buf[end] != ' ' && m.buf[end] != '\t' {
			break
		}
	}
	return trim(m.buf[f.off:end])
}

// spanOf makes a span of part, which must have been cut out of buf without limiting its capacity: as both end at the
// same octet, the difference of their capacities is the offset.
func (m *Message) spanOf(part []byte) span {
	if len(part) == 0 {
		return span{}
	}
	from := cap(m.buf) - cap(part)
	return m.clip(from, from+len(part), HeaderNone)
}

// ambiguous finds what ParseNameAddr reads in one way and others read in another: white space between the <> of an addr-spec
// (RFC 4475 section 3.1.2.14), and a comma in a display-name without quotes, which makes two addresses of one (section 3.1.2.15).
func ambiguous(value []byte, a *NameAddr) bool {
	if d := a.Display; len(d) > 0 && d[0] != '"' && bytes.IndexByte(d, ',') >= 0 {
		return true
	}
	// Both end where the message does, as spanOf has it: the difference is where the URI begins.
	from := cap(value) - cap(a.URI)
	if len(a.URI) == 0 || from == 0 {
		return false // an addr-spec without <>
	}
	to := from + len(a.URI)
	return isLWS(value[from-1]) || to < len(value) && isLWS(value[to])
}

func (m *Message) tag(id HeaderID) span {
	value := m.whole(id)
	addr, err := ParseNameAddr(value)
	if err != nil || ambiguous(value, &addr) {
		m.anomalies |= AddressSyntax
	}
	tag, _ := Param(addr.Params, "tag")
	return m.spanOf(tag)
}

// magicCookie begins the branch of whoever follows RFC 3261 (section 8.1.1.7), in lower case. Alone it names no transaction
// (RFC 4475 section 3.2.1).
const magicCookie = "z9hg4bk"

func (m *Message) topBranch() span {
	if m.vias == 0 {
		m.anomalies |= MissingVia
		return span{}
	}
	top, _, _ := nextElement(m.whole(HeaderVia))
	_, params, _ := bytes.Cut(top, []byte{';'})
	branch, _ := Param(params, "branch")
	if len(branch) == 0 || equalFold(branch, magicCookie) {
		m.anomalies |= ViaSyntax
	}
	return m.spanOf(branch)
}
