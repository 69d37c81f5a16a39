package rtp

import (
	"encoding/binary"
	"errors"
)

// headerLen is the length of the fixed header in octets, RFC 3550 section 5.1.
const headerLen = 12

// Why Parse refuses a packet. The values are made once, so that refusing costs no allocation.
var (
	errShort     = errors.New("rtp: header: fewer octets than the header needs")
	errVersion   = errors.New("rtp: header: version is not 2")
	errExtension = errors.New("rtp: header: CSRC list and extension are longer than the packet")
)

// Header is what calltrail needs of an RTP header (RFC 3550 section 5.1).
type Header struct {
	PayloadType uint8  // PT, 0-127
	Marker      bool   // M: the profile's mark, for audio the start of a talk spurt
	Seq         uint16 // sequence number
	Timestamp   uint32 // in units of the payload type's clock
	SSRC        uint32 // synchronization source
	// PayloadLen is the number of octets on the wire after header, CSRC list and extension, less padding when its
	// count was captured and can be right. SRTP encrypts the padding and appends a tag (RFC 3711 section 3.1): both
	// then count as payload.
	PayloadLen int
}

// Parse reads the RTP header at the start of b. wireLen is the length in octets that the whole RTP packet had on the
// wire; it is more than len(b) when the snap length cut the packet. The header may then be cut too, as long as its
// fixed part and the extension's length were captured. h is unspecified after an error. b is not kept.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|V=2|P|X|  CC   |M|     PT      |       sequence number         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                           timestamp                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           synchronization source (SSRC) identifier            |
//	+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//	|            contributing source (CSRC) identifiers             |
//	|                             ....                              |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|      defined by profile       |           length              |  if X, section 5.3.1;
//	|                        header extension ....                  |  length counts 32-bit words
//
// Any payload type is accepted: which ones are plausible is the caller's to say.
func Parse(b []byte, wireLen int, h *Header) error {
	if len(b) < headerLen {
		return errShort
	}
	first := b[0]
	if first>>6 != 2 {
		return errVersion
	}
	wireLen = max(wireLen, len(b))
	n := headerLen + 4*int(first&0x0f)
	if first&0x10 != 0 {
		if len(b) < n+4 {
			return errShort
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	if n > wireLen {
		return errExtension
	}
	h.PayloadType = b[1] & 0x7f
	h.Marker = b[1]&0x80 != 0
	h.Seq = binary.BigEndian.Uint16(b[2:])
	h.Timestamp = binary.BigEndian.Uint32(b[4:])
	h.SSRC = binary.BigEndian.Uint32(b[8:])
	h.PayloadLen = wireLen - n
	if first&0x20 != 0 && len(b) == wireLen {
		// RFC 3550 appendix A.1 would refuse a count that cannot be right. It stays accepted here: in SRTP the
		// count is encrypted, and refusing would turn the packet into a loss that never was.
		if padding := int(b[len(b)-1]); padding <= h.PayloadLen {
			h.PayloadLen -= padding
		}
	}
	return nil
}
