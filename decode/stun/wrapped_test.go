package stun_test

import (
	"bytes"
	"testing"

	"calltrail/decode/stun"
)

func TestChannelData(t *testing.T) {
	for _, c := range []struct {
		name    string
		b       string
		wireLen int
		channel uint16
		data    string
		dataLen int
		ok      bool
	}{
		{"not padded", "\x40\x01\x00\x05hello", 9, 0x4001, "hello", 5, true},
		{"padded", "\x40\x01\x00\x05hello\x00\x00\x00", 12, 0x4001, "hello", 5, true},
		{"padded in part", "\x40\x01\x00\x05hello\x00\x00", 11, 0x4001, "hello", 5, true},
		{"an octet more than padding", "\x40\x01\x00\x05hello\x00\x00\x00\x00", 13, 0, "", 0, false},
		{"nothing to pad, an octet more", "\x40\x01\x00\x04four\x00", 9, 0, "", 0, false},
		{"last channel", "\x4f\xff\x00\x04four", 8, 0x4fff, "four", 4, true},
		{"reserved channel", "\x50\x00\x00\x04four", 8, 0, "", 0, false},
		{"a channel of STUN's range", "\x3f\xff\x00\x04four", 8, 0, "", 0, false},
		{"empty", "\x40\x00\x00\x00", 4, 0x4000, "", 0, true},
		{"longer than the datagram", "\x40\x00\x00\x05four", 8, 0, "", 0, false},
		{"cut", "\x40\x00\x00\x64four", 104, 0x4000, "four", 100, true},
		{"cut, padded", "\x40\x00\x00\x63four", 104, 0x4000, "four", 99, true},
		{"cut in the padding", "\x40\x00\x00\x03one", 8, 0x4000, "one", 3, true},
		{"cut in the header", "\x40\x00\x00", 104, 0, "", 0, false},
		{"wire length less than captured", "\x40\x01\x00\x05hello", 0, 0x4001, "hello", 5, true},
	} {
		channel, data, dataLen, ok := stun.ParseChannelData([]byte(c.b), c.wireLen)
		if channel != c.channel || string(data) != c.data || dataLen != c.dataLen || ok != c.ok {
			t.Errorf("%s: channel %#x, data %q of %d, %v", c.name, channel, data, dataLen, ok)
		}
	}
}

func TestMultiplexed(t *testing.T) {
	// [MS-TURN]: type, length of what follows, session ID, and a Binding request inside.
	inner := message(0x0001, turned, attribute(0x8008, 0, 0, 0, 1))
	whole := octets(0xff, 0x10, 0, 8+len(inner), "\x01\x02\x03\x04\x05\x06\x07\x08", inner)
	for n := range len(whole) + 1 {
		got, innerLen, ok := stun.Multiplexed(whole[:n:n], len(whole))
		if ok != (n >= 12) || ok && (innerLen != len(inner) || !bytes.Equal(got, inner[:n-12])) {
			t.Errorf("%d octets: %x of %d, %v", n, got, innerLen, ok)
		}
		if _, _, ok := stun.Multiplexed(whole[:n:n], n); ok != (n == len(whole)) {
			t.Errorf("%d octets as the whole datagram: %v", n, ok)
		}
	}
	if _, _, ok := stun.Multiplexed(append(bytes.Clone(whole), 0), len(whole)+1); ok {
		t.Error("an octet more was accepted")
	}
	got, innerLen, _ := stun.Multiplexed(whole, len(whole))
	if m := parse(t, got, innerLen); !m.Has(0x8008) {
		t.Errorf("attributes %#x", m.Attributes[:m.NumAttributes])
	}
	for _, at := range []int{0, 1, 2, 3} {
		other := bytes.Clone(whole)
		other[at] ^= 1
		if _, _, ok := stun.Multiplexed(other, len(other)); ok {
			t.Errorf("octet %d may be another", at)
		}
	}
}

func TestStripLength(t *testing.T) {
	frame := func(inner []byte) []byte { return octets(0, len(inner), inner) }
	rtp := []byte("\x80\x00\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x07media")
	for _, c := range []struct {
		name    string
		b       []byte
		wireLen int
		inner   []byte
		length  int
		ok      bool
	}{
		{"STUN", frame(bound), 2 + len(bound), bound, len(bound), true},
		{"RTP", frame(rtp), 2 + len(rtp), rtp, len(rtp), true},
		{"STUN, then more", append(frame(bound), frame(rtp)...), 2 + len(bound) + 2 + len(rtp), bound, len(bound), true},
		{"RTP, then more", append(frame(rtp), frame(bound)...), 2 + len(bound) + 2 + len(rtp), nil, 0, false},
		{"cut", frame(rtp)[:10], 2 + len(rtp), rtp[:8], len(rtp), true},
		{"cut before STUN can be told, then more", frame(bound)[:10], 400, nil, 0, false},
		{"goes on in the next segment", frame(rtp)[:10], 10, nil, 0, false},
		{"STUN without a length", bound, len(bound), nil, 0, false},
		{"empty frame", []byte{0, 0}, 2, nil, 0, false},
		{"one octet", []byte{0}, 1, nil, 0, false},
		{"nothing", nil, 0, nil, 0, false},
	} {
		inner, length, ok := stun.StripLength(c.b, c.wireLen)
		if !bytes.Equal(inner, c.inner) || length != c.length || ok != c.ok {
			t.Errorf("%s: %x of %d, %v", c.name, inner, length, ok)
		}
	}
}
