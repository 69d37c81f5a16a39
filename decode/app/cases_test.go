package app

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"calltrail/decode/stun"
)

// ruleCase is what is shown to the rules; want says whether the rule must be among the marks.
type ruleCase struct {
	name  string
	marks func(tb testing.TB) Marks
	want  bool
}

// attr is one attribute of a STUN message, RFC 8489 section 14.
type attr struct {
	number uint16
	value  string
}

// uuids is a USERNAME of two UUIDs.
const uuids = "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0:01234567-89AB-CDEF-FEDC-BA9876543210"

// check are the attributes that make a Binding request a connectivity check.
var check = []attr{
	{0x0006, "abcd:efgh"},                        // USERNAME
	{0x0024, "\x6e\x00\x1e\xff"},                 // PRIORITY
	{0x802a, "\x01\x02\x03\x04\x05\x06\x07\x08"}, // ICE-CONTROLLING
}

// with adds attributes to a connectivity check.
func with(more ...attr) []attr { return append(append([]attr{}, check...), more...) }

// wire is a STUN message as sent: type, length, magic cookie or what is in its place, transaction, attributes padded to 4.
func wire(kind uint16, cookie uint32, attrs []attr) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, cookie)
	b = append(b, "twelve octet"...)
	for _, a := range attrs {
		b = binary.BigEndian.AppendUint16(b, a.number)
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.value)))
		b = append(b, a.value...)
		b = append(b, make([]byte, -len(a.value)&3)...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20))
	return b
}

// message is what STUN says of a message between two ports.
func message(kind uint16, attrs []attr, srcPort, dstPort uint16) func(testing.TB) Marks {
	return func(tb testing.TB) Marks {
		tb.Helper()
		var m stun.Message
		b := wire(kind, 0x2112a442, attrs)
		if err := stun.Parse(b, len(b), &m); err != nil {
			tb.Fatalf("%x: %v", b, err)
		}
		return STUN(&m, srcPort, dstPort)
	}
}

// oneAttribute is a message with one attribute between ports that say nothing.
func oneAttribute(number uint16) func(testing.TB) Marks {
	return message(0x0001, []attr{{number, "\x00\x00\x00\x01"}}, 40000, 40002)
}

// oldAttribute is the same in a message of RFC 3489, which has no magic cookie.
func oldAttribute(number uint16) func(testing.TB) Marks {
	return func(testing.TB) Marks {
		m := stun.Message{Type: 0x0001, NumAttributes: 1}
		m.Attributes[0] = number
		return STUN(&m, 40000, 40002)
	}
}

// realmOf is an answer 401 with a REALM.
func realmOf(text string) func(testing.TB) Marks {
	return message(0x0113, []attr{{0x0009, "\x00\x00\x04\x01"}, {0x0014, text}, {0x0015, "nonce"}}, 3478, 40000)
}

// payload is a UDP payload that begins so and is filled up with 0x55 to n octets on the wire.
func payload(begins string, n int, srcPort, dstPort uint16) func(testing.TB) Marks {
	return func(testing.TB) Marks {
		b := []byte(begins + strings.Repeat("\x55", max(n-len(begins), 0)))
		return Payload(b, len(b), srcPort, dstPort)
	}
}

func types(pt uint8) func(testing.TB) Marks { return func(testing.TB) Marks { return Types(pt) } }

func ports(a, b uint16) func(testing.TB) Marks { return func(testing.TB) Marks { return Ports(a, b) } }

func asNumber(number uint32) func(testing.TB) Marks {
	return func(testing.TB) Marks { return AS(number) }
}

func address(ip string) func(testing.TB) Marks {
	return func(testing.TB) Marks { return Networks(netip.MustParseAddr(ip)) }
}

func told(id *ID) func(testing.TB) Marks {
	return func(testing.TB) (m Marks) { m.Add(*id); return m }
}

func nothing(testing.TB) Marks { return Marks{} }

const ones = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" // 12

// Media behind Zoom's headers.
const (
	sfu     = "\x05\x10\x00\x01\x02\x03\x04\x00"                         // type 5, 6 octets, direction
	rtp112  = "\x90\x70\x00\x01\x00\x00\x02\x80\x01\x00\x04\x01"         // version 2, extension, payload type 112, SSRC 0x01000401
	sr      = "\x80\xc8\x00\x06\x01\x00\x04\x01\x00\x00\x00\x00"         // version 2, sender report, 7 words
	fifteen = "\x0f" + "\x22\x22\x22\x22\x22\x22\x22\x22\x22" + "\x22" + // type 15, 18 octets
		"\x22\x22\x22\x22\x22\x22\x22\x22"
)

// peer is the first packet between two clients of Zoom: header of 24 octets, an address and a name with their lengths, four octets.
const peer = "\x1f\x02\x01" + "\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33" +
	"\x00\x00\x00\x09" + "192.0.2.1" +
	"\x00\x00\x00\x04" + "abcd" +
	"\x00\x00\x00\x00"

// cases of each rule: what it is for, and what is nearly that.
var cases = map[string][]ruleCase{
	"whatsapp.stun_type": {
		{"first", message(0x0800, nil, 40000, 3478), true},
		{"last", message(0x0805, []attr{{0x4000, "abcd"}}, 3478, 40000), true},
		{"one more", message(0x0806, nil, 40000, 3478), false},
		{"one less", message(0x07ff, nil, 40000, 3478), false},
		{"an attribute of that number", message(0x0001, []attr{{0x0800, "abcd"}}, 40000, 3478), false},
	},
	"whatsapp.stun_attribute": {
		{"0x4000", oneAttribute(0x4000), true},
		{"0x4004", oneAttribute(0x4004), true},
		{"0x4007", oneAttribute(0x4007), true},
		{"0x4005", oneAttribute(0x4005), false},
		{"0x3fff", oneAttribute(0x3fff), false},
		{"without the cookie", oldAttribute(0x4000), false},
	},
	"whatsapp.audio_type": {{"120", types(120), true}, {"119", types(119), false}, {"marker bit in it", types(120 | 0x80), false}},
	"whatsapp.video_type": {{"97", types(97), true}, {"102", types(102), true}, {"98", types(98), false}},
	"whatsapp.as":         {{"32934", asNumber(32934), true}, {"63293, Messenger's", asNumber(63293), false}},

	"messenger.realm": {
		{"turner.facebook", realmOf("turner.facebook"), true},
		{"capitals", realmOf("FaceBook.com"), true},
		{"faceboo", realmOf("turner.faceboo"), false},
		{"in the software's name", message(0x0113, []attr{{0x8022, "facebook"}}, 3478, 40000), false},
	},
	"messenger.audio_type": {{"96", types(96), true}, {"97", types(97), true}, {"101", types(101), true}, {"109", types(109), true}, {"110", types(110), false}},
	"messenger.video_type": {{"127", types(127), true}, {"126", types(126), false}},
	"messenger.as": {
		{"32934", asNumber(32934), true},
		{"63293", asNumber(63293), true},
		{"54115", asNumber(54115), true},
		{"34825", asNumber(34825), true},
		{"15169, Google's", asNumber(15169), false},
	},

	"telegram.realm": {{"telegram.org", realmOf("telegram.org"), true}, {"telegra.ph", realmOf("telegra.ph"), false}},
	"telegram.ones": {
		{"behind the tag", payload("0123456789abcdef"+ones+"\xfe\xff\xff\xff", 40, 40000, 533), true},
		{"at the end", payload("0123456789abcdef0123456789ab"+ones, 40, 600, 40000), true},
		{"eleven", payload("0123456789abcdef"+ones[1:]+"\xfe\xff\xff\xff", 40, 40000, 533), false},
		{"thirteen", payload("0123456789abcdef"+ones+"\xff", 40, 40000, 533), false},
		{"not the first run", payload("\xff0123456789abcde"+ones, 40, 40000, 533), false},
		{"39 octets", payload("0123456789abcdef"+ones, 39, 40000, 533), false},
		{"port 601", payload("0123456789abcdef"+ones, 40, 40000, 601), false},
		{"cut in the run", func(testing.TB) Marks {
			return Payload([]byte("0123456789abcdef"+ones), 40, 40000, 533)
		}, false},
	},
	"telegram.audio_type": {{"111", types(111), true}, {"112", types(112), false}},
	"telegram.video_type": {{"106", types(106), true}, {"105", types(105), false}},
	"telegram.network": {
		{"first", address("91.108.4.0"), true},
		{"last", address("91.108.7.255"), true},
		{"in IPv6's form", address("::ffff:149.154.167.51"), true},
		{"one before", address("91.108.3.255"), false},
		{"between two", address("91.108.24.0"), false},
		{"the same octets in IPv6", address("5b6c:400::"), false},
	},

	"signal.realm": {
		{"signal.org", realmOf("turn.voip.signal.org"), true},
		{"whispersystems.org", realmOf("whispersystems.org"), true},
		{"signal alone", realmOf("signal"), false},
	},
	"signal.stun_port": {
		{"Binding", message(0x0001, nil, 40000, 10000), true},
		{"its answer", message(0x0101, nil, 10000, 40000), true},
		{"Allocate", message(0x0003, nil, 40000, 10000), false},
		{"another port", message(0x0001, nil, 40000, 10001), false},
		{"other packets there", ports(40000, 10000), false},
	},
	"signal.audio_type": {{"102", types(102), true}, {"103", types(103), false}},
	"signal.video_type": {{"120", types(120), true}, {"121", types(121), false}},

	"teams.stun_attribute": {
		{"candidate identifier", message(0x0001, with(attr{0x8054, "\x001\x00\x00"}), 50000, 50010), true},
		{"service quality", oneAttribute(0x8055), true},
		{"implementation version", oneAttribute(0x8070), true},
		{"session of multiplexed TURN", oneAttribute(0x8095), true},
		{"without the cookie", oldAttribute(0x8070), true},
		{"0x8053", oneAttribute(0x8053), false},
		{"0x8096", oneAttribute(0x8096), false},
	},
	"teams.stun_private": {
		{"0x0800", oneAttribute(0x0800), true},
		{"0x24df", oneAttribute(0x24df), true},
		{"0x3802", oneAttribute(0x3802), true},
		{"0x8006", oneAttribute(0x8006), true},
		{"0x8036", oneAttribute(0x8036), true},
		{"a message type of that number", message(0x0800, nil, 40000, 40002), false},
		{"without the cookie", oldAttribute(0x0800), false},
		{"0x8037", oneAttribute(0x8037), false},
	},
	"teams.audio_port": {
		{"3478", ports(40000, 3478), true},
		{"3479, in STUN", message(0x0101, nil, 3479, 40000), true},
		{"50019", ports(50019, 40000), true},
		{"49999", ports(49999, 40000), false},
		{"50020", ports(50020, 40000), false},
	},
	"teams.video_port":   {{"3480", ports(40000, 3480), true}, {"50039", ports(50039, 40000), true}, {"50040", ports(50040, 40000), false}},
	"teams.sharing_port": {{"3481", ports(40000, 3481), true}, {"50059", ports(50059, 40000), true}, {"50060", ports(50060, 40000), false}},
	"teams.network": {
		{"IPv4", address("52.115.255.255"), true},
		{"the other", address("52.122.0.0"), true},
		{"IPv6", address("2603:1063:3ff:ffff::1"), true},
		{"behind", address("52.116.0.0"), false},
		{"IPv6 behind", address("2603:1063:400::"), false},
	},

	"zoom.stun_setup": {
		{"0x0101", message(0x0001, []attr{{0x0101, "abcd"}}, 40000, 8801), true},
		{"0x0103", message(0x0101, []attr{{0x0103, "abcd"}}, 8810, 40000), true},
		{"on another port", message(0x0001, []attr{{0x0101, "abcd"}}, 40000, 8811), false},
		{"a message type of that number", message(0x0101, nil, 40000, 8801), false},
	},
	"zoom.stun_attribute": {
		{"0x0101", oneAttribute(0x0101), true},
		{"0x0103", oneAttribute(0x0103), true},
		{"0x0102", oneAttribute(0x0102), false},
		{"a message type of that number", message(0x0101, nil, 40000, 3478), false},
	},
	"zoom.stun_port": {
		{"a check", message(0x0001, check, 40000, 8801), true},
		{"an answer", message(0x0101, nil, 8801, 40000), false},
		{"on another port", message(0x0001, check, 40000, 8811), false},
	},
	"zoom.stun_username": {
		{"two UUIDs", message(0x0001, []attr{{0x0006, uuids}}, 40000, 50000), true},
		{"in small letters", message(0x0001, []attr{{0x0006, strings.ToLower(uuids)}}, 40000, 50000), true},
		{"no digit", message(0x0001, []attr{{0x0006, "G" + uuids[1:]}}, 40000, 50000), false},
		{"no hyphen", message(0x0001, []attr{{0x0006, strings.Replace(uuids, "-", "0", 1)}}, 40000, 50000), false},
		{"no colon", message(0x0001, []attr{{0x0006, strings.Replace(uuids, ":", "-", 1)}}, 40000, 50000), false},
		{"one", message(0x0001, []attr{{0x0006, uuids[:36]}}, 40000, 50000), false},
		{"in an Allocate", message(0x0003, []attr{{0x0006, uuids}}, 40000, 50000), false},
	},
	"zoom.setup": {
		{"010003", payload("\x01\x00\x03", 40, 40000, 8801), true},
		{"010002", payload("\x01\x00\x02", 40, 8810, 40000), true},
		{"020003", payload("\x02\x00\x03", 40, 8801, 40000), true},
		{"020002", payload("\x02\x00\x02", 40, 40000, 8805), true},
		{"010004", payload("\x01\x00\x04", 40, 40000, 8801), false},
		{"on another port", payload("\x01\x00\x03", 40, 40000, 8811), false},
	},
	"zoom.sfu": {
		{"audio", payload(sfu+fifteen+rtp112, 60, 40000, 8801), true},
		{"sender report", payload(sfu+"\x21"+fifteen[1:16]+sr, 44, 8801, 40000), true},
		{"no RTP at the place", payload(sfu+fifteen+"\x10"+rtp112[1:], 60, 40000, 8801), false},
		{"unknown type", payload(sfu+"\x0e"+fifteen[1:]+rtp112, 60, 40000, 8801), false},
		{"on another port", payload(sfu+fifteen+rtp112, 60, 40000, 8811), false},
	},
	"zoom.sfu_port": {
		{"unknown type", payload(sfu+"\x0e", 40, 40000, 8801), true},
		{"6", payload("\x06"+sfu[1:], 40, 40000, 8801), false},
		{"on another port", payload(sfu, 40, 40000, 8800), false},
	},
	"zoom.p2p": {
		{"whole", payload(peer, 0, 40000, 50000), true},
		{"1f0202", payload("\x1f\x02\x02"+peer[3:], 0, 40000, 50000), false},
		{"an octet more", payload(peer+"\x00", 0, 40000, 50000), false},
		{"an octet less", payload(peer[:len(peer)-1], 0, 40000, 50000), false},
		{"other end", payload(peer[:len(peer)-1]+"\x01", 0, 40000, 50000), false},
		{"string longer than the packet", payload(peer[:24]+"\xff\xff\xff\xff"+peer[28:], 0, 40000, 50000), false},
		{"header alone", payload(peer[:24], 0, 40000, 50000), false},
	},

	"meet.stun_attribute": {{"0xff03", oneAttribute(0xff03), true}, {"0xff04, Google's WebRTC", oneAttribute(0xff04), false}, {"0xc057, Google's WebRTC", oneAttribute(0xc057), false}},
	"meet.realm":          {{"google.com", realmOf("google.com"), true}, {"google.co", realmOf("google.co.in"), false}},
	"meet.stun_port": {
		{"3478", message(0x0001, check, 40000, 3478), true},
		{"19309", message(0x0101, []attr{{0x0006, "abcd:efgh"}, {0x0020, "\x00\x01\x11\x22\x33\x44\x55\x66"}}, 19309, 40000), true},
		{"question to a public server", message(0x0001, nil, 40000, 19302), false},
		{"Allocate", message(0x0003, with(), 40000, 3478), false},
		{"19310", message(0x0001, check, 40000, 19310), false},
	},
	"meet.audio_type": {{"111", types(111), true}, {"110", types(110), false}},
	"meet.video_type": {{"96", types(96), true}, {"100", types(100), true}, {"99", types(99), false}},
	"meet.network": {
		{"first", address("74.125.250.0"), true},
		{"second", address("142.250.82.255"), true},
		{"third", address("2001:4860:4864:5::1"), true},
		{"fourth", address("2001:4860:4864:6:ffff::1"), true},
		{"behind", address("74.125.251.0"), false},
		{"IPv6 behind", address("2001:4860:4864:7::1"), false},
	},

	"viber.realm":        {{"viber.com", realmOf("viber.com"), true}, {"vibe", realmOf("vibe.com"), false}},
	"viber.payload_0300": {{"0300", payload("\x77\x77\x03\x00", 30, 40000, 7985), true}, {"0301", payload("\x77\x77\x03\x01", 30, 40000, 7985), false}},
	"viber.payload_0900": {{"20 octets", payload("\x77\x77\x09\x00", 20, 40000, 7985), true}, {"21 octets", payload("\x77\x77\x09\x00", 21, 40000, 7985), false}},
	"viber.payload_0100": {{"01000500", payload("\x77\x77\x01\x00\x05\x00", 30, 40000, 7985), true}, {"01000501", payload("\x77\x77\x01\x00\x05\x01", 30, 40000, 7985), false}},
	"viber.payload_1900": {
		{"1900", payload("\x77\x77\x19\x00", 34, 40000, 7985), true},
		{"1b00", payload("\x77\x77\x1b\x00", 34, 40000, 7985), true},
		{"1a00", payload("\x77\x77\x1a\x00", 34, 40000, 7985), false},
		{"33 octets", payload("\x77\x77\x19\x00", 33, 40000, 7985), false},
	},

	"discord.question": {
		{"74 octets", payload("\x00\x01\x00\x46", 74, 40000, 50004), true},
		{"73 octets", payload("\x00\x01\x00\x46", 73, 40000, 50004), false},
		{"length of 71", payload("\x00\x01\x00\x47", 74, 40000, 50004), false},
	},
	"discord.answer": {
		{"74 octets", payload("\x00\x02\x00\x46", 74, 50004, 40000), true},
		{"75 octets", payload("\x00\x02\x00\x46", 75, 50004, 40000), false},
		{"the question", payload("\x00\x01\x00\x46", 74, 50004, 40000), false},
	},

	"webrtc.ice": {
		{"connectivity check", message(0x0001, check, 40000, 40002), true},
		{"without USERNAME", message(0x0001, check[1:], 40000, 40002), false},
		{"USERNAME alone", message(0x0001, check[:1], 40000, 40002), false},
		{"answer", message(0x0101, check, 40000, 40002), false},
	},
	"webrtc.dtls": {{"told", told(&WebRTCDTLS), true}, {"not told", nothing, false}},
	"webrtc.srtp": {{"told", told(&WebRTCSRTP), true}, {"not told", nothing, false}},
}
