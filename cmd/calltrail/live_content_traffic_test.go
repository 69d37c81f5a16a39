package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// marked is traffic whose content is marked, each piece with a mark of its own.
type marked struct {
	marks []mark
	lines []datagram
	// stream goes over TCP and socket over a WebSocket, behind the datagrams.
	stream, socket []turn
	// plain are the octets of all that is marked, before they are masked or compressed.
	plain []byte
}

// datagram is one of a call, from the caller's host a or from the callee's.
type datagram struct {
	fromB    bool
	src, dst uint16 // ports
	octets   []byte
}

// mark makes a new mark of text.
func (c *marked) mark(what string) string {
	text := strings.ToLower(rand.Text())
	c.marks = append(c.marks, newMark(what, []byte(text)))
	return text
}

// dialogue writes SIP between two hosts.
type dialogue struct {
	a, b   netip.Addr
	callID string
	over   string // UDP or TCP
}

// message is one of the dialog. more are whole header lines.
func (s *dialogue) message(first, cseq, toTag, more, kind, body string) []byte {
	if kind != "" {
		more += "Content-Type: " + kind + "\r\n"
	}
	contact := s.a
	if strings.HasPrefix(first, "SIP/") {
		contact = s.b
	}
	return fmt.Appendf(nil, "%s\r\nVia: SIP/2.0/%s %s:5060;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=a\r\nTo: <sip:bob@%s>%s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:%s:5060>\r\n%sContent-Length: %d\r\n\r\n%s",
		first, s.over, s.a, s.callID[:6]+strings.ReplaceAll(cseq, " ", ""), contentCaller, s.a, s.b, toTag, s.callID, cseq, contact, more, len(body), body)
}

// newMarked makes a call with sound and digits both ways, and messages: in the call, in fragments, over TCP and over a WebSocket.
func newMarked(a, b netip.Addr) *marked {
	c := &marked{}
	s := dialogue{a, b, rand.Text(), "UDP"}
	request := func(first, cseq, toTag, more, kind, body string) {
		c.lines = append(c.lines, datagram{false, 5060, 5060, s.message(first+" sip:bob@"+b.String()+" SIP/2.0", cseq, toTag, more, kind, body)})
	}
	ok := func(cseq, more, kind, body string) {
		c.lines = append(c.lines, datagram{true, 5060, 5060, s.message("SIP/2.0 200 OK", cseq, ";tag=b", more, kind, body)})
	}
	sdp := func(at netip.Addr, port int, of string) string {
		return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=%s\r\ni=%s\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s\r\n",
			at, c.mark("name of the session"+of), c.mark("description of the session"+of), at, port, c.mark("key of SDES"+of))
	}
	hidden := func(what string) string { return hex.EncodeToString([]byte(c.mark(what))) + ";encoding=hex" }
	request("INVITE", "1 INVITE", "", "Subject: "+c.mark("Subject")+"\r\nUser-to-User: "+hidden("User-to-User")+"\r\n", "application/sdp", sdp(a, 20000, ""))
	ok("1 INVITE", "User-to-User: "+hidden("User-to-User of the answer")+"\r\n", "application/sdp", sdp(b, 30000, " of the answer"))
	request("ACK", "1 ACK", ";tag=b", "", "", "")
	c.media()
	request("INFO", "2 INFO", ";tag=b", "", "application/dtmf-relay", "Signal="+c.mark("INFO body")+"\r\nDuration=160\r\n")
	ok("2 INFO", "", "", "")
	request("MESSAGE", "3 MESSAGE", ";tag=b", "", "text/plain", c.mark("MESSAGE body in the call"))
	ok("3 MESSAGE", "", "", "")
	request("BYE", "4 BYE", ";tag=b", "User-to-User: "+c.mark("User-to-User of the end")+";encoding=text\r\n", "", "")
	ok("4 BYE", "", "", "")
	// Longer than a packet: the kernel, or the sensor, puts its fragments together.
	s.callID = rand.Text()
	request("MESSAGE", "1 MESSAGE", "", "Subject: "+c.mark("Subject of a MESSAGE")+"\r\n", "text/plain", strings.Repeat(c.mark("MESSAGE body in fragments")+" ", 100))
	ok("1 MESSAGE", "", "", "")
	for _, d := range c.lines {
		c.plain = append(c.plain, d.octets...)
	}
	c.messages(s)
	return c
}

// media are two seconds of sound both ways; of ten packets one tells digits, three reports in each (RFC 4733 section 2.5.1.5).
func (c *marked) media() {
	random := []byte(rand.Text())
	var digits []byte
	for i := range 3 {
		digits = append(digits, random[3*i]%16, 10, random[3*i+1], random[3*i+2])
	}
	c.marks = append(c.marks, newMark("DTMF events", digits))
	sound := map[bool]string{false: c.mark("sound of the caller"), true: c.mark("sound of the callee")}
	for i := range 100 {
		for _, fromB := range []bool{false, true} {
			d := datagram{fromB, 20000, 30000, nil}
			ssrc := uint32(0xA1A2A3A4)
			if fromB {
				d.src, d.dst, ssrc = 30000, 20000, 0xB1B2B3B4
			}
			kind, payload := byte(8), bytes.Repeat([]byte(sound[fromB]), 7)[:160]
			if i%10 == 5 {
				kind, payload = 101, digits
			}
			rtp := binary.BigEndian.AppendUint16([]byte{0x80, kind}, uint16(i))
			rtp = binary.BigEndian.AppendUint32(rtp, uint32(i*160))
			d.octets = append(binary.BigEndian.AppendUint32(rtp, ssrc), payload...)
			c.lines = append(c.lines, d)
		}
	}
}

// send plays the datagrams, each from its host, and then the streams.
func (c *marked) send(t *testing.T, a, b *testnet.Host) {
	t.Helper()
	sockets := map[netip.AddrPort]*net.UDPConn{}
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for _, d := range c.lines {
		from, to := a, b
		if d.fromB {
			from, to = b, a
		}
		at := netip.AddrPortFrom(from.Addr, d.src)
		if sockets[at] == nil {
			s, err := from.UDP(at)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // all is sent
			sockets[at] = s
		}
		if _, err := sockets[at].WriteToUDPAddrPort(d.octets, netip.AddrPortFrom(to.Addr, d.dst)); err != nil {
			t.Fatal(err)
		}
		<-pace.C
	}
	overTCP(t, a, b, "5060", c.stream...)
	overTCP(t, a, b, contentWebSocket, c.socket...)
}

// unmarked is an OPTIONS request of a size, of no call: what goes through every buffer the marked octets went through.
func unmarked(i, size int, from, to netip.Addr, over string) []byte {
	text := fmt.Sprintf("OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/%s %s:5060;branch=z9hG4bKu%d\r\nMax-Forwards: 70\r\nFrom: <sip:probe@%s>;tag=u\r\nTo: <sip:%s>\r\nCall-ID: unmarked-%d\r\nCSeq: 1 OPTIONS\r\n",
		to, over, from, i, from, to, i)
	body := strings.Repeat("u", size-len(text)-len("Content-Type: text/plain\r\nContent-Length: 10000\r\n\r\n"))
	return fmt.Appendf(nil, "%sContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", text, len(body), body)
}
