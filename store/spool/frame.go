package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
)

// A frame is one entry on disk; all numbers are big-endian, frames begin at multiples of 8.
//
//	 0                   1                   2                   3
//	+-------------------+-------------------+-------------------+---+
//	| 0  magic "ctE1"   | 4  CRC-32C        | 8  body length    |   |
//	+----+----+---------+-------------------+-------------------+---+
//	|12 type|13 kind|14 zero (2)            | 16 epoch (8)          |
//	+---------------------------------------+-----------------------+
//	| 24 seq (8)                            | 32 prev (32)          |
//	+---------------------------------------+-----------------------+
//	| 64 hash (32)                          | 96 body, zeros to 8   |
//	+---------------------------------------+-----------------------+
//
// The CRC covers the segment's ordinal and the frame's offset (8 octets each) and then everything from octet 8 to the
// end of the padding, so a block that turns up in the wrong place does not pass. Prev and hash are both kept, so that
// each frame can be proved alone, also behind a gap.
const (
	frameMagic  = 0x63744531 // "ctE1"
	frameHeader = 96
	frameAlign  = 8
	maxFrame    = frameHeader + MaxBody
)

// Types of frames.
const (
	typeRecord = 1 // numbered; on the chain
	typeLocal  = 2 // for this sensor only; no number
	typeMark   = 3 // everything before it was durable when it was written; no body
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// point is a place on the chain: a number and its hash.
type point struct {
	seq  uint64
	hash [sha256.Size]byte
}

// frame is a decoded entry. Body aliases the bytes it was decoded from.
type frame struct {
	typ, kind byte
	epoch     uint64
	// seq of a record is its number; a frame of another type has that of the last record before it.
	seq uint64
	// prev is the hash of the last record before the frame.
	prev, leaf, hash [sha256.Size]byte
	body             []byte
}

// before is the chain's head as it was when the frame was written.
func (f *frame) before() point {
	if f.typ == typeRecord {
		return point{f.seq - 1, f.prev}
	}
	return point{f.seq, f.prev}
}

// link hashes the frame: a record onto the chain, another frame beside it (number 0 is never on the chain).
func (f *frame) link() [sha256.Size]byte {
	if f.typ == typeRecord {
		return Link(f.prev, f.epoch, f.seq, f.leaf)
	}
	return Link(f.prev, f.epoch, 0, f.leaf)
}

func frameSize(body int) int { return (frameHeader + body + frameAlign - 1) &^ (frameAlign - 1) }

// appendFrame encodes f but for the CRC, which depends on where it will lie: see sealFrame.
func appendFrame(dst []byte, f *frame) []byte {
	dst = binary.BigEndian.AppendUint32(dst, frameMagic)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(f.body))) //nolint:gosec // at most MaxBody
	dst = append(dst, f.typ, f.kind, 0, 0)
	dst = binary.BigEndian.AppendUint64(dst, f.epoch)
	dst = binary.BigEndian.AppendUint64(dst, f.seq)
	dst = append(dst, f.prev[:]...)
	dst = append(dst, f.hash[:]...)
	dst = append(dst, f.body...)
	var zeros [frameAlign]byte
	return append(dst, zeros[:frameSize(len(f.body))-frameHeader-len(f.body)]...)
}

func frameCRC(b []byte, ordinal uint64, off int64) uint32 {
	var place [16]byte
	binary.BigEndian.PutUint64(place[:], ordinal)
	binary.BigEndian.PutUint64(place[8:], uint64(off)) //nolint:gosec // never negative
	return crc32.Update(crc32.Checksum(place[:], castagnoli), castagnoli, b[8:])
}

// sealFrame puts in the CRC of the encoded frame b for its place.
func sealFrame(b []byte, ordinal uint64, off int64) {
	binary.BigEndian.PutUint32(b[4:], frameCRC(b, ordinal, off))
}

// frameLength reads the size of the frame that b, of at least frameHeader octets, begins with; false when it is none.
func frameLength(b []byte) (int, bool) {
	if binary.BigEndian.Uint32(b) != frameMagic {
		return 0, false
	}
	n := binary.BigEndian.Uint32(b[8:])
	if n > MaxBody {
		return 0, false
	}
	return frameSize(int(n)), true
}

// parseFrame decodes and proves b, which is exactly one frame long by frameLength.
func parseFrame(b []byte, ordinal uint64, off int64) (f frame, ok bool) {
	if binary.BigEndian.Uint32(b[4:]) != frameCRC(b, ordinal, off) {
		return f, false
	}
	f = decodeFrame(b)
	if f.typ < typeRecord || f.typ > typeMark || f.typ == typeRecord && f.seq == 0 {
		return f, false
	}
	return f, f.hash == f.link()
}

// decodeFrame only decodes.
func decodeFrame(b []byte) (f frame) {
	f.typ, f.kind = b[12], b[13]
	f.epoch = binary.BigEndian.Uint64(b[16:])
	f.seq = binary.BigEndian.Uint64(b[24:])
	copy(f.prev[:], b[32:])
	copy(f.hash[:], b[64:])
	f.body = b[frameHeader : frameHeader+int(binary.BigEndian.Uint32(b[8:]))]
	f.leaf = sha256.Sum256(f.body)
	return f
}

// emptyLeaf is the leaf of a mark.
var emptyLeaf = sha256.Sum256(nil)
