package udptl

import (
	"encoding/binary"
	"errors"
)

// Recovery is how a packet carries copies of earlier ones, the CHOICE error-recovery.
type Recovery uint8

// Kinds of error recovery.
const (
	// NotCaptured is the zero value: the snap length cut the packet before it.
	NotCaptured Recovery = iota
	// Redundancy is secondary-ifp-packets: whole earlier IFP packets, or none at all.
	Redundancy
	// FEC is fec-info: parity over earlier IFP packets.
	FEC
)

var recoveries = [...]string{"not captured", "redundancy", "fec"}

// String names the kind.
func (r Recovery) String() string {
	if int(r) >= len(recoveries) {
		return ""
	}
	return recoveries[r]
}

// Header is what calltrail needs of a UDPTL packet. It holds values only.
type Header struct {
	// Seq is the sequence number of the primary IFP packet. It wraps around to 0, in some implementations to 1.
	Seq uint16
	// PrimaryLen is the length of the primary IFP packet, in octets on the wire.
	PrimaryLen int
	// Recovery is the kind of error recovery; Packets how many secondary IFP packets or parity strings there are, 0 as long as
	// their number was not captured.
	Recovery Recovery
	Packets  int
	// Whole says that the packet was captured and checked to its last octet.
	Whole bool
}

// minLen is the length of the shortest packet in octets: an indicator without anything to recover.
const minLen = 6

// Why Parse refuses a packet. The values are made once, so that refusing costs no allocation.
var (
	errShort    = errors.New("udptl: packet: fewer than 6 octets")
	errPrimary  = errors.New("udptl: primary-ifp-packet: its length leaves no room for the error recovery")
	errIFP      = errors.New("udptl: primary-ifp-packet: neither a t30-indicator nor t30-data that fills it")
	errRecovery = errors.New("udptl: error-recovery: its first octet is neither 0x00 nor 0x80")
	errFill     = errors.New("udptl: error-recovery: its parts do not fill the datagram")
)

// Looks says whether Parse is worth asking: whether the primary IFP packet leaves room for the error recovery, and the first octet
// behind it is one of that. wireLen is as in Parse. It is true of all that Parse takes, and of one datagram of noise in fifty.
func Looks(b []byte, wireLen int) bool {
	wireLen = max(wireLen, len(b))
	if len(b) < 4 {
		return false
	}
	n, at, is := length(b, 2, wireLen)
	if is != fits || n == 0 || at+n > wireLen-2 {
		return false
	}
	return at+n >= len(b) || b[at+n]&0x7f == 0
}

// Parse reads the UDPTL packet that fills the datagram b. wireLen is its length in octets on the wire, more than len(b) when the
// snap length cut it; it is then checked as far as it was captured, which must be to the first octet of the primary IFP packet
// at least. h is unspecified after an error. b is not kept.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|          seq-number           |    length     |  primary-ifp-packet, of length octets ..
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|0 0 0 0 0 0 0 0|     count     |    length     |  secondary-ifp-packet ..              count times, newest first
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	or
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|1 0 0 0 0 0 0 0|       1       | fec-npackets  |     count     |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|    length     |  fec-data ..                                     count times
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// A packet has no mark of its own, so that it is strict: every length must be written in its shortest form, the parts must fill
// the datagram to the octet, and the primary and each secondary IFP packet must be one (ifp.go). A datagram that passes is a weak
// sign all the same: a sequence number and the number 1 in four octets, the low one first, are an IFP packet that says "no
// signal". The caller asks for a session description, or for several packets in sequence.
func Parse(b []byte, wireLen int, h *Header) error {
	wireLen = max(wireLen, len(b))
	if len(b) < 4 || wireLen < minLen {
		return errShort
	}
	n, at, is := length(b, 2, wireLen)
	switch {
	case is != fits || n == 0 || at+n > wireLen-2 || at >= len(b):
		return errPrimary
	case !isIFP(b[at:min(at+n, len(b))], n):
		return errIFP
	}
	*h = Header{Seq: binary.BigEndian.Uint16(b), PrimaryLen: n}
	at += n
	if at >= len(b) {
		return nil
	}
	switch b[at] {
	case 0x00:
		h.Recovery = Redundancy
		is = h.redundancy(b, at+1, wireLen)
	case 0x80:
		h.Recovery = FEC
		is = h.parity(b, at+1, wireLen)
	default:
		return errRecovery
	}
	if is == wrong {
		return errFill
	}
	h.Whole = is == fits
	return nil
}

// redundancy steps over the secondary IFP packets, which must end where the packet ends.
func (h *Header) redundancy(b []byte, at, end int) result {
	count, at, is := length(b, at, end)
	if is != fits {
		return is
	}
	h.Packets = count
	for range count {
		n, next, is := length(b, at, end)
		if is != fits {
			return is
		}
		at = next + n
		if n == 0 || at > end || !isIFP(b[min(next, len(b)):min(at, len(b))], n) {
			return wrong
		}
	}
	return filled(b, at, end)
}

// parity steps over fec-npackets, which says over how many IFP packets each string of parity goes and is small in all that is
// sent, and over those strings, which must end where the packet ends.
func (h *Header) parity(b []byte, at, end int) result {
	if is := reach(b, at+2, end); is != fits {
		return is
	}
	if b[at] != 1 || b[at+1] > 0x7f { // an INTEGER of one octet, not negative
		return wrong
	}
	count, at, is := length(b, at+2, end)
	if is != fits {
		return is
	}
	h.Packets = count
	for range count {
		n, next, is := length(b, at, end)
		if is != fits {
			return is
		}
		if at = next + n; at > end {
			return wrong
		}
	}
	return filled(b, at, end)
}
