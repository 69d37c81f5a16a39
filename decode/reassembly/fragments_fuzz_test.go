package reassembly

import (
	"encoding/binary"
	"testing"

	"calltrail/decode/fuzzbound"
)

// FuzzFragments reads its input as fragments of a few datagrams: 8 octets that describe one, then its octets.
//
//	0       1       2       3       4       5       6       7
//	+-------+-------+-------+-------+-------+-------+-------+-------+
//	| source|  id   |    offset     | flags | more  |     octets    |  flags: 1 More, 2 IPv6, 4 offset as it is; more:
//	+-------+-------+-------+-------+-------+-------+-------+-------+  octets on the wire beyond those captured
func FuzzFragments(f *testing.F) {
	f.Add([]byte("\x01\x01\x00\x00\x01\x00\x00\x08INVITE s\x01\x01\x00\x01\x00\x00\x00\x02ip"))
	f.Add([]byte("\x01\x01\x00\x01\x00\x00\x00\x02ip\x01\x01\x00\x00\x01\x00\x00\x10INVITE sINVITE s"))
	f.Add([]byte("\x01\x01\xff\xff\x03\x00\x00\x08INVITE s\x02\x01\x1f\xff\x02\xff\x00\x02ip\x01\x01\x00\x04\x05\x08\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		cfg := FragmentConfig{Datagrams: 6, Octets: 20 * blockLen, PerSource: 3, Timeout: 20}
		fuzzbound.CheckNew(t, len(b), func() func() {
			d, list := NewFragments(cfg), fragmentsOf(b)
			return func() {
				for now := range list {
					d.Add(&list[now], int64(now))
				}
			}
		})
		d := NewFragments(cfg)
		for now, g := range fragmentsOf(b) {
			whole, _, r := d.Add(&g, int64(now))
			checkFragments(t, d)
			if len(whole) > maxDatagram || r == Whole && (len(whole) > g.Length || g.Offset != 0 || g.More) || r != Whole && whole != nil {
				t.Fatalf("%d octets of %d, %d", len(whole), g.Length, r)
			}
		}
	})
}

// fragmentsOf reads the fragments that b stands for: eight octets and the data of each.
func fragmentsOf(b []byte) (list []Fragment) {
	for len(b) >= 8 {
		n := min(int(binary.BigEndian.Uint16(b[6:])), len(b)-8)
		g := Fragment{
			Src: addr(b[0] & 3), Dst: addr(9), ID: uint32(b[1]), Proto: 17, More: b[4]&1 != 0, V6: b[4]&2 != 0,
			Offset: int(int16(binary.BigEndian.Uint16(b[2:]))), Data: b[8 : 8+n], Length: n + int(int8(b[5])),
		}
		if b[4]&4 == 0 {
			g.Offset &= 0x1fff
			g.Offset *= 8
		}
		list = append(list, g)
		b = b[8+n:]
	}
	return list
}
