package capture

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzFile reads any octets as a capture file: it ends in a documented way, packets are within the input's and
// MaxPacket's bounds, and the input is used up no faster than it delivers.
func FuzzFile(f *testing.F) {
	plain := octets(f, pcapLittle)
	f.Add(plain)
	f.Add(octets(f, pcapngLittle))
	f.Add(gzipped(f, plain))
	f.Add(zstded(f, plain))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := NewFile(bytes.NewReader(data), "fuzz")
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
				t.Fatalf("NewFile: %v", err)
			}
			return
		}
		defer func() { _ = file.Close() }()
		packed := file.unpacker != nil
		held := 0
		var p Packet
		for n := uint64(1); n < 1<<16; n++ { // a few octets can unpack to many packets
			if err := file.Next(&p); err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
					t.Fatalf("Next: %v", err)
				}
				return
			}
			held += len(p.Data)
			switch {
			case p.Position != n, len(p.Data) > MaxPacket, p.Length < len(p.Data), int(p.Tap) >= len(file.Interfaces()):
				t.Fatalf("packet %d: position %d, %d octets of %d, interface %d", n, p.Position, len(p.Data), p.Length, p.Tap)
			case !packed && held > len(data):
				t.Fatalf("%d octets of packets in a file of %d", held, len(data))
			}
		}
	})
}
