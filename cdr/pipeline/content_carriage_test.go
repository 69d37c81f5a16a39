package pipeline_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"net/netip"
)

// contentCarriages are the ways in which the marked messages are sent.
var contentCarriages = []string{"udp", "fragments", "tcp", "websocket", "deflated websocket", "sctp"}

// carrier puts messages into frames as one of contentCarriages says. Most messages come in two pieces.
type carrier struct {
	how  string
	sent map[netip.AddrPort]uint32 // octets of TCP, chunks of SCTP, or datagrams, by who sends them
}

func newCarrier(how string) *carrier { return &carrier{how: how, sent: map[netip.AddrPort]uint32{}} }

// frames is a message as frames. Of one that is not whole only the first piece is sent.
func (c *carrier) frames(from, to netip.AddrPort, message []byte, whole bool) (list [][]byte) {
	switch c.how {
	case "fragments":
		list = c.fragments(from, to, message)
	case "tcp":
		list = c.segments(from, to, message)
	case "websocket", "deflated websocket":
		if c.sent[from] == 0 {
			list = c.segments(from, to, handshake(from == contentCaller, c.how != "websocket"))
		}
		list = append(list, c.segments(from, to, c.webSocketFrame(from == contentCaller, message))...)
	case "sctp":
		list = c.chunks(from, to, message)
	default:
		list = [][]byte{datagram(from, to, message)}
	}
	if !whole {
		list = list[:len(list)-1]
	}
	return list
}

func carriedBy(from, to netip.AddrPort, proto byte, id uint16, data []byte) []byte {
	return newEthernet(0x0800, newIP(from.Addr(), to.Addr(), proto, id, data))
}

// fragments are two of an IPv4 datagram, RFC 791 section 3.2.
func (c *carrier) fragments(from, to netip.AddrPort, message []byte) (list [][]byte) {
	data := newUDP(from.Port(), to.Port(), message)
	c.sent[from]++
	cut := len(data) / 2 &^ 7
	for i, part := range [][]byte{data[:cut], data[cut:]} {
		frame := carriedBy(from, to, 17, uint16(c.sent[from]), part)
		field := uint16(0x2000) // more fragments
		if i == 1 {
			field = uint16(cut / 8)
		}
		binary.BigEndian.PutUint16(frame[14+6:], field)
		list = append(list, frame)
	}
	return list
}

// segments are two of TCP, RFC 9293 section 3.1: PSH and ACK.
func (c *carrier) segments(from, to netip.AddrPort, octets []byte) (list [][]byte) {
	for _, part := range [][]byte{octets[:len(octets)/2], octets[len(octets)/2:]} {
		b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, from.Port()), to.Port())
		b = binary.BigEndian.AppendUint32(b, 1000+c.sent[from])
		b = append(b, 0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0)
		list = append(list, carriedBy(from, to, 6, 0, append(b, part...)))
		c.sent[from] += uint32(len(part))
	}
	return list
}

// handshake is that of RFC 6455 section 1.3 with SIP as its subprotocol, RFC 7118 section 4.
func handshake(client, deflate bool) []byte {
	text := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n"
	if client {
		text = "GET / HTTP/1.1\r\nHost: 192.0.2.70\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n"
	}
	if deflate {
		text += "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	}
	return []byte(text + "\r\n")
}

// webSocketFrame is one text message, RFC 6455 section 5.2, masked by clients; deflated (RFC 7692 section 7.2.1) it has RSV1.
func (c *carrier) webSocketFrame(client bool, message []byte) []byte {
	first := byte(0x81)
	if c.how == "deflated websocket" {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			panic(err)
		}
		if _, err := w.Write(message); err != nil {
			panic(err)
		}
		if err := w.Flush(); err != nil {
			panic(err)
		}
		first, message = 0xc1, bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
	}
	mask, key := byte(0), [4]byte{}
	if client {
		mask, key = 0x80, [4]byte{0x37, 0xfa, 0x21, 0x3d}
	}
	b := binary.BigEndian.AppendUint16([]byte{first, mask | 126}, uint16(len(message)))
	if len(message) < 126 {
		b = []byte{first, mask | byte(len(message))}
	}
	if client {
		b = append(b, key[:]...)
	}
	for i, o := range message {
		b = append(b, o^key[i%4])
	}
	return b
}

// chunks are two DATA chunks of SCTP, each in a packet, RFC 9260 sections 3 and 3.3.1. Nobody checks the checksum.
func (c *carrier) chunks(from, to netip.AddrPort, message []byte) (list [][]byte) {
	cut := len(message) / 2 &^ 3
	for i, part := range [][]byte{message[:cut], message[cut:]} {
		b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, from.Port()), to.Port())
		b = append(b, 1, 2, 3, from.Addr().As4()[0], 0, 0, 0, 0) // verification tag, checksum
		flags := byte(6)                                         // unordered, the beginning
		if i == 1 {
			flags = 5 // and the end
		}
		b = binary.BigEndian.AppendUint16(append(b, 0, flags), uint16(16+len(part)))
		b = binary.BigEndian.AppendUint32(b, 1+c.sent[from])
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
		b = append(b, part...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		list = append(list, carriedBy(from, to, 132, 0, b))
		c.sent[from]++
	}
	return list
}
