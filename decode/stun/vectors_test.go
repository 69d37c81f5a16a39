package stun_test

import (
	"encoding/binary"
	"net/netip"

	"calltrail/decode/stun"
)

// octets puts parts of a message together: numbers below 256 are an octet each, strings their own.
func octets(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		default:
			panic("neither an octet nor octets")
		}
	}
	return b
}

// message puts a header before attributes.
func message(kind uint16, transaction string, attributes ...[]byte) []byte {
	b := make([]byte, 4, 64)
	binary.BigEndian.PutUint16(b, kind)
	b = append(b, transaction...)
	for _, a := range attributes {
		b = append(b, a...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20))
	return b
}

// attribute puts type and length before a value, and pads it.
func attribute(kind uint16, value ...any) []byte {
	v := octets(value...)
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(v)))
	return append(append(b, v...), make([]byte, -len(v)&3)...)
}

// turned is a cookie and a transaction ID.
const turned = "\x21\x12\xa4\x42" + "calltrail-01"

// RFC 5769, test vectors for STUN.
var (
	// Section 2.1, sample request.
	sampleRequest = []byte("\x00\x01\x00\x58" + // Binding request, 88 octets
		"\x21\x12\xa4\x42" + // magic cookie
		"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae" + // transaction ID
		"\x80\x22\x00\x10" + "STUN test client" + // SOFTWARE
		"\x00\x24\x00\x04" + "\x6e\x00\x01\xff" + // PRIORITY
		"\x80\x29\x00\x08" + "\x93\x2f\xf9\xb1\x51\x26\x3b\x36" + // ICE-CONTROLLED
		"\x00\x06\x00\x09" + "evtj:h6vY" + "\x20\x20\x20" + // USERNAME, padded with spaces
		"\x00\x08\x00\x14" + "\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2" + // MESSAGE-INTEGRITY
		"\x80\x28\x00\x04" + "\xe5\x7a\x3b\xcf") // FINGERPRINT

	// Section 2.2, sample IPv4 response.
	sampleIPv4 = []byte("\x01\x01\x00\x3c" + // Binding success, 60 octets
		"\x21\x12\xa4\x42" +
		"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae" +
		"\x80\x22\x00\x0b" + "test vector" + "\x20" + // SOFTWARE
		"\x00\x20\x00\x08" + "\x00\x01\xa1\x47" + "\xe1\x12\xa6\x43" + // XOR-MAPPED-ADDRESS: 192.0.2.1, 32853
		"\x00\x08\x00\x14" + "\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7" +
		"\x80\x28\x00\x04" + "\xc0\x7d\x4c\x96")

	// Section 2.3, sample IPv6 response.
	sampleIPv6 = []byte("\x01\x01\x00\x48" + // Binding success, 72 octets
		"\x21\x12\xa4\x42" +
		"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae" +
		"\x80\x22\x00\x0b" + "test vector" + "\x20" +
		"\x00\x20\x00\x14" + "\x00\x02\xa1\x47" + // XOR-MAPPED-ADDRESS: 2001:db8:1234:5678:11:2233:4455:6677, 32853
		"\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9" +
		"\x00\x08\x00\x14" + "\xa3\x82\x95\x4e\x4b\xe6\x7b\xf1\x17\x84\xc9\x7c\x82\x92\xc2\x75\xbf\xe3\xed\x41" +
		"\x80\x28\x00\x04" + "\xc8\xfb\x0b\x4c")

	// Section 2.4, sample request with long-term authentication.
	sampleLongTerm = []byte("\x00\x01\x00\x60" + // Binding request, 96 octets
		"\x21\x12\xa4\x42" +
		"\x78\xad\x34\x33\xc6\xad\x72\xc0\x29\xda\x41\x2e" +
		"\x00\x06\x00\x12" + "\u30de\u30c8\u30ea\u30c3\u30af\u30b9" + "\x00\x00" + // USERNAME
		"\x00\x15\x00\x1c" + "f//499k954d6OL34oL9FSTvy64sA" + // NONCE
		"\x00\x14\x00\x0b" + "example.org" + "\x00" + // REALM
		"\x00\x08\x00\x14" + "\xf6\x70\x24\x65\x6d\xd6\x4a\x3e\x02\xb8\xe0\x71\x2e\x85\xc9\xa2\x8c\xa8\x96\x66")
)

// Messages of our own, in the forms of RFC 8656 section 20 and RFC 3489 section 11.
var (
	refused = message(0x0113, turned, // Allocate error
		attribute(0x0009, 0, 0, 4, 1, "Unauthorized"),
		attribute(0x0014, "turn.example.org"),
		attribute(0x0015, "a nonce"),
	)
	allocated = message(0x0103, turned, // Allocate success
		attribute(0x0016, 0, 1, 0xe2, 0xc2, 0xe1, 0x12, 0xa6, 0x51), // XOR-RELAYED-ADDRESS: 192.0.2.19, 50128
		attribute(0x0020, 0, 1, 0x9a, 0x9a, 0xea, 0x12, 0xd5, 0x4b), // XOR-MAPPED-ADDRESS: 203.0.113.9, 48008
		attribute(0x000d, 0, 0, 2, 0x58),                            // LIFETIME: 600 s
		attribute(0x8022, "a server"),
	)
	released = message(0x0004, turned, attribute(0x000d, 0, 0, 0, 0)) // Refresh request, LIFETIME 0
	bound    = message(0x0009, turned,                                // ChannelBind request
		attribute(0x000c, 0x40, 0x01, 0, 0),                         // CHANNEL-NUMBER 0x4001
		attribute(0x0012, 0, 1, 0x72, 0xdb, 0xe7, 0x21, 0xc0, 0x92), // XOR-PEER-ADDRESS: 198.51.100.208, 21449
	)
	sent = message(0x0016, turned, // Send indication
		attribute(0x0012, 0, 2, 0x72, 0xdb, // XOR-PEER-ADDRESS: 2001:db8::7, 21449
			0x01, 0x13, 0xa9, 0xfa, "calltrail-0", 0x31^7),
		attribute(0x0013, "\x80\x00\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x07", "media"), // DATA: RTP
	)
	received = message(0x0017, turned, // Data indication
		attribute(0x0012, 0, 1, 0x72, 0xdb, 0xe7, 0x21, 0xc0, 0x92),
		attribute(0x0013, "abc"),
	)
	// What a server for NAT behaviour discovery answers (RFC 5780 section 7).
	discovery = message(0x0101, turned,
		attribute(0x0001, 0, 1, 0xbb, 0x88, 203, 0, 113, 9),    // MAPPED-ADDRESS: 203.0.113.9, 48008
		attribute(0x802b, 0, 1, 0x0d, 0x96, 192, 0, 2, 20),     // RESPONSE-ORIGIN: 192.0.2.20, 3478
		attribute(0x802c, 0, 1, 0x0d, 0x97, 192, 0, 2, 21),     // OTHER-ADDRESS: 192.0.2.21, 3479
		attribute(0x8020, 0, 1, 0x9a, 0x9a, 0xea, 18, 213, 75), // XOR-MAPPED-ADDRESS as drafts number it: the same
	)

	// Without the magic cookie, RFC 3489.
	oldTransaction = "\x12\x34\x56\x78" + "transaction."
	oldRequest     = message(0x0001, oldTransaction)
	oldChange      = message(0x0001, oldTransaction, attribute(0x0003, 0, 0, 0, 6)) // CHANGE-REQUEST: address and port
	oldResponse    = message(0x0101, oldTransaction,
		attribute(0x0001, 0, 1, 0xbb, 0x88, 203, 0, 113, 9), // MAPPED-ADDRESS
		attribute(0x0004, 0, 1, 0x0d, 0x96, 192, 0, 2, 20),  // SOURCE-ADDRESS
		attribute(0x0005, 0, 1, 0x0d, 0x97, 192, 0, 2, 21),  // CHANGED-ADDRESS
	)
	oldXORed = message(0x0101, oldTransaction,
		// XOR-MAPPED-ADDRESS of before the cookie: XORed with the transaction ID.
		attribute(0x8020, 0, 1, 0xbb^0x12, 0x88^0x34, 203^0x12, 0^0x34, 113^0x56, 9^0x78),
	)
)

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// vectors are messages and what they say. Attributes are compared as a whole by TestVectors.
var vectors = []struct {
	name       string
	b          []byte
	method     stun.Method
	class      stun.Class
	attributes []uint16
	want       stun.Message // without Type, Cookie, Transaction and attributes
}{
	{
		"RFC 5769 request", sampleRequest, stun.Binding, stun.Request,
		[]uint16{0x8022, 0x0024, 0x8029, 0x0006, 0x0008, 0x8028},
		stun.Message{Software: []byte("STUN test client"), Username: []byte("evtj:h6vY")},
	},
	{
		"RFC 5769 IPv4 response", sampleIPv4, stun.Binding, stun.Success,
		[]uint16{0x8022, 0x0020, 0x0008, 0x8028},
		stun.Message{Software: []byte("test vector"), Mapped: addr("192.0.2.1:32853")},
	},
	{
		"RFC 5769 IPv6 response", sampleIPv6, stun.Binding, stun.Success,
		[]uint16{0x8022, 0x0020, 0x0008, 0x8028},
		stun.Message{Software: []byte("test vector"), Mapped: addr("[2001:db8:1234:5678:11:2233:4455:6677]:32853")},
	},
	{
		"RFC 5769 long-term authentication", sampleLongTerm, stun.Binding, stun.Request,
		[]uint16{0x0006, 0x0015, 0x0014, 0x0008},
		stun.Message{Username: []byte("マトリックス"), Realm: []byte("example.org")},
	},
	{
		"Allocate error", refused, stun.Allocate, stun.Failure,
		[]uint16{0x0009, 0x0014, 0x0015},
		stun.Message{Code: 401, Realm: []byte("turn.example.org")},
	},
	{
		"Allocate success", allocated, stun.Allocate, stun.Success,
		[]uint16{0x0016, 0x0020, 0x000d, 0x8022},
		stun.Message{
			Relayed: addr("192.0.2.19:50128"), Mapped: addr("203.0.113.9:48008"), Lifetime: 600, HasLifetime: true,
			Software: []byte("a server"),
		},
	},
	{"Refresh request", released, stun.Refresh, stun.Request, []uint16{0x000d}, stun.Message{HasLifetime: true}},
	{
		"ChannelBind request", bound, stun.ChannelBind, stun.Request,
		[]uint16{0x000c, 0x0012},
		stun.Message{Channel: 0x4001, Peer: addr("198.51.100.208:21449")},
	},
	{
		"Send indication", sent, stun.Send, stun.Indication,
		[]uint16{0x0012, 0x0013},
		stun.Message{
			Peer: addr("[2001:db8::7]:21449"), DataLen: 17,
			Data: []byte("\x80\x00\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x07media"),
		},
	},
	{
		"Data indication", received, stun.Data, stun.Indication,
		[]uint16{0x0012, 0x0013},
		stun.Message{Peer: addr("198.51.100.208:21449"), Data: []byte("abc"), DataLen: 3},
	},
	{
		"NAT behaviour discovery", discovery, stun.Binding, stun.Success,
		[]uint16{0x0001, 0x802b, 0x802c, 0x8020},
		stun.Message{
			Mapped: addr("203.0.113.9:48008"), Origin: addr("192.0.2.20:3478"), Other: addr("192.0.2.21:3479"),
		},
	},
	{"RFC 3489 request", oldRequest, stun.Binding, stun.Request, nil, stun.Message{}},
	{"RFC 3489 request to change", oldChange, stun.Binding, stun.Request, []uint16{0x0003}, stun.Message{}},
	{
		"RFC 3489 response", oldResponse, stun.Binding, stun.Success,
		[]uint16{0x0001, 0x0004, 0x0005},
		stun.Message{Mapped: addr("203.0.113.9:48008")},
	},
	{
		"XORed with the transaction", oldXORed, stun.Binding, stun.Success,
		[]uint16{0x8020},
		stun.Message{Mapped: addr("203.0.113.9:48008")},
	},
}
