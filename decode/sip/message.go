package sip

import "iter"

// Bounds of a Message.
const (
	// MaxMessage is the longest message in octets, headers and body.
	MaxMessage = 1<<16 - 1
	// MaxValue is how many octets of a header field's value, of the Request-URI and of the Reason-Phrase are kept.
	MaxValue = 1024
	// MaxIdentity is that bound for Identity, which must be whole to be verified (RFC 8224).
	MaxIdentity = 4096
	// maxFields is how many header fields of the allow-list a Message holds. The first of each HeaderID always has a place.
	maxFields = 82
)

// span is a part of Message.buf.
type span struct{ off, n uint16 }

func (s span) end() int { return int(s.off) + int(s.n) }

type field struct {
	span
	id HeaderID
}

// Message is one SIP message as spans into its octets. The zero Message is ready for Parse and may be used again and
// again. After Parse it aliases the packet, after Keep the slice Keep returned; so do all slices it gives.
// Copying a Message by value is safe and copies none of the octets.
type Message struct {
	buf       []byte
	fields    [maxFields]field
	first     [HeaderIDs]uint8 // 1 + index in fields of the first of each
	fieldsLen uint8
	count     [HeaderIDs]uint8 // header fields of each, kept or not, up to 255
	stale     bool             // StaleChallenge

	anomalies Anomaly
	seq       uint32
	status    uint16
	vias      uint16
	method    Method
	seqMethod Method

	methodToken, requestURI, reason, fromTag, toTag, branch, seqToken, body span
}

func (m *Message) at(s span) []byte {
	if s.n == 0 {
		return nil
	}
	return m.buf[s.off:s.end():s.end()]
}

// IsRequest says that the message is a request and not a response.
func (m *Message) IsRequest() bool { return m.status == 0 }

// Method returns the request's method, or that of the request a response answers (from its CSeq).
func (m *Message) Method() Method {
	if m.IsRequest() {
		return m.method
	}
	return m.seqMethod
}

// MethodToken returns the method of Method as sent: what MethodOther was.
func (m *Message) MethodToken() []byte {
	if m.IsRequest() {
		return m.at(m.methodToken)
	}
	return m.at(m.seqToken)
}

// Status returns the Status-Code of a response, 100 to 699, and 0 for a request.
func (m *Message) Status() int { return int(m.status) }

// RequestURI returns the Request-URI as sent, nil for a response.
func (m *Message) RequestURI() []byte { return m.at(m.requestURI) }

// ReasonPhrase returns the Reason-Phrase as sent, nil for a request or when it is empty.
func (m *Message) ReasonPhrase() []byte { return m.at(m.reason) }

// CallID returns the first Call-ID. It is never empty.
func (m *Message) CallID() []byte { return m.Value(HeaderCallID) }

// FromTag returns the tag parameter of the first From, nil if there is none.
func (m *Message) FromTag() []byte { return m.at(m.fromTag) }

// ToTag returns the tag parameter of the first To, nil if there is none.
func (m *Message) ToTag() []byte { return m.at(m.toTag) }

// CSeq returns the sequence number of the first CSeq.
func (m *Message) CSeq() uint32 { return m.seq }

// CSeqMethod returns the method of the first CSeq.
func (m *Message) CSeqMethod() Method { return m.seqMethod }

// Branch returns the branch parameter of the top Via, nil if there is none. Only with the magic cookie z9hG4bK does it
// name a transaction (RFC 3261 section 8.1.1.7).
func (m *Message) Branch() []byte { return m.at(m.branch) }

// ViaCount returns the number of Via values, in however many header fields: one more than the proxies passed.
func (m *Message) ViaCount() int { return int(m.vias) }

// Anomalies returns what was found odd.
func (m *Message) Anomalies() Anomaly { return m.anomalies }

// Count returns how many header fields id the message has, up to 255. It counts lines, not the elements of lists.
func (m *Message) Count(id HeaderID) int {
	if int(id) >= HeaderIDs {
		return 0
	}
	return int(m.count[id])
}

// Value returns the first value of id as sent, without surrounding white space, nil if there is none or it is empty.
// Of a list it is the first element. Of WWW-Authenticate and Proxy-Authenticate there is never one: see StaleChallenge.
func (m *Message) Value(id HeaderID) []byte {
	if int(id) >= HeaderIDs || m.first[id] == 0 {
		return nil
	}
	v := m.at(m.fields[m.first[id]-1].span)
	if !id.isList() {
		return v
	}
	element, _, _ := nextElement(v)
	return element
}

// Values yields the values of id in the order of the message: the elements of its lists one by one, else one value a
// header field. Empty ones are passed over. Quoted-strings and <> are respected (RFC 3261 section 7.3.1).
func (m *Message) Values(id HeaderID) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { m.each(id, yield) }
}

func (m *Message) each(id HeaderID, yield func([]byte) bool) {
	if int(id) >= HeaderIDs || m.first[id] == 0 {
		return
	}
	for i := int(m.first[id]) - 1; i < int(m.fieldsLen); i++ {
		if m.fields[i].id != id {
			continue
		}
		v := m.at(m.fields[i].span)
		if !id.isList() {
			if len(v) > 0 && !yield(v) {
				return
			}
			continue
		}
		for {
			element, rest, ok := nextElement(v)
			if !ok {
				break
			}
			if !yield(element) {
				return
			}
			v = rest
		}
	}
}

// Body returns the message body: the Content-Length octets after the empty line, or as many of them as there are;
// without Content-Length the rest of the datagram (RFC 3261 section 18.3). It is nil after Keep.
func (m *Message) Body() []byte { return m.at(m.body) }
