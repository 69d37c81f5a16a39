package capture

import "encoding/binary"

// endian reads numbers in the byte order of a file: true is big-endian. A plain value instead of binary.ByteOrder:
// the calls are inlined, and there are seven in every packet.
type endian bool

const (
	little endian = false
	big    endian = true
)

func (e endian) uint16(b []byte) uint16 {
	if e == big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (e endian) uint32(b []byte) uint32 {
	if e == big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (e endian) uint64(b []byte) uint64 {
	if e == big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}
