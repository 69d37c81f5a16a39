//go:build linux && cgo

package afpacket

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"calltrail/capture"
)

const (
	tagLen       = 4      // tag protocol identifier, tag control information
	addressesLen = 12     // destination and source
	customerTag  = 0x8100 // IEEE 802.1Q: what a kernel means that does not name the identifier
)

// putTagBack puts the outermost VLAN tag back into p, a frame at h[mac:], where h begins with the frame's header in the
// ring. The kernel takes that tag off every frame it receives, also one with several tags, and notes it in the header.
//
//	before: | header, address, room | destination, source | EtherType, …
//	after:  | header, addr  | destination, source |  tag  | EtherType, …
//	                        ^ mac-4               ^ mac+8
//
// The payload stays where it is: the two addresses move 4 octets forward, into room that is 0 to 14 octets wide and, where
// that does not do, over the end of sockaddr_ll, which nobody reads any more.
func putTagBack(p *capture.Packet, h []byte, mac int, status uint32) {
	if len(p.Data) < addressesLen {
		return // cut within the addresses: there is no place for a tag
	}
	frame := h[mac-tagLen:][:tagLen+len(p.Data)]
	copy(frame, frame[tagLen:tagLen+addressesLen])
	identifier := uint16(customerTag)
	if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		identifier = binary.NativeEndian.Uint16(h[packetTPID:])
	}
	binary.BigEndian.PutUint16(frame[addressesLen:], identifier)
	binary.BigEndian.PutUint16(frame[addressesLen+2:], uint16(binary.NativeEndian.Uint32(h[packetTCI:]))) //nolint:gosec // 16 bits in a field of 32
	p.Data = slices.Clip(frame)
	p.Length += tagLen
}
