package stun_test

import (
	"testing"

	"calltrail/decode/stun"
)

func TestFirstAttributeCounts(t *testing.T) {
	mapped := attribute(0x0001, 0, 1, 0, 80, 192, 0, 2, 1)
	xored := attribute(0x0020, 0, 1, 0x21, 0x12^80, 192^0x21, 0x12, 2^0xa4, 2^0x42)   // 192.0.2.2:80
	older := attribute(0x8020, 0, 1, 0x21, 0x12^80, 192^0x21, 0x12, 2^0xa4, 3^0x42)   // 192.0.2.3:80
	another := attribute(0x0020, 0, 1, 0x21, 0x12^80, 192^0x21, 0x12, 2^0xa4, 4^0x42) // 192.0.2.4:80
	for _, c := range []struct {
		name       string
		attributes [][]byte
		want       string
	}{
		{"plain alone", [][]byte{mapped}, "192.0.2.1:80"},
		{"XORed before plain", [][]byte{xored, mapped}, "192.0.2.2:80"},
		{"XORed after plain", [][]byte{mapped, xored}, "192.0.2.2:80"},
		{"old number after the registered one", [][]byte{xored, older}, "192.0.2.2:80"},
		{"old number before the registered one", [][]byte{older, xored}, "192.0.2.3:80"},
		{"twice", [][]byte{mapped, xored, another}, "192.0.2.2:80"},
		{"of a family that does not exist, then right", [][]byte{attribute(0x0020, 0, 3, 1, 1, 1, 1, 1, 1), xored}, "192.0.2.2:80"},
	} {
		b := message(0x0101, turned, c.attributes...)
		if m := parse(t, b, len(b)); m.Mapped != addr(c.want) {
			t.Errorf("%s: %v, want %s", c.name, m.Mapped, c.want)
		}
	}
	b := message(0x0103, turned,
		attribute(0x0014, "one"), attribute(0x0014, "two"), attribute(0x0013, ""), attribute(0x0013, "data"),
		attribute(0x000d, 0, 0, 0, 0), attribute(0x000d, 0, 0, 0, 9),
		attribute(0x0009, 0, 0, 4, 38), attribute(0x0009, 0, 0, 5, 0),
		attribute(0x000c, 0x40, 1, 0, 0), attribute(0x000c, 0x40, 2, 0, 0))
	m := parse(t, b, len(b))
	if string(m.Realm) != "one" || m.Data == nil || m.DataLen != 0 || m.Lifetime != 0 || m.Code != 438 || m.Channel != 0x4001 {
		t.Errorf("%+v", m)
	}
}

// Values that cannot be right are none.
func TestImpossibleValues(t *testing.T) {
	for _, c := range []struct {
		name string
		a    []byte
	}{
		{"IPv4 in 20 octets", attribute(0x0016, 0, 1, "123456789012345678")},
		{"IPv6 in 8 octets", attribute(0x0016, 0, 2, "123456")},
		{"address without octets", attribute(0x0012)},
		{"address of 4 octets", attribute(0x0001, 0, 1, 0, 80)},
		{"LIFETIME of 3 octets", attribute(0x000d, 0, 0, 1)},
		{"CHANNEL-NUMBER of 2 octets", attribute(0x000c, 0x40, 1)},
		{"ERROR-CODE 200", attribute(0x0009, 0, 0, 2, 0)},
		{"ERROR-CODE 700", attribute(0x0009, 0, 0, 7, 0)},
		{"ERROR-CODE 4 and 100", attribute(0x0009, 0, 0, 4, 100)},
		{"ERROR-CODE of 3 octets", attribute(0x0009, 0, 0, 4)},
	} {
		b := message(0x0113, turned, c.a)
		m := parse(t, b, len(b))
		if m.NumAttributes != 1 || m.Relayed.IsValid() || m.Peer.IsValid() || m.Mapped.IsValid() || m.HasLifetime || m.Channel != 0 || m.Code != 0 {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
	// The reserved bits before the class are the server's mistake, not another code (RFC 8489 section 14.8).
	b := message(0x0113, turned, attribute(0x0009, 0xff, 0xff, 0xfc, 1))
	if m := parse(t, b, len(b)); m.Code != 401 {
		t.Errorf("code %d", m.Code)
	}
}

// An IPv4 address written as an IPv6 one is the IPv4 address that packets have.
func TestMappedAddressIsIPv4(t *testing.T) {
	b := message(0x0101, turned, attribute(0x0001, 0, 2, 0, 80, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff", 192, 0, 2, 1))
	if m := parse(t, b, len(b)); m.Mapped != addr("192.0.2.1:80") {
		t.Errorf("%v", m.Mapped)
	}
}

func TestCredentials(t *testing.T) {
	for _, c := range []struct {
		username, local, remote string
		ok                      bool
	}{
		{"evtj:h6vY", "h6vY", "evtj", true}, // the example of RFC 5769: h6vY sends it, evtj receives it
		{"a:b", "b", "a", true},
		{"A+/9z:Z0+/a", "Z0+/a", "A+/9z", true},
		{"", "", "", false},
		{":", "", "", false},
		{"abcd:", "", "", false},
		{":abcd", "", "", false},
		{"abcd", "", "", false},
		{"ab:cd:ef", "", "", false},
		{"ab cd:ef", "", "", false},
		{"abcd:efgh\x00\x00\x00", "efgh", "abcd", true}, // as Microsoft's clients pad it
		{"abcd:\x00\x00\x00", "", "", false},
		{"ab\x00d:efgh", "", "", false},
		{"\x00", "", "", false},
		{"1700000000:user@example.org", "", "", false}, // TURN's, as many servers make it
		{"ab[d:efgh", "", "", false},
		{"ab`d:efgh", "", "", false},
		{"ab@d:efgh", "", "", false},
		{"ab{d:efgh", "", "", false},
		{"マト:リック", "", "", false},
	} {
		m := stun.Message{Username: []byte(c.username)}
		local, remote, ok := m.Credentials()
		if string(local) != c.local || string(remote) != c.remote || ok != c.ok {
			t.Errorf("%q: %q, %q, %v", c.username, local, remote, ok)
		}
	}
	if _, _, ok := new(stun.Message).Credentials(); ok {
		t.Error("credentials without a USERNAME")
	}
}

// Method and class, RFC 8489 section 5: bits M11-M7, C1, M6-M4, C0, M3-M0.
func TestType(t *testing.T) {
	for _, c := range []struct {
		kind   uint16
		method stun.Method
		class  stun.Class
	}{
		{0x0001, stun.Binding, stun.Request},
		{0x0011, stun.Binding, stun.Indication},
		{0x0101, stun.Binding, stun.Success},
		{0x0111, stun.Binding, stun.Failure},
		{0x0118, stun.CreatePermission, stun.Failure},
		{0x0017, stun.Data, stun.Indication},
		{0x3eef, 0xfff, stun.Request},
		{0x3fff, 0xfff, stun.Failure},
		{0x0800, 0x200, stun.Request}, // WhatsApp
	} {
		m := stun.Message{Type: c.kind}
		if m.Method() != c.method || m.Class() != c.class {
			t.Errorf("%#04x: method %#x, class %d", c.kind, m.Method(), m.Class())
		}
	}
}
