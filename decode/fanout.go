package decode

import (
	"encoding/binary"
	"math/bits"

	"calltrail/capture"
)

// FanoutHash returns a hash of the pair of IP addresses in p, the same for both directions, for spreading packets over
// workers so that all packets between two hosts, fragments too, meet the same one. It has no seed, and gives the same
// value everywhere. A packet whose addresses cannot be read hashes to 0.
func FanoutHash(p *capture.Packet) uint32 {
	var f Frame
	offset, etherType, r := linkHeader(p, &f)
	if r != Datagram {
		return 0
	}
	b := p.Data[offset:]
	var src, dst uint64
	switch {
	case etherType == etherIPv4 && len(b) >= ipv4Len:
		src = uint64(binary.BigEndian.Uint32(b[12:]))
		dst = uint64(binary.BigEndian.Uint32(b[16:]))
	case etherType == etherIPv6 && len(b) >= ipv6Len:
		src = binary.BigEndian.Uint64(b[8:])*prime1 ^ binary.BigEndian.Uint64(b[16:])
		dst = binary.BigEndian.Uint64(b[24:])*prime1 ^ binary.BigEndian.Uint64(b[32:])
	default:
		return 0
	}
	// A sum of what was scattered has no order, and unlike the sum of plain addresses keeps pairs apart.
	sum := scatter(src) + scatter(dst)
	return uint32(scatter(sum) >> 32)
}

// Odd constants with evenly spread bits: those of xxHash64.
const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
)

// scatter spreads every bit of x over the whole word: the two halves of a 128-bit product.
func scatter(x uint64) uint64 {
	hi, lo := bits.Mul64(x^prime1, prime2)
	return hi ^ lo
}
