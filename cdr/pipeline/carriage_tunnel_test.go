package pipeline_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"calltrail/capture"
)

// wrapper puts packets into a stack of tunnels, the same for all of them: as a tap sees them on a link of a provider's own.
type wrapper struct {
	r     *rand.Rand
	stack []string // innermost first
	v6    bool     // between the ends of the tunnels
	vni   uint32
	id    uint16
}

// layers are the tunnels that a wrapper knows. Those that carry frames take Ethernet, the others IP.
var layers = []string{"vlan", "qinq", "mpls", "pseudowire", "gre", "gre-key", "vxlan", "ipip", "gtpu"}

// newWrapper draws a stack.
func newWrapper(r *rand.Rand) *wrapper {
	w := &wrapper{r: r, v6: r.IntN(3) == 0, vni: r.Uint32() >> 8}
	for range 1 + r.IntN(3) {
		w.stack = append(w.stack, layers[r.IntN(len(layers))])
	}
	return w
}

// wrapped puts packets of a list into the stack. What is no IP packet stays outside.
func (w *wrapper) wrapped(list []capture.Packet) (out []capture.Packet) {
	for i := range list {
		ip, ok := openIP(&list[i])
		if !ok {
			out = append(out, list[i])
			continue
		}
		out = append(out, remade(&list[i], w.packet(list[i].Data, &ip)))
	}
	return out
}

// packet wraps one frame.
func (w *wrapper) packet(frame []byte, ip *ipPacket) []byte {
	src, dst := ip.ends()
	for _, layer := range w.stack {
		// What is inside: a frame, and the packet in it.
		at, etherType := 14, binary.BigEndian.Uint16(frame[12:])
		for etherType == 0x8100 || etherType == 0x88a8 {
			etherType, at = binary.BigEndian.Uint16(frame[at+2:]), at+4
		}
		inner := frame[at:]
		tagged := at > 14
		switch layer {
		case "vlan":
			frame = tag(frame, 0x8100, 77)
		case "qinq":
			frame = tag(tag(frame, 0x8100, 78), 0x88a8, 79)
		case "mpls":
			if tagged || etherType != 0x0800 && etherType != 0x86dd {
				frame = newEthernet(0x8847, label(frame)) // a pseudowire, without control word
				continue
			}
			frame = newEthernet(0x8847, label(inner))
		case "pseudowire":
			frame = newEthernet(0x8847, label(append([]byte{0, 0, 0, 1}, frame...)))
		case "gre":
			frame = w.outer(src, dst, 47, append([]byte{0, 0, 0x65, 0x58}, frame...))
		case "gre-key":
			frame = w.outer(src, dst, 47, append([]byte{0x20, 0, 0x65, 0x58, 0, 0, 0, 9}, frame...))
		case "vxlan":
			head := binary.BigEndian.AppendUint32([]byte{8, 0, 0, 0}, w.vni<<8)
			frame = w.outer(src, dst, 17, newUDP(w.port(src, dst), 4789, append(head, frame...)))
		case "ipip", "gtpu":
			// They carry no frame, so nothing of its tags.
			proto := byte(4)
			if etherType == 0x86dd {
				proto = 41
			}
			if tagged || etherType != 0x0800 && etherType != 0x86dd {
				frame = w.outer(src, dst, 47, append([]byte{0, 0, 0x65, 0x58}, frame...))
				continue
			}
			if layer == "ipip" {
				frame = w.outer(src, dst, proto, inner)
				continue
			}
			head := binary.BigEndian.AppendUint16([]byte{0x30, 0xff}, uint16(len(inner)))
			head = binary.BigEndian.AppendUint32(head, w.teid(src, dst)) // another one in each direction
			frame = w.outer(src, dst, 17, newUDP(2152, 2152, append(head, inner...)))
		default:
			panic(fmt.Sprintf("no layer %q", layer))
		}
	}
	return frame
}

// outer is a frame with an IP packet between the ends of a tunnel. Each host is behind an end of its own, of which there are
// few: both directions of two hosts have the same pair of them.
func (w *wrapper) outer(src, dst netip.Addr, proto byte, data []byte) []byte {
	w.id++
	from, to := w.end(src), w.end(dst)
	etherType := uint16(0x0800)
	if w.v6 {
		etherType = 0x86dd
	}
	return newEthernet(etherType, newIP(from, to, proto, w.id, data))
}

// end is the end of the tunnels that a host is behind.
func (w *wrapper) end(host netip.Addr) netip.Addr {
	n := byte(0)
	for _, b := range host.AsSlice() {
		n += b
	}
	if w.v6 {
		return netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 2: 0x0d, 3: 0xb8, 4: 0xff, 15: n % 5})
	}
	return netip.AddrFrom4([4]byte{203, 0, 113, 200 + n%5})
}

func (w *wrapper) port(src, dst netip.Addr) uint16 { return 49152 + uint16(w.teid(src, dst)%16384) }

// teid is a number for a direction between two hosts.
func (w *wrapper) teid(src, dst netip.Addr) (n uint32) {
	n = w.vni
	for _, b := range append(src.AsSlice(), dst.AsSlice()...) {
		n = (n ^ uint32(b)) * 16777619 // FNV-1a
	}
	return n
}

// tag puts an 802.1Q or 802.1ad tag into a frame.
func tag(frame []byte, tpid, id uint16) []byte {
	b := append([]byte(nil), frame[:12]...)
	b = binary.BigEndian.AppendUint16(b, tpid)
	b = binary.BigEndian.AppendUint16(b, id)
	return append(b, frame[12:]...)
}

// label puts a label stack of one before b: label 16016, TTL 64.
func label(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, 16016<<12|1<<8|64), b...)
}
