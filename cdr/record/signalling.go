package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// SIP is what only signalling knows.
type SIP struct {
	// Call-ID.
	CallID string `json:"call_id"`
	// Tag of From in the first INVITE.
	FromTag string `json:"from_tag,omitempty"`
	// Tag of To, of the branch that this leg is.
	ToTag string `json:"to_tag,omitempty"`
	// Session-ID (RFC 7989).
	SessionID string `json:"session_id,omitempty"`
	// icid-value of P-Charging-Vector (RFC 7315).
	ICID string `json:"icid,omitempty"`
	// Transport of the INVITE on this tap.
	Transport string `json:"transport" schema:"enum=udp|tcp|tls|ws|wss|sctp"`
	// User-Agent of the caller's side.
	UserAgent string `json:"user_agent,omitempty"`
	// Server, or else User-Agent, of the called side's responses.
	ServerAgent string `json:"server_agent,omitempty"`
	// +sip.instance of Contact (RFC 5626): the device.
	InstanceID string `json:"instance_id,omitempty"`
	// Via values of the INVITE, the top one first.
	Via []string `json:"via,omitempty"`
	// Contact of the INVITE, redacted.
	Contact string `json:"contact,omitempty"`
	// All values of header fields of which a message of the call had several where only one may be.
	Conflicting *Conflicting `json:"conflicting,omitempty"`
	// Requests by method, every transmission of them: {"INVITE":2,"ACK":1}, in the order first seen.
	Methods Methods `json:"methods,omitempty"`
	// Final responses that did not end the call: 401, 407, a 3xx that was followed …
	Attempts []Attempt `json:"attempts,omitempty"`
	// The call was to an emergency service by its service URN (RFC 5031); absent: not known to be.
	Emergency bool `json:"emergency,omitempty"`
	// Final response to the INVITE; null: none was seen.
	Status *int `json:"status" schema:"min=100 max=699"`
	// Reason phrase of that response.
	Reason string `json:"reason,omitempty"`
	// Q.850 cause of a Reason header (RFC 3326).
	Q850 *int `json:"q850,omitempty" schema:"min=0 max=127"`
}

// Conflicting lists all values of each header field that a message of the call had several of, equal ones too, in the order
// of the message: the first message of the call with several of that field. Each of its receivers may have gone by another one.
type Conflicting struct {
	// Call-ID, as sent.
	CallID []string `json:"call_id,omitempty"`
	// From, redacted.
	From []string `json:"from,omitempty"`
	// To, redacted.
	To []string `json:"to,omitempty"`
	// CSeq.
	CSeq []string `json:"cseq,omitempty"`
	// Content-Length, whatever stands in it.
	ContentLength []string `json:"content_length,omitempty"`
}

// lists are the members with their names, in their order.
func (c *Conflicting) lists() [5]conflictingList {
	return [...]conflictingList{
		{"call_id", &c.CallID}, {"from", &c.From}, {"to", &c.To}, {"cseq", &c.CSeq}, {"content_length", &c.ContentLength},
	}
}

type conflictingList struct {
	name   string
	values *[]string
}

// Empty says that there is nothing to list.
func (c *Conflicting) Empty() bool {
	for _, l := range c.lists() {
		if len(*l.values) > 0 {
			return false
		}
	}
	return true
}

// Methods counts requests by method in the order first seen; its JSON is an object, {"INVITE":2,"ACK":1}.
type Methods []Method

// Method counts the requests of one method, every transmission of them.
type Method struct {
	Name  string
	Count int
}

func (m Methods) append(b []byte) []byte {
	b = append(b, '{')
	for i := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, m[i].Name)
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(m[i].Count), 10)
	}
	return append(b, '}')
}

// MarshalJSON implements json.Marshaler.
func (m Methods) MarshalJSON() ([]byte, error) { return m.append(nil), nil }

// UnmarshalJSON implements json.Unmarshaler. The order of the members is kept.
func (m *Methods) UnmarshalJSON(b []byte) error {
	counts := json.NewDecoder(bytes.NewReader(b))
	if t, err := counts.Token(); err != nil || t != json.Delim('{') {
		return errors.New("record methods: not an object")
	}
	*m = (*m)[:0]
	for counts.More() {
		name, err := counts.Token()
		if err != nil {
			return fmt.Errorf("record methods: %w", err)
		}
		method := Method{Name: name.(string)} //nolint:errcheck,forcetypeassert // a member's name is a string
		if err := counts.Decode(&method.Count); err != nil {
			return fmt.Errorf("record methods: %s: %w", method.Name, err)
		}
		*m = append(*m, method)
	}
	return nil
}

// Attempt is one final response that did not end the call.
type Attempt struct {
	// Status code of the response.
	Status int `json:"status" schema:"min=100 max=699"`
	// When it was seen.
	At Time `json:"at"`
}
