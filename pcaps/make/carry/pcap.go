package main

import (
	"encoding/binary"
	"errors"
)

// The parts of a capture file (draft-ietf-opsawg-pcap) that ours have: little-endian, Ethernet.
//
//	file:   magic, version, two reserved words, snap length, link type: 24 octets
//	packet: seconds, fraction, captured octets, octets on the wire: 16 octets, then what was captured
const (
	magicMicros  = 0xa1b2c3d4
	magicNanos   = 0xa1b23c4d
	fileLen      = 24
	recordLen    = 16
	linkEthernet = 1
)

// frame is a captured Ethernet frame.
type frame struct {
	at int64 // nanoseconds since 1970-01-01T00:00:00Z
	b  []byte
}

// readFile returns the frames of a capture file, which must hold them whole, and its header.
func readFile(b []byte) (header []byte, frames []frame, err error) {
	if len(b) < fileLen || binary.LittleEndian.Uint32(b[20:]) != linkEthernet {
		return nil, nil, errors.New("no Ethernet capture")
	}
	unit, err := unitOf(b)
	if err != nil {
		return nil, nil, err
	}
	header, b = b[:fileLen], b[fileLen:]
	for len(b) > 0 {
		if len(b) < recordLen {
			return nil, nil, errors.New("ends within a packet's header")
		}
		n := int64(binary.LittleEndian.Uint32(b[8:]))
		if n != int64(binary.LittleEndian.Uint32(b[12:])) || n > int64(len(b)-recordLen) {
			return nil, nil, errors.New("a packet was cut")
		}
		at := int64(binary.LittleEndian.Uint32(b))*1e9 + int64(binary.LittleEndian.Uint32(b[4:]))*unit
		b = b[recordLen:]
		frames = append(frames, frame{at: at, b: b[:n]})
		b = b[n:]
	}
	return header, frames, nil
}

// writeFile returns a capture file with the header of another.
func writeFile(header []byte, frames []frame) ([]byte, error) {
	unit, err := unitOf(header)
	if err != nil {
		return nil, err
	}
	b := append([]byte(nil), header...)
	for _, f := range frames {
		b = binary.LittleEndian.AppendUint32(b, low32(f.at/1e9))
		b = binary.LittleEndian.AppendUint32(b, low32(f.at%1e9/unit))
		b = binary.LittleEndian.AppendUint32(b, low32(int64(len(f.b))))
		b = binary.LittleEndian.AppendUint32(b, low32(int64(len(f.b))))
		b = append(b, f.b...)
	}
	return b, nil
}

// unitOf returns how many nanoseconds a fraction counts in.
func unitOf(header []byte) (int64, error) {
	switch binary.LittleEndian.Uint32(header) {
	case magicMicros:
		return 1e3, nil
	case magicNanos:
		return 1, nil
	}
	return 0, errors.New("no little-endian capture file")
}

// low8, low16 and low32 are a number's lowest bits: what a header field of that width holds.

func low8(n int) byte { return byte(n & 0xff) }

func low16(n int) uint16 { return uint16(n & 0xffff) }

func low32(n int64) uint32 { return uint32(n & 0xffff_ffff) }
