package pipeline_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"calltrail/capture"
)

// fragmenter cuts IP packets into fragments, as routers and hosts may.
type fragmenter struct {
	r *rand.Rand
	// share of the packets that are cut, in percent; most is how many fragments a packet has at most, about.
	share, most int
	// id is that of the last packet; the next one has the one after the next, so that packets cut at two places of the way, of
	// which one has odd numbers and the other even ones, are never taken for one another.
	id uint32
}

// fragmented cuts the packets of a list. All fragments of a packet have its time, in any order, and some come again.
func (f *fragmenter) fragmented(list []capture.Packet) (out []capture.Packet) {
	for i := range list {
		ip, ok := openIP(&list[i])
		if !ok || ip.fragment || len(ip.data) <= 8 || f.r.IntN(100) >= f.share {
			out = append(out, list[i])
			continue
		}
		out = append(out, f.packet(&list[i], &ip)...)
	}
	return out
}

// packet cuts one.
func (f *fragmenter) packet(p *capture.Packet, ip *ipPacket) (out []capture.Packet) {
	f.id += 2
	cuts := f.cuts(len(ip.data))
	for i := range len(cuts) - 1 {
		out = append(out, f.one(p, ip, cuts[i], cuts[i+1]))
		// IPv4 allows a copy that another router cut elsewhere, with the same octets; RFC 5722 forbids it in IPv6.
		if !ip.v6 && i > 0 && f.r.IntN(8) == 0 {
			from := f.r.IntN(i)
			if i == len(cuts)-2 {
				from = 1 + f.r.IntN(i) // not all of it: that is no fragment, but the packet once more
			}
			out = append(out, f.one(p, ip, cuts[from], cuts[i+1]))
		}
	}
	for range f.r.IntN(3) {
		out = append(out, out[f.r.IntN(len(out))])
	}
	if f.r.IntN(3) > 0 {
		f.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return out
}

// cuts are places to cut n octets at, 0 and n among them; all others are multiples of 8 (RFC 791 section 3.2).
func (f *fragmenter) cuts(n int) []int {
	cuts := []int{0, n}
	for range 1 + f.r.IntN(f.most) {
		cuts = append(cuts, 8*(1+f.r.IntN((n-1)/8)))
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// one is the fragment of the octets from one place to another.
func (f *fragmenter) one(p *capture.Packet, ip *ipPacket, from, to int) capture.Packet {
	more := uint16(0)
	if to < len(ip.data) {
		more = 1
	}
	if !ip.v6 {
		return ip.with(p, ip.proto, uint16(f.id), uint16(from/8)|more<<13, ip.data[from:to])
	}
	// RFC 8200 section 4.5: Next Header, Reserved, Fragment Offset, M, Identification.
	h := []byte{ip.proto, 0}
	h = binary.BigEndian.AppendUint16(h, uint16(from)|more)
	h = binary.BigEndian.AppendUint32(h, f.id)
	return ip.with(p, 44, 0, 0, h, ip.data[from:to])
}
