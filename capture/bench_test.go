package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// pcapngOf is a little-endian capture with n packets of size octets, a multiple of 4, a millisecond apart.
func pcapngOf(size, n int) []byte {
	b := []byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00" +
		"\x01\x00\x00\x00\x14\x00\x00\x00\x01\x00\x00\x00\x00\x00\x04\x00\x14\x00\x00\x00")
	for _, at := range times(n) {
		us := uint64(at / 1000)
		for _, v := range []uint32{6, uint32(32 + size), 0, uint32(us >> 32), uint32(us), uint32(size), uint32(size)} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		b = append(b, make([]byte, size)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(32+size))
	}
	return b
}

// benchPackets of 200 octets, about the size of RTP: 43 MB, more than the processor's caches hold.
const benchPackets = 200_000

func BenchmarkNext(b *testing.B) {
	plain := pcapOf(200, times(benchPackets)...)
	for _, bench := range []struct {
		name string
		data []byte
	}{
		{"pcap", plain}, {"pcapng", pcapngOf(200, benchPackets)}, {"gzip", gzipped(b, plain)}, {"zstd", zstded(b, plain)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(200)
			for done := 0; done < b.N; {
				f, err := NewFile(bytes.NewReader(bench.data), bench.name)
				if err != nil {
					b.Fatal(err)
				}
				done += readUpTo(b, f, b.N-done)
				_ = f.Close()
			}
		})
	}
	b.Run("merge of 4", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(200)
		for done := 0; done < b.N; {
			m := &Merge{}
			for i := range 4 {
				f, err := NewFile(bytes.NewReader(plain), "m")
				if err != nil {
					b.Fatal(err)
				}
				in := &input{order: i, file: f}
				m.advance(in)
				m.inputs, m.waiting = append(m.inputs, in), append(m.waiting, in)
			}
			done += readUpTo(b, m, b.N-done)
			_ = m.Close()
		}
	})
}

func readUpTo(b *testing.B, s Source, most int) int {
	var p Packet
	for n := range most {
		if err := s.Next(&p); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			b.Fatal(err)
		}
	}
	return most
}
