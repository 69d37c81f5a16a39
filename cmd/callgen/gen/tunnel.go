package gen

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strconv"
)

// tunnelKind is what a tunnel is made of.
type tunnelKind int

const (
	vxlan tunnelKind = iota // Ethernet in UDP, RFC 7348
	gtpu                    // IP in UDP, 3GPP TS 29.281
	gre                     // IP in IP, RFC 2784 and 2890
	tunnelKinds
)

var tunnelNames = [tunnelKinds]string{"vxlan", "gtpu", "gre"}

// tunnel carries all packets of a call, or of a connection.
type tunnel struct {
	kind tunnelKind
	ids  [2]uint32 // by the side that sends: VNI, TEID of the receiver, key
	// hasID: gre has a key. ethernet: it carries frames. extended: gtpu has a PDU session container, as 5G has.
	hasID, ethernet, extended bool
	ends                      [2]netip.Addr
}

const (
	portVXLAN = 4789
	portGTPU  = 2152
)

// newTunnel draws a tunnel between two of eight ends.
func newTunnel(r *rand.Rand) *tunnel {
	t := &tunnel{kind: tunnelKind(r.IntN(int(tunnelKinds)))}
	a, b, v6 := r.IntN(4), 4+r.IntN(4), r.IntN(4) == 0
	for i, n := range []int{a, b} {
		if v6 {
			t.ends[i] = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 9, 15: low8(1 + n)})
		} else {
			t.ends[i] = netip.AddrFrom4([4]byte{203, 0, 113, low8(210 + n)})
		}
	}
	switch t.kind {
	case vxlan:
		vni := uint32(7000) + r.Uint32N(4)
		t.ids, t.hasID, t.ethernet = [2]uint32{vni, vni}, true, true
	case gtpu:
		t.ids, t.hasID, t.extended = [2]uint32{r.Uint32(), r.Uint32()}, true, r.IntN(2) == 0
	case gre:
		key := r.Uint32()
		t.ids, t.hasID, t.ethernet = [2]uint32{key, key}, r.IntN(2) == 0, r.IntN(3) == 0
	case tunnelKinds:
	}
	return t
}

// truth is the column tunnel: the record's type, id, src and dst of a packet by the caller, between slashes.
func (t *tunnel) truth() string {
	if t == nil {
		return ""
	}
	id := ""
	if t.hasID {
		id = strconv.FormatUint(uint64(t.ids[caller]), 10)
	}
	return tunnelNames[t.kind] + "/" + id + "/" + t.ends[caller].String() + "/" + t.ends[callee].String()
}

// wrap is the IP packet that carries another one.
func (t *tunnel) wrap(f *frame, by side, packet []byte) []byte {
	src, dst, etherType := t.ends[by], t.ends[by.other()], etherTypeOf(packet)
	id := t.ids[by]
	var b []byte
	switch t.kind {
	case vxlan:
		b = binary.BigEndian.AppendUint32([]byte{8, 0, 0, 0}, id<<8) // I: the VNI is valid
	case gtpu:
		// Version 1, PT. Message type 255 is a G-PDU; the length is all from the ninth octet on.
		first, extra := byte(0x30), []byte(nil)
		if t.extended { // E: an extension header 0x85 of 4 octets follows (TS 38.415: PDU type 0, QFI 9), and no other
			first, extra = 0x34, []byte{0, 0, 0, 0x85, 1, 0, 9, 0}
		}
		b = binary.BigEndian.AppendUint16([]byte{first, 255}, low16(len(extra)+len(packet)))
		b = append(binary.BigEndian.AppendUint32(b, id), extra...)
	case gre:
		b = []byte{0, 0}
		if t.hasID {
			b[0] = 0x20 // K
		}
		inside := etherType
		if t.ethernet {
			inside = etherTypeBridged
		}
		b = binary.BigEndian.AppendUint16(b, inside)
		if t.hasID {
			b = binary.BigEndian.AppendUint32(b, id)
		}
	case tunnelKinds:
	}
	if t.ethernet {
		b = append(b, 2, 0, 0, 0, 0, low8(20+int(by)), 2, 0, 0, 0, 0, low8(20+int(by.other())))
		b = binary.BigEndian.AppendUint16(b, etherType)
	}
	b = append(b, packet...)
	switch t.kind {
	case vxlan: // the source port tells flows apart for routers (RFC 7348 section 5)
		return f.outer(src, dst, protocolUDP, low16(49152+int(id%1000)), portVXLAN, b)
	case gtpu:
		return f.outer(src, dst, protocolUDP, portGTPU, portGTPU, b)
	default:
		return f.outer(src, dst, protocolGRE, 0, 0, b)
	}
}
