package rtp

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// What CName looks for, RFC 3550 sections 12.1 and 12.2.
const (
	packetTypeSDES = 202
	itemEnd        = 0
	itemCName      = 1
)

// MaxCName is the most octets that a CNAME can have: its length has one octet.
const MaxCName = 255

// CName finds the canonical name of the sender of the compound RTCP packet in b: the CNAME of that source description chunk
// which is of the SSRC that sent the first packet. wireLen is as in ParseRTCP. ok is false when there is none in the octets that
// were captured, when the compound is not framed as RFC 3550 demands (in SRTCP all but the first header is ciphertext), and
// when the name is empty or not printable UTF-8, which is what is left of ciphertext that was framed by chance.
//
// name aliases b.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|V=2|P|    SC   |  PT=SDES=202  |             length            |  section 6.5
//	+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//	|                              SSRC                             |  chunk 1 of SC
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|    CNAME=1    |     length    | user and domain name        ...  items, the last one of type 0,
//	+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+  filled up to 32 bits
func CName(b []byte, wireLen int) (name []byte, ssrc uint32, ok bool) {
	var c Compound
	if ParseRTCP(b, wireLen, &c) != nil || !c.Framed {
		return nil, 0, false
	}
	// Framed: every header but one that was cut away has its 4 octets in b, and no length is more than the packet.
	for range c.Packets {
		packet := b[:min(packetSize(b), len(b))]
		if packet[1] == packetTypeSDES {
			if name = chunkOf(packet[4:], int(packet[0]&0x1f), c.SSRC); name != nil {
				return name, c.SSRC, printable(name)
			}
		}
		b = b[len(packet):]
	}
	return nil, 0, false
}

// chunkOf returns the CNAME in the chunk of ssrc, nil when there is none. b has the chunks, n of them.
func chunkOf(b []byte, n int, ssrc uint32) []byte {
	for range n {
		if len(b) < 4 {
			return nil
		}
		wanted := binary.BigEndian.Uint32(b) == ssrc
		at := 4
		for at < len(b) && b[at] != itemEnd {
			if at+2 > len(b) || at+2+int(b[at+1]) > len(b) {
				return nil
			}
			text := b[at+2 : at+2+int(b[at+1])]
			if wanted && b[at] == itemCName {
				return text
			}
			at += 2 + len(text)
		}
		// One octet of zero at least, and as many more as fill the word.
		if at = (at + 4) &^ 3; wanted || at > len(b) {
			return nil
		}
		b = b[at:]
	}
	return nil
}

// printable says that b is text that can be shown: valid UTF-8 without control characters, and not nothing.
func printable(b []byte) bool {
	for rest := b; len(rest) > 0; {
		if c := rest[0]; c >= ' ' && c <= '~' {
			rest = rest[1:]
			continue
		}
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			return false
		}
		rest = rest[n:]
	}
	return len(b) > 0
}
