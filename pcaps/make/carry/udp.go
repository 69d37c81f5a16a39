package main

import "encoding/binary"

// vxlan carries a frame in VXLAN (RFC 7348 section 5). The source port is the inner flow's, here one a direction.
//
//	+-+-+-+-+-+-+-+-+-----------------------------------------------+
//	|R|R|R|R|I|R|R|R|            Reserved                           |
//	+-+-+-+-+-+-+-+-+-------------------------------+---------------+
//	|                VXLAN Network Identifier       |   Reserved    |
//	+-----------------------------------------------+---------------+
func vxlan(r route, vni uint32) layer {
	return func(p passage, in content) content {
		b := binary.BigEndian.AppendUint32([]byte{0x08, 0, 0, 0}, vni<<8)
		return r.udp(p, pick[uint16](p, 51001, 62002), 4789, append(b, in.b...))
	}
}

// geneve carries a frame in Geneve with an option (RFC 8926 section 3.4): one of an experiment's class (0xffff).
//
//	+---+-----------+-+-+-----------+-------------------------------+
//	|Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |
//	+---+-----------+-+-+-----------+---------------+---------------+
//	|        Virtual Network Identifier (VNI)       |    Reserved   |
//	+-----------------------------------------------+---------------+
//	|          Option Class         |      Type     |R|R|R| Length  |
//	+-------------------------------+---------------+-+-+-+---------+
//	|                      Variable-Length Option Data              |
//	+---------------------------------------------------------------+
func geneve(r route, vni uint32) layer {
	return func(p passage, in content) content {
		option := []byte{0xff, 0xff, 0x01, 2, 'c', 'a', 'l', 'l', 't', 'r', 'a', 'y'}
		b := []byte{low8(len(option) / 4), 0}
		b = binary.BigEndian.AppendUint16(b, in.etherType)
		b = binary.BigEndian.AppendUint32(b, vni<<8)
		b = append(append(b, option...), in.b...)
		return r.udp(p, pick[uint16](p, 51001, 62002), 6081, b)
	}
}

// l2tp carries an IP packet in PPP in an L2TP session (RFC 2661 section 3.1). Each end chose the ids that it receives.
// The one on the caller's side has another port than 1701 (section 8.1).
//
//	+-+-+---+-+-+-+-+-------+-------+-------------------------------+
//	|T|L| x |S|x|O|P|   x   |  Ver  |         Length (if L)         |
//	+-+-+---+-+-+-+-+-------+-------+-------------------------------+
//	|           Tunnel ID           |           Session ID          |
//	+-------------------------------+-------------------------------+
//	|            Ns (if S)          |            Nr (if S)          |
//	+-------------------------------+-------------------------------+
//	|  Address 0xff |  Control 0x03 |          PPP protocol         |
//	+---------------+---------------+-------------------------------+
func l2tp(r route, up, down [2]uint16) layer {
	return func(p passage, in content) content {
		ids := pick(p, up, down)
		b := binary.BigEndian.AppendUint16([]byte{0x48, 0x02}, low16(12+4+len(in.b)))
		b = binary.BigEndian.AppendUint16(b, ids[0])
		b = binary.BigEndian.AppendUint16(b, ids[1])
		b = binary.BigEndian.AppendUint16(b, low16(p.n))
		b = append(b, 0, 0, 0xff, 0x03) // Nr is not used in data
		b = binary.BigEndian.AppendUint16(b, pppProtocol(in.etherType))
		b = append(b, in.b...)
		return r.udp(p, pick[uint16](p, 40101, 1701), pick[uint16](p, 1701, 40101), b)
	}
}

// gtpu carries an IP packet in GTP-U version 1 with the extension header of a 5G session (3GPP TS 29.281 sections 5.1 and
// 5.2, TS 38.415 section 5.5.2). Each end chose the TEID that it receives.
//
//	+-----+--+-+-+-+-+--------------+-------------------------------+
//	| Ver |PT|*|E|S|P| Message Type |            Length             |
//	+-----+--+-+-+-+-+--------------+-------------------------------+
//	|                              TEID                             |
//	+-------------------------------+---------------+---------------+
//	|        Sequence Number        | N-PDU Number  | Next Ext Type |
//	+---------------+---------------+---------------+---------------+
//	|  Ext Length   |         contents              | Next Ext Type |
//	+---------------+-------------------------------+---------------+
func gtpu(r route, up, down uint32) layer {
	return func(p passage, in content) content {
		b := binary.BigEndian.AppendUint16([]byte{0x34, 0xff}, low16(8+len(in.b)))
		b = binary.BigEndian.AppendUint32(b, pick(p, up, down))
		b = append(b, 0, 0, 0, 0x85)                   // no sequence number; next a PDU session container
		b = append(b, 1, pick[byte](p, 0x10, 0), 5, 0) // up or down; QoS flow 5; nothing next
		return r.udp(p, 2152, 2152, append(b, in.b...))
	}
}
