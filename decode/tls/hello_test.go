package tls_test

import (
	"crypto/rand"
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"calltrail/decode/tls"

	"calltrail/decode/fuzzbound"
)

// hello is the first flight of a real client.
func hello(t testing.TB, cfg *stdtls.Config) []byte {
	t.Helper()
	client, server := net.Pipe()
	go func() {
		_ = stdtls.Client(client, cfg).HandshakeContext(t.Context()) // ends with the pipe
	}()
	head := make([]byte, tls.HeaderLen)
	if _, err := io.ReadFull(server, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, int(head[3])<<8|int(head[4]))
	if _, err := io.ReadFull(server, body); err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	_ = server.Close()
	return append(head, body...)
}

func config() *stdtls.Config {
	return &stdtls.Config{
		ServerName: "sip.example.com", NextProtos: []string{"sip/2", "h2"}, MinVersion: stdtls.VersionTLS12, Rand: rand.Reader,
	}
}

func parse(b []byte) (tls.ClientHello, error) {
	var h tls.ClientHello
	err := tls.ParseClientHello(b, make([]byte, 0, len(b)), &h)
	return h, err
}

func protocols(h *tls.ClientHello) string {
	var out []string
	for p := range h.Protocols() {
		out = append(out, string(p))
	}
	return strings.Join(out, " ")
}

func TestParseClientHello(t *testing.T) {
	b := hello(t, config())
	h, err := parse(b)
	if err != nil || string(h.ServerName) != "sip.example.com" || protocols(&h) != "sip/2 h2" || h.Version != 0x0304 {
		t.Fatalf("%q %q %#x %v", h.ServerName, protocols(&h), h.Version, err)
	}
	old := config()
	old.MaxVersion, old.NextProtos, old.ServerName, old.InsecureSkipVerify = stdtls.VersionTLS12, nil, "192.0.2.1", true
	h, err = parse(hello(t, old))
	if err != nil || h.ServerName != nil || protocols(&h) != "" || h.Version != 0x0303 {
		t.Fatalf("without extensions: %q %q %#x %v", h.ServerName, protocols(&h), h.Version, err)
	}
}

// A hello ends anywhere until it is whole, and a further record changes nothing.
func TestParseClientHelloInPieces(t *testing.T) {
	b := hello(t, config())
	for n := range b {
		if _, err := parse(b[:n]); !errors.Is(err, tls.ErrShort) {
			t.Fatalf("%d of %d octets: %v", n, len(b), err)
		}
	}
	if h, err := parse(append(slices.Clone(b), 22, 3, 3, 0, 1, 20)); err != nil || string(h.ServerName) != "sip.example.com" {
		t.Fatalf("with more behind it: %q %v", h.ServerName, err)
	}
}

// RFC 8446 section 5.1: a handshake message may be spread over records of any length but 0.
func TestParseClientHelloInRecords(t *testing.T) {
	b := hello(t, config())
	for _, size := range []int{1, 3, 4, 100, len(b) - tls.HeaderLen - 1} {
		var spread []byte
		for rest := b[tls.HeaderLen:]; len(rest) > 0; {
			n := min(size, len(rest))
			spread = append(spread, 22, 3, 1, byte(n>>8), byte(n))
			spread = append(spread, rest[:n]...)
			rest = rest[n:]
		}
		h, err := parse(spread)
		if err != nil || string(h.ServerName) != "sip.example.com" || protocols(&h) != "sip/2 h2" {
			t.Errorf("records of %d: %q %q %v", size, h.ServerName, protocols(&h), err)
		}
		if _, err := parse(spread[:len(spread)-1]); !errors.Is(err, tls.ErrShort) {
			t.Errorf("records of %d, cut: %v", size, err)
		}
	}
}

func TestParseClientHelloRefuses(t *testing.T) {
	b := hello(t, config())
	change := func(at int, v byte) []byte {
		c := slices.Clone(b)
		c[at] = v
		return c
	}
	for name, c := range map[string][]byte{
		"application data":         change(0, 23),
		"SSL 2":                    change(1, 2),
		"a ServerHello":            change(5, 2),
		"a session id past its 32": change(5+4+2+32, 255),
		"a record of no octets":    {22, 3, 1, 0, 0},
		"text":                     []byte("INVITE sip:bob@example.com SIP/2.0\r\n"),
	} {
		if h, err := parse(c); !errors.Is(err, tls.ErrNoHello) {
			t.Errorf("%s: %q %v", name, h.ServerName, err)
		}
	}
	if _, ok := tls.LooksLike([]byte{22, 3, 1, 0x48, 0x01}); ok {
		t.Error("a record longer than any")
	}
	if kind, ok := tls.LooksLike([]byte{23, 3, 3, 0x48, 0x00}); !ok || kind != tls.ApplicationData {
		t.Error("the longest record")
	}
}

func FuzzClientHello(f *testing.F) {
	f.Add(hello(f, config()))
	f.Add([]byte{22, 3, 1, 0, 4, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { _ = tls.ParseClientHello(b, nil, new(tls.ClientHello)) })
		var h tls.ClientHello
		scratch := make([]byte, 0, len(b))
		if n := testing.AllocsPerRun(1, func() {
			if tls.ParseClientHello(b, scratch, &h) == nil {
				for range h.Protocols() {
					continue
				}
			}
		}); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	})
}
