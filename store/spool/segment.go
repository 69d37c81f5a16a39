package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// A segment is a file of frames behind a header of one sector.
//
//	  0  magic "ctspool" 0x00 (8)
//	  8  version (4) = 1        12  length of the sensor's name (4)
//	 16  ordinal (8)            24  epoch (8)
//	 32  first seq (8)          40  prev hash (32)
//	 72  ordinal of the segment before (8), 0 when there was none
//	 80  where that one ends (8): what lies behind is void
//	 88  made, microseconds since 1970-01-01T00:00:00Z (8)
//	 96  sensor's name, zeros to 508
//	508  CRC-32C of octets 0 to 507
const (
	headerSize    = 512
	headerVersion = 1
	segmentSuffix = ".seg"
)

var headerMagic = [8]byte{'c', 't', 's', 'p', 'o', 'o', 'l', 0}

type header struct {
	ordinal, epoch uint64
	// first is the number of the first record in the segment, or of the next one if there is none in it; prev is the
	// hash of the record before.
	first uint64
	prev  [sha256.Size]byte
	// prevOrdinal and prevEnd say which segment goes before and where it ends. This is what seals a segment, so that
	// nothing has to be written into a file whose fsync failed.
	prevOrdinal uint64
	prevEnd     int64
	created     int64
	sensor      string
}

// segment is what the spool knows of one file.
type segment struct {
	header
	// end is where the durable frames end.
	end int64
	// whole is false when the header could not be read; first and prev are then taken from the first frame.
	whole bool
}

func segmentName(ordinal uint64) string { return fmt.Sprintf("%010d%s", ordinal, segmentSuffix) }

// segmentOrdinal reads a name that segmentName made.
func segmentOrdinal(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n > 0 && segmentName(n) == name
}

func (h *header) encode() []byte {
	b := make([]byte, headerSize)
	copy(b, headerMagic[:])
	binary.BigEndian.PutUint32(b[8:], headerVersion)
	binary.BigEndian.PutUint32(b[12:], uint32(len(h.sensor))) //nolint:gosec // at most MaxSensor
	binary.BigEndian.PutUint64(b[16:], h.ordinal)
	binary.BigEndian.PutUint64(b[24:], h.epoch)
	binary.BigEndian.PutUint64(b[32:], h.first)
	copy(b[40:72], h.prev[:])
	binary.BigEndian.PutUint64(b[72:], h.prevOrdinal)
	binary.BigEndian.PutUint64(b[80:], uint64(h.prevEnd)) //nolint:gosec // never negative
	binary.BigEndian.PutUint64(b[88:], uint64(h.created)) //nolint:gosec // kept bit by bit
	copy(b[96:508], h.sensor)
	sealSector(b)
	return b
}

// sealSector puts in the CRC of a sector whose last four octets it is.
func sealSector(b []byte) {
	binary.BigEndian.PutUint32(b[508:], crc32.Checksum(b[:508], castagnoli))
}

func sectorSealed(b []byte) bool {
	return binary.BigEndian.Uint32(b[508:]) == crc32.Checksum(b[:508], castagnoli)
}

// parseHeader reads the header of the segment with the given ordinal. An error of a whole header of a version that this
// program does not know is told apart (unknown), because such a file must be left alone.
func parseHeader(b []byte, ordinal uint64) (h header, ok bool, unknown error) {
	if len(b) < headerSize || [8]byte(b[:8]) != headerMagic || !sectorSealed(b) {
		return h, false, nil
	}
	if v := binary.BigEndian.Uint32(b[8:]); v != headerVersion {
		return h, false, fmt.Errorf("segment %s has format version %d, this program reads version %d", segmentName(ordinal), v, headerVersion)
	}
	n := binary.BigEndian.Uint32(b[12:])
	h.ordinal = binary.BigEndian.Uint64(b[16:])
	h.epoch = binary.BigEndian.Uint64(b[24:])
	h.first = binary.BigEndian.Uint64(b[32:])
	copy(h.prev[:], b[40:72])
	h.prevOrdinal = binary.BigEndian.Uint64(b[72:])
	end := binary.BigEndian.Uint64(b[80:])
	h.created = int64(binary.BigEndian.Uint64(b[88:])) //nolint:gosec // kept bit by bit
	if n > MaxSensor || h.ordinal != ordinal || h.prevOrdinal >= ordinal || h.first == 0 || end > 1<<62 {
		return h, false, nil
	}
	h.prevEnd = int64(end)
	h.sensor = string(b[96 : 96+n])
	return h, true, nil
}
