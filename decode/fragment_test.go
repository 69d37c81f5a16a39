package decode

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"calltrail/capture"
	"calltrail/decode/reassembly"
)

// fragmented cuts an IP packet in two, at the given octet of what it carries.
func fragmented(ip []byte, at int, id uint16) [2][]byte {
	at &^= 7
	if ip[0]>>4 == 6 {
		first := slices.Concat([]byte{ip[6], 0, 0, 1, 0, 0, byte(id >> 8), byte(id)}, ip[ipv6Len:ipv6Len+at])
		last := slices.Concat([]byte{ip[6], 0, byte(at >> 8), byte(at), 0, 0, byte(id >> 8), byte(id)}, ip[ipv6Len+at:])
		return [2][]byte{
			with(ipv6(protoFragment, first), 8, ip[8:40]...),
			with(ipv6(protoFragment, last), 8, ip[8:40]...),
		}
	}
	head := with(ip[:ipv4Len], 4, byte(id>>8), byte(id))
	piece := func(body []byte, field int) []byte {
		b := slices.Concat(head, body)
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		return with(b, 6, byte(field>>8), byte(field))
	}
	return [2][]byte{piece(ip[ipv4Len:ipv4Len+at], 0x2000), piece(ip[ipv4Len+at:], at/8)}
}

func TestWalkFillsTheFragment(t *testing.T) {
	v4 := reassembly.Fragment{Src: src4.IP, Dst: dst4.IP, ID: 0x1234, Proto: protoUDP, Data: invite[:16], Length: 16}
	v6 := reassembly.Fragment{Src: src6.IP, Dst: dst6.IP, ID: 0xdeadbeef, Proto: protoUDP, V6: true, Data: invite[:16], Length: 16}
	at := func(f reassembly.Fragment, offset int, more bool) reassembly.Fragment {
		f.Offset, f.More = offset, more
		return f
	}
	body4 := ipv4(protoUDP, nil, invite[:16])
	body6 := func(field uint16) []byte {
		return slices.Concat([]byte{protoUDP, 0, byte(field >> 8), byte(field), 0xde, 0xad, 0xbe, 0xef}, invite[:16])
	}
	hopByHop := []byte{protoFragment, 0, 1, 4, 0, 0, 0, 0}
	tests := []struct {
		name string
		ip   []byte
		want reassembly.Fragment
	}{
		{"first", with(body4, 6, 0x20, 0x00), at(v4, 0, true)},
		{"middle", with(body4, 6, 0x20, 0x10), at(v4, 128, true)},
		{"last", with(body4, 6, 0x00, 0xb9), at(v4, 1480, false)},
		{"DF set", with(body4, 6, 0x60, 0x00), at(v4, 0, true)},
		{"DF set, last", with(body4, 6, 0x40, 0xb9), at(v4, 1480, false)},
		{"options", with(ipv4(protoUDP, []byte{1, 1, 1, 0}, invite[:16]), 6, 0x20, 0x00), at(v4, 0, true)},
		{"up to the end of a packet", with(body4, 6, 0x1f, 0xfd), at(v4, 65512, false)},
		{"IPv6, first", ipv6(protoFragment, body6(0x0001)), at(v6, 0, true)},
		{"IPv6, middle", ipv6(protoFragment, body6(0x0081)), at(v6, 128, true)},
		{"IPv6, last, reserved bits set", ipv6(protoFragment, body6(0x05ce)), at(v6, 1480, false)},
		{"IPv6, behind options", ipv6(protoHopByHop, slices.Concat(hopByHop, body6(0x0001))), at(v6, 0, true)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := append(onEther(tt.ip), make([]byte, 8)...) // padding
			p := packetOf(capture.LinkEthernet, b)
			var f Frame
			check := func(captured int) {
				t.Helper()
				r := Walk(p, &f)
				got := f.Fragment
				if r != Fragment || f.Src.IP != tt.want.Src || f.Dst.IP != tt.want.Dst || f.Proto != protoUDP {
					t.Fatalf("%v, %v > %v, protocol %d", r, f.Src, f.Dst, f.Proto)
				}
				if !bytes.Equal(got.Data, tt.want.Data[:captured]) {
					t.Fatalf("data %q", got.Data)
				}
				want := tt.want
				got.Data, want.Data = nil, nil
				if !equalFragment(&got, &want) {
					t.Fatalf("%+v\nwant %+v", got, want)
				}
			}
			check(16)
			headers := len(b) - 8 - 16
			p.Data = b[:headers+5]
			check(5)
			for n := range headers {
				p.Data = b[:n:n]
				if r := Walk(p, &f); r != ShortLink && r != ShortIP {
					t.Errorf("cut to %d octets: %v", n, r)
				}
			}
		})
	}
}

// equalFragment compares two fragments but for their data.
func equalFragment(a, b *reassembly.Fragment) bool {
	return a.Src == b.Src && a.Dst == b.Dst && a.Scope == b.Scope && a.ID == b.ID && a.Proto == b.Proto && a.V6 == b.V6 &&
		a.Offset == b.Offset && a.More == b.More && a.Length == b.Length
}

func TestBadFragments(t *testing.T) {
	v4 := func(n int) []byte { return ipv4(protoUDP, nil, make([]byte, n)) }
	v6 := func(field uint16, n int) []byte {
		return ipv6(protoFragment, append([]byte{protoUDP, 0, byte(field >> 8), byte(field), 0, 0, 0, 1}, make([]byte, n)...))
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want Reason
	}{
		{"no data", with(v4(0), 6, 0x20, 0), BadFragment},
		{"no data, last", with(v4(0), 6, 0x00, 1), BadFragment},
		{"more, and 15 octets", with(v4(15), 6, 0x20, 0), BadFragment},
		{"last, and 15 octets", with(v4(15), 6, 0x00, 9), Fragment},
		{"past the end of a packet", with(v4(8), 6, 0x1f, 0xff), BadFragment},
		{"at the end of a packet", with(v4(7), 6, 0x1f, 0xff), Fragment},
		{"of ICMP", with(ipv4(protoICMP, nil, make([]byte, 8)), 6, 0x20, 0), Fragment},
		{"of ESP, last", with(ipv4(50, nil, make([]byte, 3)), 6, 0, 1), Fragment},
		{"length past the frame", with(with(v4(8), 6, 0x20, 0), 3, 29), BadIPLength},
		{"IPv6, no data", v6(1, 0), BadFragment},
		{"IPv6, more, and 15 octets", v6(1, 15), BadFragment},
		{"IPv6, past the end of a packet", v6(0xfff8, 8), BadFragment},
		{"IPv6, at the end of a packet", v6(0xfff8, 7), Fragment},
		{"IPv6, length past the frame", with(v6(1, 8), 5, 17), BadIPLength},
	} {
		var f Frame
		if r := Walk(packetOf(capture.LinkRaw, tt.b), &f); r != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, r, tt.want)
		}
	}
}

func TestResume(t *testing.T) {
	opts := func(next uint8, b []byte) []byte { return slices.Concat([]byte{next, 0, 1, 4, 0, 0, 0, 0}, b) }
	segment := make([]byte, 24)
	copy(segment, []byte{0x13, 0xc4, 0x13, 0xc6})
	again := slices.Concat([]byte{protoUDP, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 8))
	for _, tt := range []struct {
		name  string
		v6    bool
		proto uint8
		whole []byte
		want  Reason
	}{
		{"UDP", false, protoUDP, udp(invite), Datagram},
		{"UDP, IPv6", true, protoUDP, udp(invite), Datagram},
		{"UDP behind options", true, protoDestOpts, opts(protoUDP, udp(invite)), Datagram},
		{"options are IPv6's", false, protoDestOpts, opts(protoUDP, udp(invite)), OtherProtocol},
		{"UDP length too long", false, protoUDP, udp(invite)[:100], BadUDPLength},
		{"7 octets of UDP", false, protoUDP, udp(nil)[:7], ShortUDP},
		{"TCP", false, protoTCP, segment, TCP},
		{"SCTP, IPv6", true, protoSCTP, segment, SCTP},
		{"ICMP", false, protoICMP, append(make([]byte, 8), udp4(invite)...), ICMP},
		{"ESP", true, 50, segment, OtherProtocol},
		{"GRE", false, protoGRE, gre(0, 0x0800, 0, udp4(invite)), Datagram},
		{"IPv4 in IPv6", true, protoIPv4, udp4(invite), Datagram},
		{"a fragment in IPv4", false, protoIPv4, fragmented(udp4(invite), 64, 1)[0], Fragment},
		{"a fragment in a fragment", true, protoFragment, again, BadFragment},
		{"an atomic fragment in a fragment", true, protoFragment, slices.Concat([]byte{protoUDP, 0, 0, 0, 0, 0, 0, 1}, udp(invite)), Datagram},
		{"options past the end", true, protoDestOpts, opts(protoUDP, nil)[:7], BadIPLength},
		{"nothing", false, protoUDP, nil, ShortUDP},
	} {
		f := Frame{VLAN: [2]uint16{7}, VLANs: 1}
		f.Src.IP, f.Dst.IP, f.Fragment.V6, f.Fragment.Proto = src4.IP, dst4.IP, tt.v6, tt.proto
		r := Resume(tt.whole, &f)
		if r != tt.want || f.VLANs != 1 || f.VLAN[0] != 7 {
			t.Errorf("%s: %v, want %v; VLAN %v", tt.name, r, tt.want, f.VLAN)
		}
		if r == Datagram && (f.Src != src4 || f.Dst != dst4 || !bytes.Equal(f.Payload, invite)) {
			t.Errorf("%s: %v > %v, payload %q", tt.name, f.Src.AddrPort(), f.Dst.AddrPort(), f.Payload)
		}
	}
}

// An INVITE is found through any tunnels also when it, or what carries it, or both, came in fragments.
func TestAnyNestingInFragments(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 3))
	for i := range 1500 {
		ip, v6 := udp4(invite), i%2 == 1
		if v6 {
			ip = udp6(invite)
		}
		way := randomWay(rng, ip, rng.IntN(5))
		whole := through(ip, way)
		pieces := []wrapped{{etherType: ipOf(ip), b: ip}}
		id := uint16(0)
		for step := 0; ; step++ {
			if pieces[0].isIP() && rng.IntN(3) == 0 && len(pieces) < 8 {
				var cut []wrapped
				for _, w := range pieces {
					id++
					header := ipv4Len
					if w.etherType == etherIPv6 {
						header = ipv6Len
					}
					for _, b := range fragmented(w.b, 8+rng.IntN(len(w.b)-header-8), id) {
						cut = append(cut, wrapped{w.etherType, b, w.layers, w.vlans})
					}
				}
				if !slices.ContainsFunc(cut, func(w wrapped) bool { return len(w.b) <= ipv6Len+fragmentLen }) {
					pieces = cut
				}
			}
			if step == len(way) {
				break
			}
			for j := range pieces {
				pieces[j] = way[step](pieces[j])
			}
		}
		found := 0
		rng.Shuffle(len(pieces), func(a, b int) { pieces[a], pieces[b] = pieces[b], pieces[a] })
		var f Frame
		put := puzzle{}
		for _, w := range pieces {
			if w.etherType != 0x6558 {
				w = randomEthernet(rng)(w)
			}
			r := Walk(w.packet(), &f)
			for r == Fragment {
				body := put.add(&f.Fragment)
				if body == nil {
					break
				}
				r = Resume(body, &f)
			}
			if r == Datagram {
				found++
				checkFound(t, &f, r, whole, v6)
			} else if r != Fragment {
				t.Fatalf("%v in one of %d pieces", r, len(pieces))
			}
		}
		if found != 1 {
			t.Fatalf("found %d times in %d pieces", found, len(pieces))
		}
	}
}

// puzzle puts together packets of two fragments, by their identification.
type puzzle map[uint32]reassembly.Fragment

func (p puzzle) add(f *reassembly.Fragment) []byte {
	other, ok := p[f.ID]
	if !ok {
		p[f.ID] = *f
		return nil
	}
	if other.Offset > 0 {
		return slices.Concat(f.Data, other.Data)
	}
	return slices.Concat(other.Data, f.Data)
}
