package stun_test

import (
	"bytes"
	"testing"

	"calltrail/decode/fuzzbound"
	"calltrail/decode/stun"
)

func TestNoAllocations(t *testing.T) {
	var m stun.Message
	for _, v := range vectors {
		if n := testing.AllocsPerRun(100, func() {
			_ = stun.Parse(v.b, len(v.b), &m)
			m.Credentials()
			stun.Looks(v.b)
		}); n != 0 {
			t.Errorf("%s: %v allocations", v.name, n)
		}
		for _, n := range []int{0, 19, len(v.b) - 1} { // refused
			if n := testing.AllocsPerRun(100, func() { _ = stun.Parse(v.b[:n], n, &m) }); n != 0 {
				t.Errorf("%s, refused: %v allocations", v.name, n)
			}
		}
	}
	b := octets(0xff, 0x10, 0, 8+len(bound), "12345678", bound)
	if n := testing.AllocsPerRun(100, func() {
		stun.Multiplexed(b, len(b))
		stun.StripLength(b, len(b))
		stun.ParseChannelData(b, len(b))
	}); n != 0 {
		t.Errorf("what wraps: %v allocations", n)
	}
}

// inside fails the test unless part is of b: an alias, never a copy, and never more than b.
func inside(t *testing.T, what string, part, b []byte) {
	t.Helper()
	if len(part) == 0 {
		return
	}
	for i := range b {
		if &b[i] == &part[0] {
			if len(part) > len(b)-i {
				t.Fatalf("%s goes beyond the datagram", what)
			}
			return
		}
	}
	t.Fatalf("%s is no alias of the datagram", what)
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.b, 0)
		f.Add(v.b[:len(v.b)*2/3], len(v.b))
	}
	f.Fuzz(func(t *testing.T, b []byte, wireLen int) {
		fuzzbound.Check(t, len(b), func() { _ = stun.Parse(b, wireLen, new(stun.Message)) })
		before := bytes.Clone(b)
		var m stun.Message
		err := stun.Parse(b, wireLen, &m)
		if !bytes.Equal(b, before) {
			t.Fatal("the datagram was written to")
		}
		if err != nil {
			return
		}
		if stun.Looks(b) != m.Cookie {
			t.Fatalf("cookie %v, Looks says %v", m.Cookie, !m.Cookie)
		}
		inside(t, "realm", m.Realm, b)
		inside(t, "user name", m.Username, b)
		inside(t, "software", m.Software, b)
		inside(t, "data", m.Data, b)
		local, remote, ok := m.Credentials()
		inside(t, "local", local, b)
		inside(t, "remote", remote, b)
		if ok != (len(local) > 0 && len(remote) > 0) || m.DataLen < len(m.Data) || m.More && m.NumAttributes != stun.MaxAttributes {
			t.Fatalf("%+v, credentials %v", m, ok)
		}
		for _, a := range m.Attributes[:m.NumAttributes] {
			if !m.Has(a) {
				t.Fatalf("attribute %#x is not found", a)
			}
		}
		if m.Code != 0 && (m.Code < 300 || m.Code > 699) {
			t.Fatalf("code %d", m.Code)
		}
	})
}

// FuzzWrapped holds that what is taken out of a wrapper is of the datagram and no longer than it.
func FuzzWrapped(f *testing.F) {
	f.Add(octets(0xff, 0x10, 0, 8+len(bound), "12345678", bound), 0)
	f.Add(octets(0, len(bound), bound), 0)
	f.Add(octets(0, len(bound), bound, 0, 1, 2), 0)
	f.Add([]byte("\x40\x01\x00\x05hello\x00\x00\x00"), 0)
	f.Add([]byte("\x40\x01\x00\x64hello"), 104)
	f.Fuzz(func(t *testing.T, b []byte, wireLen int) {
		wireLen %= 1 << 17
		wire := max(wireLen, len(b))
		hold := func(what string, inner []byte, innerLen int, ok bool) {
			t.Helper()
			inside(t, what, inner, b)
			if !ok && (inner != nil || innerLen != 0) || len(inner) > innerLen || innerLen > wire ||
				len(b) == wire && len(inner) != innerLen {
				t.Fatalf("%s: %d of %d octets, %v", what, len(inner), innerLen, ok)
			}
		}
		fuzzbound.Check(t, len(b), func() {
			stun.Looks(b)
			inner, innerLen, ok := stun.Multiplexed(b, wireLen)
			hold("Multiplexed", inner, innerLen, ok)
			inner, innerLen, ok = stun.StripLength(b, wireLen)
			hold("StripLength", inner, innerLen, ok)
			channel, data, dataLen, ok := stun.ParseChannelData(b, wireLen)
			hold("ParseChannelData", data, dataLen, ok)
			if ok != (channel >= 0x4000 && channel <= 0x4fff) {
				t.Fatalf("channel %#x, %v", channel, ok)
			}
		})
	})
}

func BenchmarkParse(b *testing.B) {
	noise := bytes.Repeat([]byte{0x00, 0x01, 0x5a, 0xa5}, 40)
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"ICE check", sampleRequest},
		{"Allocate success", allocated},
		{"Data indication", received},
		{"RFC 3489 response", oldResponse},
		{"refused", noise},
	} {
		b.Run(c.name, func(b *testing.B) {
			var m stun.Message
			b.ReportAllocs()
			for b.Loop() {
				_ = stun.Parse(c.b, len(c.b), &m)
			}
		})
	}
}

var looked int

func BenchmarkLooks(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if stun.Looks(oldResponse) {
			looked++
		}
	}
}
