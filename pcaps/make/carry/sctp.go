package main

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"slices"
)

// Chunks of SCTP (RFC 9260 section 3.2).
const (
	chunkData       = 0
	chunkInit       = 1
	chunkInitAck    = 2
	chunkSack       = 3
	chunkCookieEcho = 10
	chunkCookieAck  = 11
)

const (
	sctpMTU   = 760 // octets of an IP packet
	sctpLen   = 12  // the common header
	pieceLen  = 256 // octets of a message in one DATA chunk; small, so that messages take several
	stepNanos = 30_000
	waitNanos = 5_000_000   // how long a message waits for another to share its packet
	ackNanos  = 200_000_000 // how long an acknowledgement waits for data to go with (RFC 9260 section 6.2)
)

// association is one between two hosts, both on port 5060; 0 is the one that opened it.
type association struct {
	hosts     [2]netip.Addr
	tag       [2]uint32 // that a side chose, and the other one's packets bear
	next      [2]uint32 // TSN of a side's next chunk
	sequence  [2]uint16 // number of its next message in the stream
	received  [2]uint32 // last TSN that a side has from the other
	owed      [2]int    // packets of the other that it has not acknowledged
	due       [2]int64  // when it must
	unordered bool      // how messages are sent; else in the stream's order
	out       *[]packet

	held     [][]byte // messages of heldSide that wait since heldAt, to go in one packet
	heldSide int
	heldAt   int64
}

// overSCTP carries a call's SIP messages in SCTP (RFC 4168), one association between each two hosts; sound stays as it is.
// A message is complete in the packet that has the time of its datagram, unless it shared the packet of the next.
func overSCTP(call []packet) (out []packet) {
	var all []*association
	for i := range call {
		p := &call[i]
		if !p.sip() {
			out = append(out, *p)
			continue
		}
		at := slices.IndexFunc(all, func(a *association) bool {
			return slices.Contains(a.hosts[:], p.src) && slices.Contains(a.hosts[:], p.dst)
		})
		if at < 0 {
			at = len(all)
			all = append(all, open(p, len(all), &out))
		}
		all[at].take(p)
	}
	for _, a := range all {
		a.flush()
		a.overdue(a.heldAt + 2*ackNanos)
	}
	slices.SortStableFunc(out, func(a, b packet) int { return int(a.at - b.at) })
	return out
}

// open makes the handshake (RFC 9260 section 5.1) before the first message. The first association is unordered, as RFC
// 4168 section 5.1 has it, the second one ordered.
func open(first *packet, number int, out *[]packet) *association {
	a := &association{hosts: [2]netip.Addr{first.src, first.dst}, unordered: number == 0, out: out}
	for side, host := range a.hosts {
		a.tag[side] = crc32.ChecksumIEEE(append(host.AsSlice(), low8(number)))
		a.next[side] = crc32.ChecksumIEEE(append(host.AsSlice(), low8(number), 1))
		a.received[1-side] = a.next[side] - 1
	}
	// Where a TSN comes round to 0 must not show (RFC 9260 section 1.6).
	a.next[0], a.received[1] = 0xffff_fffe, 0xffff_fffd
	cookie := make([]byte, 32)
	for i := range cookie {
		cookie[i] = low8(0x40 + i)
	}
	at := first.at - 5*stepNanos
	init := func(side int) []byte {
		b := binary.BigEndian.AppendUint32(nil, a.tag[side])
		b = binary.BigEndian.AppendUint32(b, 65536)           // octets of window
		b = append(b, 0, 10, 0, 10)                           // outbound and inbound streams
		return binary.BigEndian.AppendUint32(b, a.next[side]) // initial TSN
	}
	a.send(at, 0, 0, chunk(chunkInit, 0, init(0)))
	withCookie := append(append(init(1), 0, 7, 0, low8(4+len(cookie))), cookie...)
	a.send(at+stepNanos, 1, a.tag[0], chunk(chunkInitAck, 0, withCookie))
	a.send(at+2*stepNanos, 0, a.tag[1], chunk(chunkCookieEcho, 0, cookie))
	a.send(at+3*stepNanos, 1, a.tag[0], chunk(chunkCookieAck, 0, nil))
	return a
}

// take sends a message, or keeps it for the packet of the next one.
func (a *association) take(p *packet) {
	side := slices.Index(a.hosts[:], p.src)
	if side != a.heldSide || p.at-a.heldAt > waitNanos {
		a.flush()
	}
	a.held, a.heldSide, a.heldAt = append(a.held, viaSCTP(p.message())), side, p.at
}

// flush sends what waits: an acknowledgement if one is owed, then the messages' chunks, as many in each packet as it holds.
func (a *association) flush() {
	if len(a.held) == 0 {
		return
	}
	side := a.heldSide
	a.overdue(a.heldAt)
	var chunks [][]byte
	if a.owed[side] > 0 {
		chunks = append(chunks, a.acknowledgement(side))
	}
	for _, message := range a.held {
		chunks = append(chunks, a.data(side, message)...)
	}
	a.held = nil

	packets, room := [][]byte{nil}, sctpMTU-ipv4Len-sctpLen
	for _, c := range chunks {
		if last := len(packets) - 1; len(packets[last])+len(c) <= room {
			packets[last] = append(packets[last], c...)
		} else {
			packets = append(packets, c)
		}
	}
	for i, b := range packets {
		a.send(a.heldAt-int64(len(packets)-1-i)*stepNanos, side, a.tag[1-side], b)
	}
	a.received[1-side] = a.next[side] - 1
	a.owed[1-side] += len(packets)
	a.due[1-side] = a.heldAt + ackNanos
	if a.owed[1-side] > 1 { // of two packets at once
		a.due[1-side] = a.heldAt + stepNanos
	}
}

// overdue sends the acknowledgements that could not wait until now.
func (a *association) overdue(now int64) {
	for side := range a.owed {
		if a.owed[side] > 0 && a.due[side] < now {
			a.send(a.due[side], side, a.tag[1-side], a.acknowledgement(side))
		}
	}
}

// acknowledgement is a SACK chunk (RFC 9260 section 3.3.4) without gaps.
func (a *association) acknowledgement(side int) []byte {
	a.owed[side] = 0
	b := binary.BigEndian.AppendUint32(nil, a.received[side])
	b = binary.BigEndian.AppendUint32(b, 65536)
	return chunk(chunkSack, 0, append(b, 0, 0, 0, 0))
}

// data splits a message into DATA chunks (RFC 9260 section 3.3.1). PPID 0 says that no protocol was named.
//
//	+---------------+---------+-+-+-+-+-----------------------------+
//	|   Type = 0    |   Res   |I|U|B|E|            Length           |
//	+---------------+---------+-+-+-+-+-----------------------------+
//	|                              TSN                              |
//	+-------------------------------+-------------------------------+
//	|      Stream Identifier S      |   Stream Sequence Number n    |
//	+-------------------------------+-------------------------------+
//	|                  Payload Protocol Identifier                  |
//	+---------------------------------------------------------------+
func (a *association) data(side int, message []byte) (chunks [][]byte) {
	for from := 0; from < len(message); from += pieceLen {
		to := min(from+pieceLen, len(message))
		var flags byte
		if a.unordered {
			flags |= 4
		}
		if from == 0 {
			flags |= 2
		}
		if to == len(message) {
			flags |= 1
		}
		b := binary.BigEndian.AppendUint32(nil, a.next[side])
		b = binary.BigEndian.AppendUint16(append(b, 0, 0), a.sequence[side])
		b = append(append(b, 0, 0, 0, 0), message[from:to]...)
		chunks = append(chunks, chunk(chunkData, flags, b))
		a.next[side]++
	}
	if !a.unordered {
		a.sequence[side]++
	}
	return chunks
}

// chunk returns a chunk (RFC 9260 section 3.2), padded; its length is that without.
func chunk(kind, flags byte, value []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{kind, flags}, low16(4+len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// send makes a packet of chunks (RFC 9260 section 3.1). Its checksum is CRC32c, least significant octet first (appendix A).
//
//	+-------------------------------+-------------------------------+
//	|     Source Port Number        |     Destination Port Number   |
//	+-------------------------------+-------------------------------+
//	|                      Verification Tag                         |
//	+---------------------------------------------------------------+
//	|                           Checksum                            |
//	+---------------------------------------------------------------+
func (a *association) send(at int64, side int, tag uint32, chunks []byte) {
	b := binary.BigEndian.AppendUint16(nil, portSIP)
	b = binary.BigEndian.AppendUint16(b, portSIP)
	b = binary.BigEndian.AppendUint32(b, tag)
	b = append(append(b, 0, 0, 0, 0), chunks...)
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	src, dst := a.hosts[side], a.hosts[1-side]
	ip := ipPacket(src, dst, protocolSCTP, low16(len(*a.out)), true, b)
	*a.out = append(*a.out, packet{at: at, ip: ip, src: src, dst: dst, protocol: protocolSCTP, above: b})
}
