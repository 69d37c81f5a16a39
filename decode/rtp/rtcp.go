package rtp

import (
	"encoding/binary"
	"errors"
)

const (
	rtcpHeaderLen = 8  // the common header and the sender's SSRC, in octets
	maxCompound   = 64 // packets of a compound packet that are looked at; real ones have two to four

	// The packet types that RFC 5761 section 4 tells from RTP's marker and payload type.
	minPacketType = 192
	maxPacketType = 213
)

// Why ParseRTCP refuses a packet.
var (
	errRTCPShort   = errors.New("rtcp: header: fewer than 8 octets")
	errRTCPVersion = errors.New("rtcp: header: version is not 2")
	errRTCPType    = errors.New("rtcp: header: packet type is not one of 192 to 213")
	errRTCPLength  = errors.New("rtcp: header: length is more than the packet holds or has no room for an SSRC")
)

// Compound is what calltrail needs of a compound RTCP packet (RFC 3550 section 6.1).
type Compound struct {
	PacketType uint8  // PT of the first packet: 200 SR, 201 RR; others in reduced-size RTCP (RFC 5506)
	SSRC       uint32 // of the sender of the first packet
	Packets    int    // packets found, at least 1; at most 64 are looked at
	// Framed says that the packets fill the datagram as RFC 3550 appendix A.2 demands, as far as it was captured.
	// It is false for SRTCP, which encrypts all but the first header (RFC 3711 section 3.4), and for damage.
	Framed bool
}

// ParseRTCP reads the compound RTCP packet in b. wireLen is its length in octets on the wire, more than len(b) when
// the snap length cut it. Only the first packet must be whole in its header; what follows it is reported by Framed.
// c is unspecified after an error. b is not kept.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|V=2|P|    RC   |      PT       |            length             |  length in 32-bit words, less one
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                         SSRC of sender                        |
//	+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
func ParseRTCP(b []byte, wireLen int, c *Compound) error {
	wireLen = max(wireLen, len(b))
	switch {
	case len(b) < rtcpHeaderLen:
		return errRTCPShort
	case b[0]>>6 != 2:
		return errRTCPVersion
	case b[1] < minPacketType || b[1] > maxPacketType:
		return errRTCPType
	}
	size := packetSize(b)
	if size < rtcpHeaderLen || size > wireLen {
		return errRTCPLength
	}
	c.PacketType = b[1]
	c.SSRC = binary.BigEndian.Uint32(b[4:])
	c.Packets, c.Framed = walk(b, wireLen)
	return nil
}

// walk counts the packets of a compound packet whose first one is good, and says whether they are framed as
// RFC 3550 appendix A.2 demands: each of version 2, the lengths add up, padding in the last one only.
func walk(b []byte, wireLen int) (packets int, framed bool) {
	offset := 0
	for {
		header := b[offset:]
		size := packetSize(header)
		if header[0]>>6 != 2 || header[1] < minPacketType || header[1] > maxPacketType || size > wireLen-offset {
			return packets, false
		}
		packets++
		offset += size
		switch {
		case offset == wireLen:
			return packets, true
		case header[0]&0x20 != 0, packets == maxCompound:
			return packets, false
		case offset+4 > len(b):
			// The next header was not captured whole: framed as far as can be seen, unless nothing was cut.
			return packets, len(b) < wireLen
		}
	}
}

// packetSize returns the octets of the RTCP packet whose header starts b. b has at least 4 octets.
func packetSize(b []byte) int {
	return 4 * (1 + int(binary.BigEndian.Uint16(b[2:])))
}
