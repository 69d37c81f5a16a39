package stun

import (
	"encoding/binary"
	"errors"
)

const (
	headerLen    = 20         // octets of the header, RFC 8489 section 5
	attributeLen = 4          // octets of an attribute's type and length, RFC 8489 section 14
	cookie       = 0x2112a442 // the magic cookie
)

// Why Parse refuses a message. The values are made once, so that refusing costs no allocation.
var (
	errShort       = errors.New("stun: header: fewer than 20 octets")
	errLength      = errors.New("stun: header: message length is more than the datagram holds")
	errType        = errors.New("stun: header: neither the magic cookie nor a message type of RFC 3489")
	errFill        = errors.New("stun: header: without the magic cookie, and the message does not fill the datagram")
	errTransaction = errors.New("stun: header: without the magic cookie, and the transaction ID is 0")
	errAttribute   = errors.New("stun: attribute: without the magic cookie, and the attributes do not fill the message")
)

// Parse reads the STUN message that the datagram b begins with. wireLen is the datagram's length in octets on the wire, more
// than len(b) when the snap length cut it: attributes are then read as far as they were captured. m is unspecified after an
// error; its slices alias b.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|0 0|     STUN Message Type     |         Message Length        |  of the attributes, in octets
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                         Magic Cookie                          |  in RFC 3489 part of the Transaction ID
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                     Transaction ID (96 bits)                  |
//	|                             ....                              |
//	+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//	|             Type              |            Length             |  of the value, in octets,
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                         Value (variable)                ....  |  padded to a multiple of 4
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// The magic cookie decides how strict it is. With it, the message is taken for what it says: any type, because applications
// have types of their own; octets after the message, because some append them; and attributes as far as they fit, because
// some do not pad them. Without it, anything could look like a message of RFC 3489: its type must be one of that document, its
// transaction ID not 0, and it and its attributes must fill the datagram to the octet.
func Parse(b []byte, wireLen int, m *Message) error {
	if len(b) < headerLen {
		return errShort
	}
	kind, length := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	end := headerLen + length
	wireLen = max(wireLen, len(b))
	if binary.BigEndian.Uint32(b[4:]) != cookie {
		return parseOld(b, wireLen, kind, length, m)
	}
	if end > wireLen {
		return errLength
	}
	*m = Message{Type: kind, Cookie: true}
	copy(m.Transaction[4:], b[8:headerLen])
	attributes(b[:min(end, len(b))], end, m)
	return nil
}

// parseOld reads a message of RFC 3489 (section 11.1).
func parseOld(b []byte, wireLen int, kind uint16, length int, m *Message) error {
	switch kind {
	case 0x0001, 0x0101, 0x0111, // Binding Request, Response, Error Response
		0x0002, 0x0102, 0x0112: // Shared Secret Request, Response, Error Response
	default:
		return errType
	}
	switch {
	case headerLen+length != wireLen || length%4 != 0:
		return errFill
	case [16]byte(b[4:headerLen]) == [16]byte{}:
		return errTransaction
	}
	*m = Message{Type: kind}
	copy(m.Transaction[:], b[4:headerLen])
	if !attributes(b, wireLen, m) {
		return errAttribute
	}
	return nil
}

// attributes reads the attributes of a message that ends at end on the wire and of which b was captured, and says whether they
// fill it, as far as can be seen. It stops at the first one that does not fit.
func attributes(b []byte, end int, m *Message) (fill bool) {
	at := headerLen
	for at < end {
		if at+attributeLen > end {
			return false
		}
		if at+attributeLen > len(b) {
			return true // cut within its type and length
		}
		kind, length := binary.BigEndian.Uint16(b[at:]), int(binary.BigEndian.Uint16(b[at+2:]))
		at += attributeLen
		if at+length > end {
			return false
		}
		m.add(kind)
		if at+length > len(b) {
			if kind == AttrData && m.Data == nil {
				m.Data, m.DataLen = b[at:], length
			}
			return true // cut within its value
		}
		m.read(kind, b[at:at+length], b)
		at += (length + 3) &^ 3
	}
	// In RFC 3489 no padding can reach beyond the end: both are multiples of 4.
	return true
}

// add keeps an attribute's type.
func (m *Message) add(kind uint16) {
	if m.NumAttributes == MaxAttributes {
		m.More = true
		return
	}
	m.Attributes[m.NumAttributes] = kind
	m.NumAttributes++
}

// Looks says whether b may begin with a STUN message that has the magic cookie, at the cost of a few nanoseconds: it is for
// what is not known to be STUN yet. Nothing but Parse can say that it is one.
func Looks(b []byte) bool {
	return len(b) >= headerLen && binary.BigEndian.Uint32(b[4:]) == cookie &&
		headerLen+int(binary.BigEndian.Uint16(b[2:])) <= maxDatagram
}

// maxDatagram is the longest UDP payload over IPv4, in octets.
const maxDatagram = 65507
