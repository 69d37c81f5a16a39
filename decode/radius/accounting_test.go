package radius

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/decode/fuzzbound"
)

const secret = "correct horse"

// accounting makes an Accounting-Request of attributes, by hand: it shares no code with what it tests.
func accounting(attributes ...string) []byte {
	body := strings.Join(attributes, "")
	n := 20 + len(body)
	b := append([]byte{4, 7, byte(n >> 8), byte(n)}, make([]byte, 16)...)
	b = append(b, body...)
	sum := md5.Sum(append(slices.Clone(b), secret...))
	copy(b[4:], sum[:])
	return b
}

// attribute is Type, Length, Value (RFC 2865 section 5).
func attribute(kind byte, value string) string {
	return string([]byte{kind, byte(2 + len(value))}) + value
}

func octets(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

var (
	startStatus = attribute(40, "\x00\x00\x00\x01")
	session     = attribute(44, "0000001f")
)

func TestParse(t *testing.T) {
	t.Parallel()
	b := accounting(
		startStatus, session,
		attribute(1, "asha"),                                       // User-Name
		attribute(4, "\xc0\x00\x02\x01"),                           // NAS-IP-Address 192.0.2.1
		attribute(32, "bng1"),                                      // NAS-Identifier
		attribute(31, "02-00-5E-00-00-01"),                         // Calling-Station-Id
		attribute(87, "olt1/3"),                                    // NAS-Port-Id
		attribute(55, octets("6a 18 10 a0")),                       // Event-Timestamp
		attribute(41, "\x00\x00\x00\x05"),                          // Acct-Delay-Time
		attribute(46, "\x00\x00\x07\x08"),                          // Acct-Session-Time 1800
		attribute(8, "\xc6\x33\x64\x07"),                           // Framed-IP-Address 198.51.100.7
		attribute(97, octets("00 40 20010db8000102f0")),            // Framed-IPv6-Prefix, 8 octets of it
		attribute(123, octets("00 38 20010db800010200")),           // Delegated-IPv6-Prefix /56
		attribute(168, octets("20010db8000102f00000000000000005")), // Framed-IPv6-Address
		attribute(8, "\xff\xff\xff\xfe"),                           // let somebody else choose
		attribute(26, octets("00000009 0104 6162")),                // vendor-specific: not read
	)
	a, err := Parse(append(b, "padding"...), []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	want := Accounting{
		Status: Start, SessionID: "0000001f", UserName: "asha", NASAddress: netip.MustParseAddr("192.0.2.1"), NASIdentifier: "bng1",
		CallingStationID: "02-00-5E-00-00-01", NASPortID: "olt1/3", Time: time.Unix(0x6a1810a0, 0).UTC(), Delay: 5 * time.Second, Elapsed: 1800 * time.Second,
	}
	prefixes := []string{"198.51.100.7/32", "2001:db8:1:2f0::/64", "2001:db8:1:200::/56", "2001:db8:1:2f0::5/128"}
	for i, p := range a.Addresses {
		if i >= len(prefixes) || p.String() != prefixes[i] {
			t.Errorf("addresses %v, want %v", a.Addresses, prefixes)
		}
	}
	if got := *a; len(got.Addresses) != len(prefixes) || got.Status != want.Status || got.SessionID != want.SessionID || got.UserName != want.UserName || got.NASAddress != want.NASAddress ||
		got.NASIdentifier != want.NASIdentifier || got.CallingStationID != want.CallingStationID || got.NASPortID != want.NASPortID ||
		!got.Time.Equal(want.Time) || got.Delay != want.Delay || got.Elapsed != want.Elapsed {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	good := accounting(startStatus, session, attribute(1, "asha"))
	changed := func(at int, to byte) []byte {
		b := slices.Clone(good)
		b[at] = to
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, ErrLength},
		{"half a header", good[:19], ErrLength},
		{"its last octet is missing", good[:len(good)-1], ErrLength},
		{"it says less than a header", changed(3, 19), ErrLength},
		{"it says more than there can be", changed(2, 0x11), ErrLength},
		{"an Access-Request", changed(0, 1), ErrCode},
		{"one octet of the authenticator is another", changed(4, good[4]^1), ErrAuthenticator},
		{"one octet of the name is another", changed(len(good)-1, 'b'), ErrAuthenticator},
		{"an attribute of no length", accounting(startStatus, session, "\x01\x00"), ErrAttribute},
		{"an attribute longer than the request", accounting(startStatus, session, "\x01\x09abc"), ErrAttribute},
		{"too many attributes", accounting(startStatus, session, strings.Repeat("\x01\x02", 255)), ErrAttribute},
		{"no status", accounting(session), ErrStatus},
		{"an unknown status", accounting(session, attribute(40, "\x00\x00\x00\x0f")), ErrStatus},
		{"no session", accounting(startStatus), ErrSession},
		{"an address of three octets", accounting(startStatus, session, attribute(8, "\x0a\x00\x01")), ErrAttribute},
		{"a prefix with bits behind its length", accounting(startStatus, session, attribute(97, octets("00 38 20010db8000102f0"))), ErrAttribute},
		{"a prefix longer than an address", accounting(startStatus, session, attribute(97, octets("00 81 20010db8000102f0"))), ErrAttribute},
		{"too many addresses", accounting(startStatus, session, strings.Repeat(attribute(8, "\x0a\x00\x00\x01"), 17)), ErrAttribute},
	} {
		if _, err := Parse(c.b, []byte(secret)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := Parse(good, nil); !errors.Is(err, ErrAuthenticator) {
		t.Errorf("without a secret: %v", err)
	}
	a, err := Parse(accounting(startStatus, session, attribute(1, "a\xffb\x00c\u0085ü")), []byte(secret))
	if err != nil || a.UserName != `a\xffb\x00c\xc2\x85ü` {
		t.Errorf("%q, %v", a.UserName, err)
	}
}

// The answer has the request's Identifier, its Proxy-States, and the Response Authenticator of RFC 2866 section 3.
func TestResponse(t *testing.T) {
	t.Parallel()
	b := accounting(startStatus, session, attribute(33, "one"), attribute(1, "asha"), attribute(33, "two"))
	r, err := Response(b, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	body := attribute(33, "one") + attribute(33, "two")
	head := []byte{5, 7, 0, byte(20 + len(body))}
	sum := md5.Sum(slices.Concat(head, b[4:20], []byte(body+secret)))
	if want := slices.Concat(head, sum[:], []byte(body)); !slices.Equal(r, want) {
		t.Errorf("\n got % x\nwant % x", r, want)
	}
	if _, err := Response(b, []byte("another")); !errors.Is(err, ErrAuthenticator) {
		t.Errorf("with another secret: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(octets("01010203"))
	f.Add(startStatus + session + attribute(1, "asha") + attribute(8, "\xc6\x33\x64\x07"))
	f.Add(startStatus + session + attribute(97, octets("00 40 20010db8000102f0")) + attribute(33, "x"))
	f.Add(startStatus + session + strings.Repeat("\x01\x02", 200))
	f.Fuzz(func(t *testing.T, attributes string) {
		if len(attributes) > 4076 {
			return
		}
		b := accounting(attributes)
		fuzzbound.Check(t, len(b), func() { _, _ = Parse(b, []byte(secret)) })
		a, err := Parse(b, []byte(secret))
		if err == nil && (len(a.Addresses) > maxAddresses || a.SessionID == "" && a.Status != On && a.Status != Off) {
			t.Errorf("%+v", a)
		}
		fuzzbound.Check(t, len(attributes), func() { _, _ = Parse([]byte(attributes), []byte(secret)) })
	})
}
