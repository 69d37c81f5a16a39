//go:build linux && cgo

package afpacket

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"calltrail/capture"
)

// entry is a packet in a ring made by hand, as the kernel lays it out.
type entry struct {
	data     []byte
	mac      int
	status   uint32
	tci      uint32
	tpid     uint16
	wireSize uint32
}

// ringOf makes a ring of blocks of size octets.
func ringOf(size int, blocks ...[]entry) []byte {
	ring := make([]byte, size*len(blocks))
	for i, entries := range blocks {
		b := ring[i*size:][:size]
		at := 48
		binary.NativeEndian.PutUint32(b[blockStatus:], unix.TP_STATUS_USER)
		binary.NativeEndian.PutUint32(b[blockCount:], uint32(len(entries)))
		binary.NativeEndian.PutUint32(b[blockFirst:], uint32(at))
		for k, e := range entries {
			h := b[at:]
			step := (e.mac + len(e.data) + 15) &^ 15
			if k < len(entries)-1 { // of the last one it is 0
				binary.NativeEndian.PutUint32(h[packetNext:], uint32(step))
			}
			binary.NativeEndian.PutUint32(h[packetSec:], 1767612032)
			binary.NativeEndian.PutUint32(h[packetNsec:], 123456789)
			binary.NativeEndian.PutUint32(h[packetSnap:], uint32(len(e.data)))
			binary.NativeEndian.PutUint32(h[packetLen:], max(e.wireSize, uint32(len(e.data))))
			binary.NativeEndian.PutUint32(h[packetStatus:], e.status)
			binary.NativeEndian.PutUint16(h[packetMAC:], uint16(e.mac))
			binary.NativeEndian.PutUint32(h[packetTCI:], e.tci)
			binary.NativeEndian.PutUint16(h[packetTPID:], e.tpid)
			copy(h[e.mac:], e.data)
			at += step
		}
	}
	return ring
}

// frameOf has addresses 0 to 11 and then size octets.
func frameOf(size int) []byte {
	b := make([]byte, 12+size)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestTagPutBack(t *testing.T) {
	const known = unix.TP_STATUS_VLAN_VALID | unix.TP_STATUS_VLAN_TPID_VALID
	addresses, rest := frameOf(0), frameOf(20)[12:]
	join := func(tag string, after []byte) []byte { return append(append(bytes.Clone(addresses), tag...), after...) }
	for _, test := range []struct {
		name  string
		entry entry
		raw   bool
		want  []byte
	}{
		{"none", entry{data: frameOf(20), mac: 82, tci: 5, tpid: 0x8100}, false, frameOf(20)},
		{"customer", entry{data: frameOf(20), mac: 82, status: known, tci: 0x2005, tpid: 0x8100}, false, join("\x81\x00\x20\x05", rest)},
		{"service", entry{data: frameOf(20), mac: 82, status: known, tci: 5, tpid: 0x88a8}, false, join("\x88\xa8\x00\x05", rest)},
		{"identifier not said", entry{data: frameOf(20), mac: 82, status: unix.TP_STATUS_VLAN_VALID, tci: 5, tpid: 0x88a8}, false, join("\x81\x00\x00\x05", rest)},
		{"all zero", entry{data: frameOf(20), mac: 82, status: known, tpid: 0x8100}, false, join("\x81\x00\x00\x00", rest)},
		{"no room", entry{data: frameOf(20), mac: 68, status: known, tci: 5, tpid: 0x8100}, false, join("\x81\x00\x00\x05", rest)},
		{"addresses alone", entry{data: frameOf(0), mac: 82, status: known, tci: 5, tpid: 0x8100}, false, join("\x81\x00\x00\x05", nil)},
		{"cut in the addresses", entry{data: frameOf(0)[:11], mac: 82, status: known, tci: 5, tpid: 0x8100}, false, frameOf(0)[:11]},
		{"no Ethernet", entry{data: frameOf(20), mac: 82, status: known, tci: 5, tpid: 0x8100}, true, frameOf(20)},
	} {
		neighbour := entry{data: frameOf(30), mac: 82}
		w := walker{ring: ringOf(1024, []entry{neighbour, test.entry, neighbour}), size: 1024, snap: 100, ethernet: !test.raw}
		var all [][]byte
		var p capture.Packet
		for w.packet(&p) {
			all = append(all, bytes.Clone(p.Data))
			if p.Time != 1767612032123456789 || p.Length != len(p.Data) {
				t.Errorf("%s: time %d, length %d", test.name, p.Time, p.Length)
			}
		}
		if len(all) != 3 || !bytes.Equal(all[0], frameOf(30)) || !bytes.Equal(all[1], test.want) || !bytes.Equal(all[2], frameOf(30)) || w.unreadable != 0 {
			t.Errorf("%s: %x, want %x between two others", test.name, all, test.want)
		}
	}
}

// TestBlocks: blocks are given back one by one, in turn, when their last packet is no longer needed.
func TestBlocks(t *testing.T) {
	one := []entry{{data: frameOf(20), mac: 82}}
	w := walker{ring: ringOf(1024, append(one, one...), one, nil), size: 1024, snap: 100}
	status := func(block int) uint32 { return binary.NativeEndian.Uint32(w.ring[block*1024+blockStatus:]) }
	var p capture.Packet
	for i, want := range [][3]uint32{{1, 1, 1}, {1, 1, 1}, {0, 1, 1}} {
		if !w.packet(&p) || [3]uint32{status(0), status(1), status(2)} != want {
			t.Fatalf("packet %d: blocks %d %d %d, want %v", i, status(0), status(1), status(2), want)
		}
	}
	if w.packet(&p) || [3]uint32{status(0), status(1), status(2)} != [3]uint32{} || w.ready() {
		t.Fatal("the end of the ring is not given back")
	}
	binary.NativeEndian.PutUint32(w.ring[blockStatus:], unix.TP_STATUS_USER|unix.TP_STATUS_BLK_TMO)
	if !w.ready() || !w.packet(&p) {
		t.Fatal("the first block is not read again")
	}
}

func TestContradictions(t *testing.T) {
	for _, test := range []struct {
		name   string
		at     int // in the header of the first packet
		value  uint32
		counts uint64
	}{
		{"packet before its header's end", packetMAC, 67, 3},
		{"packet behind the block", packetMAC, 1000, 3},
		{"more kept than there is", packetSnap, 1000, 3},
		{"more kept than there was", packetLen, 10, 3},
		{"next within this one", packetNext, 80, 3},
		{"no next", packetNext, 0, 3},
		{"next behind the block", packetNext, 960, 2},
		{"next far away", packetNext, 1 << 31, 2},
	} {
		three := []entry{{data: frameOf(20), mac: 82}, {data: frameOf(20), mac: 82}, {data: frameOf(20), mac: 82}}
		w := walker{ring: ringOf(1024, three, three), size: 1024, snap: 100, ethernet: true}
		if test.at == packetMAC {
			binary.NativeEndian.PutUint16(w.ring[48+test.at:], uint16(test.value))
		} else {
			binary.NativeEndian.PutUint32(w.ring[48+test.at:], test.value)
		}
		var p capture.Packet
		came := uint64(0)
		for w.packet(&p) {
			came++
		}
		if w.unreadable != test.counts || came+w.unreadable != 6 {
			t.Errorf("%s: %d came, %d unreadable, want %d", test.name, came, w.unreadable, test.counts)
		}
	}
}

func FuzzRing(f *testing.F) {
	f.Add(ringOf(512, []entry{{data: frameOf(20), mac: 82, status: 0x51, tci: 5, tpid: 0x88a8}, {data: frameOf(9), mac: 68}}, nil))
	f.Fuzz(func(t *testing.T, octets []byte) {
		const size = 512
		ring := make([]byte, 2*size) // aligned, as the kernel's is
		copy(ring, octets)
		w := walker{ring: ring, size: size, snap: 256, ethernet: true}
		var p capture.Packet
		n := 0
		for w.packet(&p) {
			if n++; len(p.Data) > 256 || len(p.Data) > p.Length || n > len(ring)/headerLen {
				t.Fatalf("%d octets of %d, packet %d", len(p.Data), p.Length, n)
			}
		}
		if w.ready() {
			t.Fatal("stopped before the end")
		}
	})
}
