package sip

import "bytes"

// Keep appends to dst what outlives the packet, lets m refer to that instead of the packet, and returns the grown
// dst. From then on the caller must leave what was appended as it is for as long as m is used; appending more to dst
// is safe. What is kept is the values of the allow-list, Method, Request-URI, Reason-Phrase, tags and branch:
//
//   - never the body: Body returns nil from now on;
//   - of Authorization and Proxy-Authorization only the scheme, username and realm, for a digest response can be
//     attacked off line and a Basic or Bearer credential is the secret itself;
//   - of WWW-Authenticate and Proxy-Authenticate nothing but what StaleChallenge says, for the nonce is what such an attack
//     begins with;
//   - of the headers within a URI (RFC 3261 section 19.1.1), where a Subject or a body may stand, only Reason and Privacy
//     (RFC 7044) and Replaces (RFC 3891).
//
// All other values stay equal, octet by octet. Passwords and post-dial digits in URIs are still there: what is shown
// or stored goes through AppendRedacted.
func (m *Message) Keep(dst []byte) []byte {
	k := keeper{src: m.buf, dst: dst, base: len(dst)}
	// First what identifies the message, so that no flood of values can push it out of the 64 KiB of a span.
	inCSeq, inFrom, inTo, inVia := m.seqToken, m.fromTag, m.toTag, m.branch
	m.methodToken = k.copy(m.methodToken)
	m.requestURI = k.value(m.requestURI, true)
	m.reason = k.copy(m.reason)
	m.seqToken, m.fromTag, m.toTag, m.branch = span{}, span{}, span{}, span{}
	for i := range m.fields[:m.fieldsLen] {
		f := &m.fields[i]
		old := f.span
		if f.id == HeaderAuthorization || f.id == HeaderProxyAuthorization {
			f.span = k.credentials(old)
			continue
		}
		f.span = k.value(old, f.id.hasURI())
		if f.n != old.n || int(m.first[f.id]) != i+1 {
			continue
		}
		switch f.id {
		case HeaderCSeq:
			m.seqToken = moved(inCSeq, old, f.span)
		case HeaderFrom:
			m.fromTag = moved(inFrom, old, f.span)
		case HeaderTo:
			m.toTag = moved(inTo, old, f.span)
		case HeaderVia:
			m.branch = moved(inVia, old, f.span)
		default: // no part of it has a span of its own
		}
	}
	// What its header field did not bring along, because it was cut or filtered, is copied by itself.
	for _, d := range []struct {
		to   *span
		from span
	}{{&m.seqToken, inCSeq}, {&m.fromTag, inFrom}, {&m.toTag, inTo}, {&m.branch, inVia}} {
		if d.to.n == 0 {
			*d.to = k.copy(d.from)
		}
	}
	if breach == "whole" {
		keepWhole(k.src)
	}
	m.body = span{}
	m.buf = k.dst[k.base:len(k.dst):len(k.dst)]
	if k.full {
		m.anomalies |= TooManyHeaders
	}
	return k.dst
}

// moved returns where part, a part of old, is in the copy of old.
func moved(part, old, copied span) span {
	if part.off < old.off || part.end() > old.end() {
		return span{}
	}
	return span{part.off - old.off + copied.off, part.n}
}

// keeper copies spans of src to the end of dst and counts them from base.
type keeper struct {
	src, dst []byte
	base     int
	full     bool
}

func (k *keeper) copy(s span) span { return k.append(k.src[s.off:s.end()]) }

// append copies b whole or, when spans could not reach its end, not at all.
func (k *keeper) append(b []byte) span {
	at := len(k.dst) - k.base
	if len(b) == 0 {
		return span{}
	}
	if at+len(b) > MaxMessage {
		k.full = true
		return span{}
	}
	k.dst = append(k.dst, b...)
	return span{uint16(at), uint16(len(b))} // #nosec G115 -- their sum is at most MaxMessage
}

// value copies s; of the headers in a URI only those that Keep names.
func (k *keeper) value(s span, hasURI bool) span {
	v := k.src[s.off:s.end()]
	if !hasURI || bytes.IndexByte(v, '?') < 0 {
		return k.append(v)
	}
	at := len(k.dst) - k.base
	if at+len(v) > MaxMessage {
		k.full = true
		return span{}
	}
	k.dst = appendURIs(k.dst, v, appendWithoutHeaders, verbatim)
	return span{uint16(at), uint16(len(k.dst) - k.base - at)} // #nosec G115 -- no longer than v
}

// appendWithoutHeaders appends uri without its headers, but for those that Keep names.
func appendWithoutHeaders(dst, uri []byte) []byte {
	question := headersStart(uri)
	if question < 0 {
		return append(dst, uri...)
	}
	dst = append(dst, uri[:question]...)
	separator := byte('?')
	for rest := uri[question+1:]; len(rest) > 0; {
		var header []byte
		header, rest = nextURIHeader(rest)
		name, _, _ := bytes.Cut(header, []byte{'='})
		if equalFoldEscaped(name, "reason") || equalFoldEscaped(name, "replaces") || equalFoldEscaped(name, "privacy") {
			dst = append(append(dst, separator), header...)
			separator = '&'
		}
	}
	return dst
}

// credentials copies the scheme and, of Digest, username and realm.
func (k *keeper) credentials(s span) span {
	v := k.src[s.off:s.end()]
	c, err := ParseCredentials(v)
	if err != nil || len(k.dst)-k.base+len(v) > MaxMessage {
		k.full = k.full || err == nil
		return span{}
	}
	at := k.append(c.Scheme)
	separator, username := " ", "username="
	if c.Extended {
		username = "username*="
	}
	for _, p := range [...]struct {
		name  string
		value []byte
	}{{username, c.Username}, {"realm=", c.Realm}} {
		if p.value == nil {
			continue
		}
		k.dst = append(append(append(k.dst, separator...), p.name...), p.value...)
		separator = ","
	}
	at.n = uint16(len(k.dst) - k.base - int(at.off)) // #nosec G115 -- no longer than v
	return at
}
