package stun_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"calltrail/decode/stun"
)

// parse fails the test when b is refused.
func parse(t *testing.T, b []byte, wireLen int) *stun.Message {
	t.Helper()
	var m stun.Message
	if err := stun.Parse(b, wireLen, &m); err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	return &m
}

// said leaves of a message what vectors compare.
func said(m *stun.Message) stun.Message {
	return stun.Message{
		Mapped: m.Mapped, Peer: m.Peer, Relayed: m.Relayed, Origin: m.Origin, Other: m.Other,
		Realm: m.Realm, Username: m.Username, Software: m.Software, Data: m.Data, DataLen: m.DataLen,
		Lifetime: m.Lifetime, HasLifetime: m.HasLifetime, Code: m.Code, Channel: m.Channel,
	}
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			m := parse(t, v.b, len(v.b))
			if m.Method() != v.method || m.Class() != v.class {
				t.Errorf("method %#x, class %d; want %#x, %d", m.Method(), m.Class(), v.method, v.class)
			}
			cookie := binary.BigEndian.Uint32(v.b[4:]) == 0x2112a442
			transaction := [16]byte(v.b[4:])
			if cookie {
				copy(transaction[:], []byte{0, 0, 0, 0})
			}
			if m.Type != binary.BigEndian.Uint16(v.b) || m.Cookie != cookie || m.Transaction != transaction {
				t.Errorf("type %#x, cookie %v, transaction %x", m.Type, m.Cookie, m.Transaction)
			}
			if got := m.Attributes[:m.NumAttributes]; !slices.Equal(got, v.attributes) || m.More {
				t.Errorf("attributes %#x, more %v; want %#x", got, m.More, v.attributes)
			}
			if got := said(m); !reflect.DeepEqual(got, v.want) {
				t.Errorf("got  %+v\nwant %+v", got, v.want)
			}
			if stun.Looks(v.b) != cookie {
				t.Errorf("Looks says %v", !cookie)
			}
		})
	}
}

// What the snap length leaves of a message is read as far as it goes: an attribute more with each one that is whole, never
// another value, and of DATA what is there.
func TestCut(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			whole := parse(t, v.b, len(v.b))
			before := 0
			for n := range v.b {
				var m stun.Message
				err := stun.Parse(v.b[:n:n], len(v.b), &m)
				if n < 20 {
					if err == nil {
						t.Errorf("%d octets of a header were accepted", n)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%d of %d octets: %v", n, len(v.b), err)
				}
				got := m.Attributes[:m.NumAttributes]
				if len(got) < before || !slices.Equal(got, whole.Attributes[:len(got)]) {
					t.Errorf("%d octets: attributes %#x", n, got)
				}
				before = len(got)
				if m.Data != nil && (m.DataLen != whole.DataLen || !bytes.HasPrefix(whole.Data, m.Data)) {
					t.Errorf("%d octets: data %q of %d", n, m.Data, m.DataLen)
				}
				m.Data, m.DataLen = whole.Data, whole.DataLen
				subset(t, n, said(&m), said(whole))
			}
			if before != int(whole.NumAttributes) {
				t.Errorf("all but one octet show %d attributes, want %d", before, whole.NumAttributes)
			}
		})
	}
}

// subset fails the test when got has a value that is neither that of want nor none.
func subset(t *testing.T, n int, got, want stun.Message) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		f := g.Type().Field(i)
		if f.IsExported() && !g.Field(i).IsZero() && !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			t.Errorf("%d octets: %s is %v, want %v", n, f.Name, g.Field(i), w.Field(i))
		}
	}
}

// A message that lost its end on the way is none, for the datagram does not hold what it says.
func TestTruncated(t *testing.T) {
	for _, v := range vectors {
		for n := range v.b {
			if stun.Parse(v.b[:n:n], n, new(stun.Message)) == nil {
				t.Errorf("%s: %d of %d octets were accepted as the whole datagram", v.name, n, len(v.b))
			}
		}
	}
}

func TestRefused(t *testing.T) {
	change := func(b []byte, at int, octets ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], octets)
		return b
	}
	for _, c := range []struct {
		name   string
		b      []byte
		accept bool
	}{
		{"cookie, octets after the message", append(bytes.Clone(allocated), "more"...), true},
		{"cookie, message longer than the datagram", change(released, 3, 9), false},
		{"cookie, a type of WhatsApp", change(allocated, 0, 0x08, 0x05), true},
		{"cookie, one bit of it wrong", change(allocated, 7, 0x43), false},
		{"cookie, no multiple of 4", append(message(0x0801, turned), 1, 2)[:20], true},
		{"cookie, an attribute longer than the message", change(released, 23, 5), true},
		{"cookie, an octet is left", change(append(bytes.Clone(released), 0), 3, 9), true},
		{"no cookie, as it should be", oldChange, true},
		{"no cookie, octets after the message", append(bytes.Clone(oldChange), "more"...), false},
		{"no cookie, an attribute after the message", append(bytes.Clone(oldChange), attribute(0x0003, 0, 0, 0, 6)...), false},
		{"no cookie, an attribute not padded at the end of a message that is no multiple of 4", message(0x0001, oldTransaction, []byte{0, 3, 0, 1, 0}), false},
		{"no cookie, message longer than the datagram", change(oldChange, 3, 12), false},
		{"no cookie, no multiple of 4", change(append(bytes.Clone(oldChange), 0), 3, 9), false},
		{"no cookie, Allocate", change(oldRequest, 0, 0x00, 0x03), false},
		{"no cookie, Binding indication", change(oldRequest, 0, 0x00, 0x11), false},
		{"no cookie, Shared Secret request", change(oldRequest, 0, 0x00, 0x02), true},
		{"no cookie, transaction 0", message(0x0001, string(make([]byte, 16))), false},
		{"no cookie, an attribute longer than the message", change(oldChange, 23, 5), false},
		{"no cookie, an attribute shorter than its padding", change(oldChange, 23, 1), true},
		{"no cookie, an attribute shorter than the message", message(0x0001, oldTransaction, attribute(0x0003, "1234"), []byte{0, 3, 0, 1}), false},
		{"empty", nil, false},
		{"zeros", make([]byte, 20), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := stun.Parse(c.b, len(c.b), new(stun.Message))
			if (err == nil) != c.accept {
				t.Errorf("%x: %v", c.b, err)
			}
		})
	}
}

// With cookie, what comes before an attribute that does not fit counts, and the message is one.
func TestAttributesAsFarAsTheyFit(t *testing.T) {
	b := message(0x0800, turned,
		attribute(0x4000, 1, 2, 3, 4, 5),
		attribute(0x0016, 0, 1, 0xe2, 0xc2, 0xe1, 0x12, 0xa6, 0x51),
		[]byte{0x40, 0x01, 0, 3, 1}, // three octets announced, one there
	)
	m := parse(t, b, len(b))
	if got := m.Attributes[:m.NumAttributes]; !slices.Equal(got, []uint16{0x4000, 0x0016}) || m.Relayed != addr("192.0.2.19:50128") {
		t.Errorf("attributes %#x, relayed %v", got, m.Relayed)
	}
	// The last value may lack its padding.
	b = message(0x0800, turned, []byte{0x00, 0x14, 0, 3, 'a', 'b', 'c'})
	if m = parse(t, b, len(b)); string(m.Realm) != "abc" {
		t.Errorf("realm %q", m.Realm)
	}
	// What lies behind the message is none of its attributes.
	b = append(message(0x0001, turned), attribute(0x0014, "abcd")...)
	if m = parse(t, b, len(b)); m.NumAttributes != 0 || m.Realm != nil {
		t.Errorf("attributes %#x, realm %q", m.Attributes[:m.NumAttributes], m.Realm)
	}
}

func TestManyAttributes(t *testing.T) {
	var list [][]byte
	for i := range stun.MaxAttributes + 1 {
		list = append(list, attribute(0x4000+uint16(i), ""))
	}
	b := message(0x0001, turned, append(list, attribute(0x0014, "realm"))...)
	m := parse(t, b, len(b))
	if m.NumAttributes != stun.MaxAttributes || !m.More || string(m.Realm) != "realm" {
		t.Errorf("%d attributes, more %v, realm %q", m.NumAttributes, m.More, m.Realm)
	}
	if !m.Has(0x4000) || !m.Has(0x4000+stun.MaxAttributes-1) || m.Has(0x4000+stun.MaxAttributes) {
		t.Error("Has does not know the first 24")
	}
	b = message(0x0001, turned, list[:stun.MaxAttributes]...)
	if m = parse(t, b, len(b)); m.NumAttributes != stun.MaxAttributes || m.More {
		t.Errorf("%d attributes, more %v", m.NumAttributes, m.More)
	}
}

// A Message is used again and again: nothing of the one before may stay.
func TestUsedAgain(t *testing.T) {
	var m stun.Message
	for _, v := range vectors {
		if err := stun.Parse(v.b, len(v.b), &m); err != nil {
			t.Fatal(err)
		}
		if fresh := parse(t, v.b, len(v.b)); !reflect.DeepEqual(&m, fresh) {
			t.Errorf("%s: %+v, fresh %+v", v.name, m, fresh)
		}
	}
}

func TestLooks(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"request", sampleRequest, true},
		{"header alone", sampleRequest[:20], true},
		{"half a header", sampleRequest[:19], false},
		{"no cookie", oldRequest, false},
		{"longer than any datagram", []byte("\x00\x01\xff\xfc" + turned), false},
	} {
		if got := stun.Looks(c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Without the cookie a few fixed values and lengths are all there is to go by: of a million datagrams of random octets, none may
// be taken for a message, and few of those whose first four octets are changed into those of a request.
func TestNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(3489, 2003))
	b := make([]byte, 208)
	random, framed := 0, 0
	var m stun.Message
	for range 1_000_000 {
		p := b[:20+4*r.IntN(46)]
		for i := 0; i < len(p); i += 8 {
			binary.NativeEndian.PutUint64(b[i:], r.Uint64())
		}
		if stun.Parse(p, len(p), &m) == nil {
			random++
		}
		if len(p) == 20 {
			continue // without attributes it is a request
		}
		copy(p, []byte{0, 1, 0, byte(len(p) - 20)})
		if stun.Parse(p, len(p), &m) == nil {
			framed++
		}
	}
	t.Logf("%d random ones accepted, %d with the header of a request", random, framed)
	if random != 0 || framed > 300 {
		t.Errorf("%d random ones accepted, want 0; %d with the header of a request, want 300 at most", random, framed)
	}
}
