package main

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"calltrail/cmd/calltrail/testnet"
)

// contentWebSocket is the port of the test's WebSocket.
const contentWebSocket = "8080"

// turn is what a host sends over a connection, and what the other sends back when it has read all of it.
type turn struct{ octets, reply []byte }

// messages are a marked MESSAGE over TCP, and two over a WebSocket that may compress (RFC 7692), of which one is compressed.
func (c *marked) messages(s dialogue) {
	target := "MESSAGE sip:bob@" + s.b.String() + " SIP/2.0"
	message := func(over, what string) turn {
		s.callID, s.over = rand.Text(), over
		body := strings.Repeat(c.mark(what)+" ", 100)
		m := turn{s.message(target, "1 MESSAGE", "", "", "text/plain", body), s.message("SIP/2.0 200 OK", "1 MESSAGE", ";tag=b", "", "", "")}
		c.plain = append(c.plain, m.octets...)
		return m
	}
	c.stream = []turn{message("TCP", "MESSAGE body over TCP")}
	upgrade := "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
	c.socket = []turn{{
		[]byte("GET / HTTP/1.1\r\nHost: " + s.b.String() + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + upgrade + "\r\n"),
		[]byte("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" + upgrade + "\r\n"),
	}}
	for _, deflated := range []bool{false, true} {
		what := "MESSAGE body over WebSocket"
		if deflated {
			what = "MESSAGE body compressed"
		}
		m := message("WS", what)
		c.socket = append(c.socket, turn{webSocketFrame(m.octets, true, deflated), webSocketFrame(m.reply, false, deflated)})
	}
}

// webSocketFrame is one text message of RFC 6455 section 5.2, masked as a client's are. Compressed it rests on none before it.
func webSocketFrame(message []byte, masked, deflated bool) []byte {
	first, second := byte(0x81), byte(126)
	if deflated {
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
	size, key := binary.BigEndian.AppendUint16(nil, uint16(len(message))), []byte(nil)
	if len(message) < 126 {
		second, size = byte(len(message)), nil
	}
	if masked {
		second, key = second|0x80, []byte{0x37, 0xfa, 0x21, 0x3d}
	}
	b := append(append([]byte{first, second}, size...), key...)
	for i, o := range message {
		if masked {
			o ^= key[i%4]
		}
		b = append(b, o)
	}
	return b
}

// overTCP plays turns over a connection from one host to the other.
func overTCP(t *testing.T, a, b *testnet.Host, port string, turns ...turn) {
	t.Helper()
	to := net.JoinHostPort(b.Addr.String(), port)
	l, err := b.Listen("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // one connection
	replied := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			replied <- err
			return
		}
		for _, turn := range turns {
			if _, err = io.CopyN(io.Discard, conn, int64(len(turn.octets))); err != nil {
				break
			}
			if _, err = conn.Write(turn.reply); err != nil {
				break
			}
		}
		replied <- errors.Join(err, conn.Close())
	}()
	conn, err := a.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // all is read
	for _, turn := range turns {
		if _, err := conn.Write(turn.octets); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(turn.reply))
		if n, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, turn.reply) {
			t.Fatalf("%d octets of %d came back: %v", n, len(turn.reply), err)
		}
	}
	if err := <-replied; err != nil {
		t.Fatal(err)
	}
}
