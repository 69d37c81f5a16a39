//go:build linux && cgo

package afpacket

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"calltrail/capture"
)

// The ring is a row of blocks of equal size. A block holds packets one after the other, each behind a header of its own
// (linux/if_packet.h, Documentation/networking/packet_mmap.rst). All numbers are in the machine's byte order:
//
//	tpacket_block_desc              tpacket3_hdr                      sockaddr_ll, after the header
//	 0 version                       0 tp_next_offset                 48 sll_family, sll_protocol
//	 4 offset_to_priv                4 tp_sec                         52 sll_ifindex
//	 8 block_status                  8 tp_nsec                        56 sll_hatype, sll_pkttype, sll_halen
//	12 num_pkts                     12 tp_snaplen                     60 sll_addr (8)
//	16 offset_to_first_pkt          16 tp_len                         68 room, then the packet at tp_mac
//	20 blk_len                      20 tp_status
//	24 seq_num (8)                  24 tp_mac, tp_net (2 each)
//	32 ts_first_pkt, ts_last_pkt    28 tp_rxhash
//	                                32 tp_vlan_tci
//	                                36 tp_vlan_tpid (2)
//
// gopacket reads it as well. It is read here because gopacket allocates for each packet with a VLAN tag, takes a lock
// for each packet, writes 0x8100 whatever the tag was, and believes every offset it finds; the benchmarks in this folder
// compare.
const (
	blockStatus = 8
	blockCount  = 12
	blockFirst  = 16

	packetNext   = 0
	packetSec    = 4
	packetNsec   = 8
	packetSnap   = 12
	packetLen    = 16
	packetStatus = 20
	packetMAC    = 24
	packetTCI    = 32
	packetTPID   = 36
	headerLen    = 68 // TPACKET3_HDRLEN: no packet begins before it
)

// walker hands out the packets of a ring, one after the other. Nothing it finds in the ring is used as an offset before
// it was compared with the memory there is.
type walker struct {
	ring []byte
	size int // of a block
	snap int // the most octets of a packet to hand out
	// ethernet: a tag can be put back.
	ethernet bool

	at    int    // where the current block begins, or the next one
	block []byte // the current one; nil when none is held
	next  int    // offset of the next packet in it
	left  uint32 // packets in it not handed out yet
	// unreadable counts packets given up because of a header that contradicts itself.
	unreadable uint64
}

// ready says whether there is a packet, or a block that the kernel has handed over.
func (w *walker) ready() bool {
	return w.left > 0 || w.status().Load()&unix.TP_STATUS_USER != 0
}

// status is the word by which the kernel and this program hand the block back and forth.
func (w *walker) status() *atomic.Uint32 {
	word := w.ring[w.at+blockStatus:][:4]
	return (*atomic.Uint32)(unsafe.Pointer(&word[0])) //nolint:gosec // 4 octets, aligned: blocks begin on pages
}

// packet fills p with the next packet: Time, Data and Length. It returns false when there is none. It gives the block of
// the packet before back to the kernel when that was its last one: p.Data is valid until the next call.
func (w *walker) packet(p *capture.Packet) bool {
	for {
		if w.left > 0 {
			if w.read(p) {
				return true
			}
			continue
		}
		if w.block != nil {
			w.release()
		}
		if w.status().Load()&unix.TP_STATUS_USER == 0 {
			return false
		}
		w.block = w.ring[w.at:][:w.size]
		w.left = min(binary.NativeEndian.Uint32(w.block[blockCount:]), uint32(w.size/headerLen)) //nolint:gosec // blocks are small
		w.next = int(binary.NativeEndian.Uint32(w.block[blockFirst:]))
	}
}

// read fills p with the packet at w.next. When its header cannot be right it gives up what is left of the block.
func (w *walker) read(p *capture.Packet) bool {
	if w.next > len(w.block)-headerLen {
		return w.giveUp()
	}
	h := w.block[w.next:]
	mac := int(binary.NativeEndian.Uint16(h[packetMAC:]))
	kept := int(binary.NativeEndian.Uint32(h[packetSnap:]))
	length := int(binary.NativeEndian.Uint32(h[packetLen:]))
	if mac < headerLen || mac > len(h) || kept > len(h)-mac || kept > length {
		return w.giveUp()
	}
	step := int(binary.NativeEndian.Uint32(h[packetNext:]))
	if w.left > 1 && step < mac+kept {
		return w.giveUp()
	}
	w.left--
	w.next += step

	p.Time = int64(binary.NativeEndian.Uint32(h[packetSec:]))*1e9 + int64(binary.NativeEndian.Uint32(h[packetNsec:]))
	p.Data, p.Length = h[mac:][:kept:kept], length
	if status := binary.NativeEndian.Uint32(h[packetStatus:]); status&unix.TP_STATUS_VLAN_VALID != 0 && w.ethernet {
		putTagBack(p, h, mac, status)
	}
	if len(p.Data) > w.snap {
		p.Data = p.Data[:w.snap]
	}
	return true
}

func (w *walker) giveUp() bool {
	w.unreadable += uint64(w.left)
	w.left = 0
	return false
}

// release gives the block back to the kernel and goes on to the next one.
func (w *walker) release() {
	w.status().Store(unix.TP_STATUS_KERNEL)
	w.block = nil
	if w.at += w.size; w.at >= len(w.ring) {
		w.at = 0
	}
}
