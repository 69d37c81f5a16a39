package udptl_test

import (
	"strings"
	"testing"

	"calltrail/decode/udptl"
)

// page is the fax in a data-field of n octets, which nobody looks at.
func page(n int) string { return strings.Repeat("\xa5", n) }

// packets are packets of all forms. Their parts stand on lines of their own where there are several.
var packets = []struct {
	name string
	b    string
	want udptl.Header
	// version1 says that the field-types are those since T38FaxVersion 1; own that tshark cannot read it: because it is not PER,
	// or because tshark wants a T.30 message before an hdlc-fcs-OK.
	version1, own bool
}{
	{
		"no signal, nothing before it", "\x00\x00" + "\x01\x00" + "\x00\x00",
		udptl.Header{Seq: 0, PrimaryLen: 1, Recovery: udptl.Redundancy},
		false, false,
	},
	{
		"CED, no signal before it", "\x00\x01" + "\x01\x04" + "\x00\x01" + "\x01\x00",
		udptl.Header{Seq: 1, PrimaryLen: 1, Recovery: udptl.Redundancy, Packets: 1},
		false, false,
	},
	{
		"v21-preamble, three before it", "\xff\xff" + "\x01\x06" + "\x00\x03" + "\x01\x04" + "\x01\x04" + "\x01\x00",
		udptl.Header{Seq: 0xffff, PrimaryLen: 1, Recovery: udptl.Redundancy, Packets: 3},
		false, false,
	},
	{
		"HDLC data", "\x00\x09" + "\x08" +
			"\xc0" + "\x01" + "\x80\x00\x02" + "\xff\xc8\x01" + // t30-data v21, one element: hdlc-data, 3 octets
			"\x00\x01" + "\x01\x06",
		udptl.Header{Seq: 9, PrimaryLen: 8, Recovery: udptl.Redundancy, Packets: 1},
		false, false,
	},
	{
		"HDLC data and FCS", "\x00\x0a" + "\x07" +
			"\xc0" + "\x02" + "\x80\x00\x00" + "\x2f" + "\x20" + // hdlc-data, hdlc-fcs-OK without data
			"\x00\x01" + "\x08" + "\xc0\x01\x80\x00\x02" + "\xff\xc8\x01",
		udptl.Header{Seq: 10, PrimaryLen: 7, Recovery: udptl.Redundancy, Packets: 1},
		false, true,
	},
	{
		"HDLC data and end", "\x00\x0a" + "\x07" +
			"\xc0" + "\x02" + "\x80\x00\x00" + "\x2f" + "\x10" + "\x00\x00", // hdlc-data, hdlc-sig-end without data
		udptl.Header{Seq: 10, PrimaryLen: 7, Recovery: udptl.Redundancy}, false, false,
	},
	{
		"two elements in one octet", "\x00\x0b" + "\x03" + "\xc0\x02" + "\x11" + "\x00\x00", // hdlc-sig-end, twice
		udptl.Header{Seq: 11, PrimaryLen: 3, Recovery: udptl.Redundancy}, false, false,
	},
	{"FCS and end in one octet", "\x00\x0b" + "\x03" + "\xc0\x02" + "\x21" + "\x00\x00", // hdlc-fcs-OK, hdlc-sig-end
		udptl.Header{Seq: 11, PrimaryLen: 3, Recovery: udptl.Redundancy}, false, true},
	{
		"a page, V.17", "\x01\x00" + "\x80\xcd" + // 205 octets
			"\xd0" + "\x01" + "\xe0\x00\xc7" + page(200) + // v17-14400, t4-non-ecm-data, 200 octets
			"\x00\x00",
		udptl.Header{Seq: 256, PrimaryLen: 205, Recovery: udptl.Redundancy},
		false, false,
	},
	{
		"a page, version 1", "\x01\x01" + "\x0f" +
			"\xd0" + "\x01" + "\xb0\x00\x09" + page(10) + "\x00\x00",
		udptl.Header{Seq: 257, PrimaryLen: 15, Recovery: udptl.Redundancy},
		true, false,
	},
	{"FCS and end, version 1", "\x00\x0c" + "\x04" + "\xc0\x02" + "\x10\x40" + "\x00\x00", // 00010 00001 000000
		udptl.Header{Seq: 12, PrimaryLen: 4, Recovery: udptl.Redundancy}, true, false},
	{"FCS and end, an octet each", "\x00\x0c" + "\x04" + "\xc0\x02" + "\x10\x08" + "\x00\x00", // 00010 000 00001 000
		udptl.Header{Seq: 12, PrimaryLen: 4, Recovery: udptl.Redundancy}, true, true},
	{
		"cm-message, version 1", "\x00\x0d" + "\x0b" +
			"\xe0\x00" + "\x01" + "\xc0\x00" + "\x00\x03" + "menu" + // v8, 1 1 0 000000: cm-message, 4 octets
			"\x00\x00",
		udptl.Header{Seq: 13, PrimaryLen: 11, Recovery: udptl.Redundancy},
		true, false,
	},
	{
		"v34rate, version 1", "\x00\x0d" + "\x08" + "\xe0\x00" + "\x01" + "\xc1\x80" + "\x00\x00" + "r" + "\x00\x00",
		udptl.Header{Seq: 13, PrimaryLen: 8, Recovery: udptl.Redundancy},
		true, false,
	},
	{
		"v8-ansam", "\x00\x0e" + "\x02" + "\x20\x00" + "\x00\x00",
		udptl.Header{Seq: 14, PrimaryLen: 2, Recovery: udptl.Redundancy},
		true, false,
	},
	{
		"parity", "\x00\x20" + "\x01\x06" + "\x80" + "\x01\x03" + "\x02" + "\x03" + page(3) + "\x01" + page(1),
		udptl.Header{Seq: 32, PrimaryLen: 1, Recovery: udptl.FEC, Packets: 2},
		false, false,
	},
	{
		"parity, not begun yet", "\x00\x00" + "\x01\x00" + "\x80" + "\x01\x00" + "\x00",
		udptl.Header{PrimaryLen: 1, Recovery: udptl.FEC},
		false, false,
	},
	{
		"parity, a long string", "\x00\x21" + "\x01\x06" + "\x80" + "\x01\x02" + "\x01" + "\x80\x80" + page(128),
		udptl.Header{Seq: 33, PrimaryLen: 1, Recovery: udptl.FEC, Packets: 1},
		false, false,
	},
}

func TestPackets(t *testing.T) {
	for _, c := range packets {
		t.Run(c.name, func(t *testing.T) {
			b := []byte(c.b)
			var h udptl.Header
			if err := udptl.Parse(b, len(b), &h); err != nil {
				t.Fatalf("%x: %v", b, err)
			}
			want := c.want
			want.Whole = true
			if h != want {
				t.Errorf("got %+v, want %+v", h, want)
			}
			// Nothing may be left, and nothing may lack.
			if udptl.Parse(append(b, 0), len(b)+1, &h) == nil {
				t.Error("an octet more was accepted")
			}
			for n := range b {
				if udptl.Parse(b[:n:n], n, &h) == nil {
					t.Errorf("%d of %d octets were accepted as the whole datagram", n, len(b))
				}
			}
		})
	}
}

// What the snap length leaves is read as far as it goes, from the first octet of the primary IFP packet on.
func TestCut(t *testing.T) {
	for _, c := range packets {
		t.Run(c.name, func(t *testing.T) {
			b := []byte(c.b)
			begin := 3
			if c.want.PrimaryLen > 127 {
				begin = 4
			}
			for n := range b {
				var h udptl.Header
				err := udptl.Parse(b[:n:n], len(b), &h)
				if (err == nil) != (n > begin) {
					t.Fatalf("%d of %d octets: %v", n, len(b), err)
				}
				if err != nil {
					continue
				}
				recovery := h.Recovery == c.want.Recovery
				if n <= begin+c.want.PrimaryLen {
					recovery = h.Recovery == udptl.NotCaptured
				}
				if h.Whole || h.Seq != c.want.Seq || h.PrimaryLen != c.want.PrimaryLen || !recovery ||
					h.Packets != 0 && h.Packets != c.want.Packets {
					t.Errorf("%d of %d octets: %+v", n, len(b), h)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, b string }{
		{"nothing", ""},
		{"zeros", "\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"five octets", "\x00\x00\x01\x00\x00"},
		{"a primary of no octets", "\x00\x01\x00\x00\x01\x01\x00"},
		{"a primary longer than the datagram", "\x00\x01\x05\xc0\x01\x20\x00\x00"},
		{"a primary in fragments", "\x00\x01\xc1\x00\x00\x00\x00\x00"},
		{"a primary in fragments that would fit", "\x00\x01\xc0\x85\xd0\x01\xe0\x00\x7f" + page(128) + "\x00\x00"},
		{"a length of one octet in two", "\x00\x01\x80\x01\x00\x00\x00"},
		{"an indicator of two octets", "\x00\x01\x02\x04\x00\x00\x00"},
		{"an indicator with a data-field", "\x00\x01\x01\x84\x00\x00"},
		{"an indicator that does not exist", "\x00\x01\x02\x21\xc0\x00\x00"},
		{"padding that is not 0", "\x00\x01\x01\x05\x00\x00"},
		{"t30-data without a data-field", "\x00\x01\x01\x40\x00\x00"},
		{"t30-data that does not exist", "\x00\x01\x03\xd2\x01\x20\x00\x00"},
		{"a data-field without elements", "\x00\x01\x02\xc0\x00\x00\x00"},
		{"a data-field longer than the primary", "\x00\x01\x06\xc0\x01\x80\x00\x01\xff\x00\x00"},
		{"a data-field shorter than the primary", "\x00\x01\x07\xc0\x01\x80\x00\x00\xff\xff\x00\x00"},
		{"an element whose padding is not 0", "\x00\x01\x03\xc0\x01\x23\x00\x00"},
		{"an element that is not there", "\x00\x01\x03\xc0\x03\x21\x00\x00"},
		{"a choice that does not exist", "\x00\x01\x01\x04\x40\x00"},
		{"a secondary of no octets", "\x00\x01\x01\x04\x00\x01\x00"},
		{"a secondary that is none", "\x00\x01\x01\x04\x00\x01\x01\x01"},
		{"a secondary that is not there", "\x00\x01\x01\x04\x00\x02\x01\x00"},
		{"a secondary that was not announced", "\x00\x01\x01\x04\x00\x01\x01\x00\x01\x00"},
		{"parity over a number of no octets", "\x00\x01\x01\x04\x80\x00\x00\x00"},
		{"parity over a number of two octets", "\x00\x01\x01\x04\x80\x02\x00\x01\x00"},
		{"parity over less than nothing", "\x00\x01\x01\x04\x80\x01\xff\x00"},
		{"parity that is not there", "\x00\x01\x01\x04\x80\x01\x01\x01"},
		{"parity that was not announced", "\x00\x01\x01\x04\x80\x01\x01\x00\x01"},
		{"RTP", "\x80\x00\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x07" + page(160)},
		{"a STUN request", "\x00\x01\x00\x00\x21\x12\xa4\x42transactions"},
		{"a DNS query", "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"},
	} {
		b := []byte(c.b)
		if err := udptl.Parse(b, len(b), new(udptl.Header)); err == nil {
			t.Errorf("%s was accepted", c.name)
		}
	}
}

// All 23 indicators and all 15 kinds of data are known, and no others.
func TestKinds(t *testing.T) {
	accepts := func(primary ...byte) bool {
		b := append([]byte{0, 1, byte(len(primary))}, primary...)
		b = append(b, 0, 0)
		return udptl.Parse(b, len(b), new(udptl.Header)) == nil
	}
	indicators, data := 0, 0
	for first := range 256 {
		if accepts(byte(first)) {
			indicators++
		}
		if accepts(byte(first), 1, 0x20) {
			data++
		}
		for second := range 256 {
			if accepts(byte(first), byte(second)) {
				indicators++
			}
			if first&0x20 != 0 && accepts(byte(first), byte(second), 1, 0x20) { // without that bit it may be longer data
				data++
			}
		}
	}
	if indicators != 23 || data != 15 {
		t.Errorf("%d indicators, %d kinds of data", indicators, data)
	}
}

func TestRecoveryString(t *testing.T) {
	for r, want := range map[udptl.Recovery]string{
		udptl.NotCaptured: "not captured", udptl.Redundancy: "redundancy", udptl.FEC: "fec", 9: "",
	} {
		if got := r.String(); got != want {
			t.Errorf("%d is %q, want %q", r, got, want)
		}
	}
}
