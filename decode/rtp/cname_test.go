package rtp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
)

// sdes is an SDES packet of one chunk of rtcpSR's sender.
func sdes(items ...byte) []byte {
	b := append([]byte{0x81, 0xca, 0, 0, 0xde, 0xad, 0xbe, 0xef}, items...)
	b = append(b, 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b[3] = byte(len(b)/4 - 1)
	return b
}

// item is one of an SDES chunk.
func item(kind byte, text string) []byte {
	return append([]byte{kind, byte(len(text))}, text...)
}

func TestCName(t *testing.T) {
	alice := item(1, "alice@192.0.2.1")
	other := []byte{
		0x82, 0xca, 0x00, 0x06, // SC=2, SDES, length 6: 28 octets
		0x00, 0x00, 0x00, 0x01, // SSRC of a contributing source
		1, 3, 'b', 'o', 'b', 0, 0, 0, // CNAME "bob", END, filled up
		0xde, 0xad, 0xbe, 0xef, // SSRC of the sender
		1, 5, 'a', 'l', 'i', 'c', 'e', 0, // CNAME "alice", END
	}
	whole := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	tests := []struct {
		name    string
		b       []byte
		wireLen int // 0: nothing cut
		want    string
	}{
		{"after SR", whole(rtcpSR, sdes(alice...)), 0, "alice@192.0.2.1"},
		{"after RR, BYE behind", whole(rtcpRR, sdes(alice...), rtcpBYE), 0, "alice@192.0.2.1"},
		{"SDES alone", sdes(alice...), 0, "alice@192.0.2.1"},
		{"TOOL and NAME before", whole(rtcpSR, sdes(whole(item(6, "phone"), item(2, "Alice"), alice)...)), 0, "alice@192.0.2.1"},
		{"items behind", whole(rtcpSR, sdes(whole(alice, item(4, "+1 555"))...)), 0, "alice@192.0.2.1"},
		{"second chunk", whole(rtcpSR, other), 0, "alice"},
		{"second SDES", whole(rtcpSR, rtcpSDES, sdes(alice...)), 0, "alice@192.0.2.1"},
		{"UTF-8", whole(rtcpSR, sdes(item(1, "jürgen@例え")...)), 0, "jürgen@例え"},
		{"255 octets", whole(rtcpSR, sdes(item(1, strings.Repeat("a", 255))...)), 0, strings.Repeat("a", 255)},
		{"cut behind the name", whole(rtcpSR, sdes(alice...), rtcpBYE)[:28+8+17], 28 + 28 + 8, "alice@192.0.2.1"},

		{"no SDES", whole(rtcpSR, rtcpBYE), 0, ""},
		{"no items", whole(rtcpSR, rtcpSDES), 0, ""},
		{"no CNAME", whole(rtcpSR, sdes(item(2, "Alice")...)), 0, ""},
		{"of another SSRC", whole(rtcpSR, []byte{0x81, 0xca, 0, 3, 0, 0, 0, 1, 1, 3, 'b', 'o', 'b', 0, 0, 0}), 0, ""},
		{"empty", whole(rtcpSR, sdes(item(1, "")...)), 0, ""},
		{"control character", whole(rtcpSR, sdes(item(1, "al\x07ice")...)), 0, ""},
		{"NUL within", whole(rtcpSR, sdes(item(1, "al\x00ice")...)), 0, ""},
		{"not UTF-8", whole(rtcpSR, sdes(item(1, "al\xffice")...)), 0, ""},
		{"not framed: a tag behind, as in SRTCP", whole(rtcpSR, sdes(alice...), []byte{0x80, 0, 0, 1, 1, 2, 3, 4, 5, 6}), 0, ""},
		{"cut in the name", whole(rtcpSR, sdes(alice...))[:28+8+16], 28 + 28, ""},
		{"length beyond the packet", whole(rtcpSR, []byte{0x81, 0xca, 0, 3, 0xde, 0xad, 0xbe, 0xef, 1, 7, 'b', 'o', 'b', 0, 0, 0}), 0, ""},
		{"length octet missing", whole(rtcpSR, []byte{0x81, 0xca, 0, 2, 0xde, 0xad, 0xbe, 0xef, 2, 1, 'A', 1}), 0, ""},
		{"more chunks said than there are", whole(rtcpSR, []byte{0x9f, 0xca, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0}), 0, ""},
		{"no chunk", whole(rtcpSR, []byte{0x80, 0xca, 0, 0}), 0, ""},
		{"no RTCP", []byte("alice"), 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, ssrc, ok := CName(tt.b, tt.wireLen)
			if ok != (tt.want != "") || ok && (string(name) != tt.want || ssrc != 0xdeadbeef) {
				t.Errorf("got %q of %x, %v; want %q", name, ssrc, ok, tt.want)
			}
		})
	}
}

func TestRandomCName(t *testing.T) {
	tests := []struct {
		name   string
		random bool
	}{
		{"4TOk42mSjXCkVIa6", true},         // browsers: 16 characters of base64
		{"aB+/x9QwErTy12Zk", true},         // all of its alphabet
		{"q83vASNFZ4mrze8BI0VniQ==", true}, // 128 bits
		{"{7f1b0c5e-2d3a-4b6c-8d9e-0a1b2c3d4e5f}", true},
		{"7f1b0c5e-2d3a-4b6c-8d9e-0a1b2c3d4e5f", true},
		{"7F1B0C5E-2D3A-4B6C-8D9E-0A1B2C3D4E5F", true},
		{"0a1b2c3d4e5f", true},
		{"KxYbQzPwLmNvRtHj", true},
		{"2a51c@pj8f9e01.org", true},
		{"user1234567@host-9f3e", true},

		{"", false},
		{"alice", false},
		{"alice@example.com", false},
		{"sip:alice@192.0.2.1", false},
		{"4TOk42mSjXCkVIa6@192.0.2.1", false}, // a host that is known
		{"+4915112345678", false},
		{"4915112345678", false},
		{"123456789012345", false},
		{"12345678901234567890", false},
		{"deadbeefcafe", false}, // a word, as far as anyone can say
		{"0a1b2c3d4e5", false},  // 44 bits
		{"00:1b:2c:3d:4e:5f", false},
		{"gateway-frankfurt-02", false},
		{"GatewayFrankfurt02", false},
		{"mediagatewayfrankfurt", false},
		{"4TOk42mSjXCkVIa", false}, // 15
		{"7f1b0c5e-2d3a-4b6c-8d9e-0a1b2c3d4e5", false},
		{"2a51c@pjsip.org", false},
		{"support@pj8f9e01.org", false},
		{"user12@host-berlin", false},
		{"user@host-9f", false},
		{"userx@host-9f", false},
		{"user1@host-", false},
		{"{}", false},
		{"日本語の名前です、とても長い", false},
	}
	for _, tt := range tests {
		if got := RandomCName([]byte(tt.name)); got != tt.random {
			t.Errorf("%q: %v, want %v", tt.name, got, tt.random)
		}
	}
}

// What RFC 7022 section 4.2 makes is found to be random, but for the rare string that looks like words.
func TestRandomCNameOfChance(t *testing.T) {
	const n = 20_000
	missed := [2]int{}
	letters := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for range n {
		var bits [12]byte
		_, _ = rand.Read(bits[:])
		if !RandomCName([]byte(base64.StdEncoding.EncodeToString(bits[:]))) {
			missed[0]++
		}
		var word [16]byte
		for i := range word {
			word[i] = letters[mathrand.IntN(len(letters))]
		}
		if !RandomCName(word[:]) {
			missed[1]++
		}
	}
	if missed[0] > n/200 || missed[1] > n/30 {
		t.Errorf("of %d, %d of base64 and %d of letters only were taken for names", n, missed[0], missed[1])
	}
	t.Logf("taken for names of %d: %d of base64, %d of letters only", n, missed[0], missed[1])
}

func TestCNameAllocatesNothing(t *testing.T) {
	b := slices.Concat(rtcpSR, sdes(item(1, "alice@192.0.2.1")...))
	if n := testing.AllocsPerRun(100, func() {
		name, _, _ := CName(b, len(b))
		_ = RandomCName(name)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzCName(f *testing.F) {
	f.Add(slices.Concat(rtcpSR, sdes(item(1, "alice@192.0.2.1")...)), 0)
	f.Add(slices.Concat(rtcpRR, sdes(slices.Concat(item(2, "A"), item(1, "4TOk42mSjXCkVIa6"))...), rtcpBYE), 80)
	f.Add([]byte{0x9f, 0xca, 0, 3, 0, 0, 0, 1, 1, 7, 'b', 'o', 'b', 0, 0, 0}, 16)
	f.Fuzz(func(t *testing.T, b []byte, wireLen int) {
		fuzzbound.Check(t, len(b), func() {
			name, _, _ := CName(b, wireLen)
			_ = RandomCName(name)
		})
		before := bytes.Clone(b)
		name, ssrc, ok := CName(b, wireLen)
		if !bytes.Equal(b, before) {
			t.Fatal("the packet was written to")
		}
		if !ok {
			return
		}
		var c Compound
		if err := ParseRTCP(b, wireLen, &c); err != nil || !c.Framed || c.SSRC != ssrc {
			t.Fatalf("a name in %+v, %v", c, err)
		}
		if len(name) == 0 || len(name) > MaxCName || !bytes.Contains(b, append([]byte{1, byte(len(name))}, name...)) {
			t.Fatalf("%q is no item", name)
		}
	})
}

func BenchmarkCName(b *testing.B) {
	p := slices.Concat(rtcpSR, sdes(item(1, "alice@192.0.2.1")...))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := CName(p, len(p)); !ok {
			b.Fatal("no name")
		}
	}
}
