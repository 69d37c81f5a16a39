package reassembly

import "encoding/binary"

// Opcodes of frames, RFC 6455 section 11.8.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const maxControl = 125 // octets of a control frame's payload, RFC 6455 section 5.5

// wsFrame is the header of a frame.
type wsFrame struct {
	fin, compressed bool // FIN; RSV1, which permessage-deflate uses (RFC 7692 section 6)
	opcode          uint8
	masked          bool
	key             [4]byte
	header          int    // octets of the header
	length          uint64 // octets of the payload
}

func (w *wsFrame) control() bool { return w.opcode >= opClose }

// parse reads the frame header at the start of b; unclear when it goes on, no when there cannot be such a header.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-------+-+-------------+-------------------------------+
//	|F|R|R|R| opcode|M| Payload len |    Extended payload length    |
//	|I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
//	|N|V|V|V|       |S|             |   (if payload len==126/127)   |
//	| |1|2|3|       |K|             |                               |
//	+-+-+-+-+-------+-+-------------+ - - - - - - - - - - - - - - - +
//	|     Extended payload length continued, if payload len == 127  |
//	+ - - - - - - - - - - - - - - - +-------------------------------+
//	|                               |Masking-key, if MASK set to 1  |
//	+-------------------------------+-------------------------------+
//	| Masking-key (continued)       |          Payload Data         |
//	+---------------------------------------------------------------+   RFC 6455 section 5.2
func (w *wsFrame) parse(b []byte) answer {
	if len(b) < 2 {
		return unclear
	}
	*w = wsFrame{
		fin: b[0]&0x80 != 0, compressed: b[0]&0x40 != 0, opcode: b[0] & 0xf,
		masked: b[1]&0x80 != 0, header: 2, length: uint64(b[1] & 0x7f),
	}
	switch w.opcode {
	case opContinuation, opText, opBinary:
	case opClose, opPing, opPong:
		if !w.fin || w.compressed || w.length > maxControl {
			return no
		}
	default:
		return no
	}
	if b[0]&0x30 != 0 { // no extension in use has RSV2 or RSV3
		return no
	}
	switch {
	case w.length == 126 && len(b) >= 4:
		w.header, w.length = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case w.length == 127 && len(b) >= 10:
		w.header, w.length = 10, binary.BigEndian.Uint64(b[2:])
		if w.length>>63 != 0 {
			return no
		}
	case w.length >= 126:
		return unclear
	}
	if w.masked {
		if len(b) < w.header+4 {
			return unclear
		}
		w.key = [4]byte(b[w.header:])
		w.header += 4
	}
	return yes
}

// appendPayload appends b, which are the first octets of the payload or all of them, unmasked (RFC 6455 section 5.3).
func (w *wsFrame) appendPayload(dst, b []byte) []byte {
	from := len(dst)
	dst = append(dst, b...)
	if w.masked {
		for i := range b {
			dst[from+i] ^= w.key[i&3]
		}
	}
	return dst
}

const (
	minFramed = 16  // octets of a SIP message's first line, at least, to be known by it
	looked    = 128 // octets of a payload that are looked at
)

// beginsFrame says whether b begins with a frame of which the payload begins like SIP: where a WebSocket connection can
// be picked up of which the handshake was not seen. What is compressed, continued or control cannot be known so.
func beginsFrame(b []byte) bool {
	if len(b) < minFramed || b[0]&0x7f != opText && b[0]&0x7f != opBinary {
		return false
	}
	var w wsFrame
	if w.parse(b) != yes || w.length < minFramed {
		return false
	}
	var first [looked]byte
	n := min(w.length, looked, uint64(len(b)-w.header)) //nolint:gosec // the header was read from b
	return looksLikeSIP(w.appendPayload(first[:0], b[w.header:w.header+int(n)]))
}
