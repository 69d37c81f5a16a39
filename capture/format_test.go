package capture

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// octets reads hexadecimal lines; what follows // on a line says what the octets are.
func octets(t testing.TB, lines string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(lines) {
		line, _, _ = strings.Cut(line, "//")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readAll copies every packet of a file and returns what ended it.
func readAll(data []byte) ([]Packet, error) {
	f, err := NewFile(bytes.NewReader(data), "t")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return drain(f)
}

func drain(s Source) ([]Packet, error) {
	var all []Packet
	for {
		var p Packet
		if err := s.Next(&p); err != nil {
			return all, err
		}
		p.Data = slices.Clone(p.Data)
		all = append(all, p)
	}
}

const pcapLittle = `
	d4 c3 b2 a1   // magic: little-endian, microseconds
	02 00 04 00   // version 2.4
	00000000 00000000
	00 00 04 00   // snap length 262144
	01 00 00 00   // Ethernet
	80 9e 5b 69   // 1767612032 s
	40 e2 01 00   // 123456 µs
	03 00 00 00   // captured
	03 00 00 00   // original
	61 62 63
	81 9e 5b 69
	3f 42 0f 00   // 999999 µs
	02 00 00 00
	dc 05 00 00   // 1500: cut by the snap length
	64 65
`

const pcapngLittle = `
	0a0d0d0a 1c000000 4d3c2b1a 0100 0000   // section header, little-endian, version 1.0
	ffffffffffffffff 1c000000              // section length unknown
	01000000 20000000 0100 0000 00000400   // interface 0: Ethernet, snap length 262144
	0200 0400 65746830                     // if_name "eth0"
	0000 0000 20000000                     // end of options
	01000000 28000000 7100 0000 00000000   // interface 1: Linux cooked, no snap length
	0900 0100 09 000000                    // if_tsresol 10^-9
	0e00 0800 ffffffffffffffff             // if_tsoffset -1 s
	28000000                               // no end of options
	0b0c0d0e 10000000 deadbeef 10000000    // unknown block
	06000000 2c000000 00000000             // enhanced packet, interface 0
	c3a50600 00ab7c41                      // 0x0006a5c3417cab00 µs
	03000000 05000000 61626300             // 3 of 5 octets, padding
	0100 0100 78 000000                    // opt_comment "x", no end of options
	2c000000
	06000000 24000000 01000000             // enhanced packet, interface 1
	d2029649 00000000                      // halves: high 0x499602d2, low 0
	01000000 01000000 64000000 24000000
	03000000 14000000 02000000 65660000 14000000 // simple packet, interface 0: 2 octets
	02000000 24000000 0100 0700            // obsolete packet, interface 1, 7 drops
	00000000 00ca9a3b                      // 10^9 ns
	02000000 02000000 67680000 24000000
`

func TestFormats(t *testing.T) {
	tests := []struct {
		name  string
		lines string
		want  []Packet
		names []string
	}{
		{"pcap little-endian microseconds", pcapLittle, []Packet{
			{Time: 1767612032_123456_000, Data: []byte("abc"), Length: 3, Position: 1, Link: LinkEthernet},
			{Time: 1767612033_999999_000, Data: []byte("de"), Length: 1500, Position: 2, Link: LinkEthernet},
		}, []string{""}},
		{"pcap big-endian microseconds", `
			a1b2c3d4 0002 0004 00000000 00000000 00040000 00000071  // Linux cooked
			695b9e80 0001e240 00000001 00000001 61
		`, []Packet{{Time: 1767612032_123456_000, Data: []byte("a"), Length: 1, Position: 1, Link: LinkLinuxSLL}}, []string{""}},
		{"pcap little-endian nanoseconds", `
			4d3cb2a1 0200 0400 00000000 00000000 00000400 65000000  // raw IP
			809e5b69 15cd5b07 01000000 01000000 61                   // 123456789 ns
		`, []Packet{{Time: 1767612032_123456789, Data: []byte("a"), Length: 1, Position: 1, Link: LinkRaw}}, []string{""}},
		{"pcap big-endian nanoseconds, DLT_RAW of BSD, FCS length in the upper half", `
			a1b23c4d 0002 0004 00000000 00000000 00040000 2400000c
			695b9e80 075bcd15 00000000 00000009                      // nothing captured of 9
		`, []Packet{{Time: 1767612032_123456789, Data: []byte{}, Length: 9, Position: 1, Link: LinkRaw}}, []string{""}},
		{"pcap with a link type unknown here, original shorter than captured", `
			d4c3b2a1 0200 0400 00000000 00000000 00000400 0e010000  // 270
			00000000 00000000 02000000 01000000 6162
		`, []Packet{{Data: []byte("ab"), Length: 2, Position: 1, Link: 270}}, []string{""}},
		{"pcap of 2106", `
			d4c3b2a1 0200 0400 00000000 00000000 00000400 0e000000  // DLT_RAW of OpenBSD
			ffffffff 00000000 00000000 00000000
		`, []Packet{{Time: 4294967295_000000000, Data: []byte{}, Position: 1, Link: LinkRaw}}, []string{""}},
		{"pcap without packets", `d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000`, nil, []string{""}},
		{"pcapng little-endian, all packet blocks", pcapngLittle, []Packet{
			{Time: 0x0006a5c3_417cab00 * 1000, Data: []byte("abc"), Length: 5, Position: 1, Link: LinkEthernet},
			{Time: 0x499602d2_00000000 - 1e9, Data: []byte("d"), Length: 1, Position: 2, Tap: 1, Link: LinkLinuxSLL},
			{Time: 0x499602d2_00000000 - 1e9, Data: []byte("ef"), Length: 2, Position: 3, Link: LinkEthernet},
			{Time: 0, Data: []byte("gh"), Length: 2, Position: 4, Tap: 1, Link: LinkLinuxSLL},
		}, []string{"eth0", ""}},
		{"pcapng of several sections, big-endian first", `
			0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c
			00000001 00000028 0001 0000 00000002         // snap length 2
			0002 0003 6c616e 00                          // if_name "lan"
			0009 0001 94 000000 0000 0000                // if_tsresol 2^-20
			00000028
			00000006 00000024 00000000 00000000 00180000 // 1.5 s
			00000001 00000001 61000000 00000024
			00000003 00000014 00000009 62630000 00000014 // simple: 9 octets, snap length 2
			0a0d0d0a 1c000000 4d3c2b1a 0100 0200 0000000000000000 1c000000 // little-endian
			01000000 20000000 0100 0000 00000000 0200 0300 6c616e 00       // "lan" again
			0000 0000 20000000
			01000000 20000000 0100 0000 00000000 0200 0300 77616e 00       // "wan"
			0000 0000 20000000
			06000000 24000000 01000000 00000000 01000000 01000000 01000000 64000000 24000000
			06000000 24000000 00000000 00000000 02000000 01000000 01000000 65000000 24000000
		`, []Packet{
			{Time: 1_500_000_000, Data: []byte("a"), Length: 1, Position: 1, Link: LinkEthernet},
			{Time: 1_500_000_000, Data: []byte("bc"), Length: 9, Position: 2, Link: LinkEthernet},
			{Time: 1_000, Data: []byte("d"), Length: 1, Position: 3, Tap: 1, Link: LinkEthernet},
			{Time: 2_000, Data: []byte("e"), Length: 1, Position: 4, Tap: 0, Link: LinkEthernet},
		}, []string{"lan", "wan"}},
		{"pcapng section header alone", `
			0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000
		`, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := NewFile(bytes.NewReader(octets(t, test.lines)), "t")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			got, err := drain(f)
			if !errors.Is(err, io.EOF) {
				t.Fatalf("ended by %v, want io.EOF", err)
			}
			equalPackets(t, got, test.want)
			if !slices.Equal(f.Interfaces(), test.names) {
				t.Errorf("interfaces %q, want %q", f.Interfaces(), test.names)
			}
			if err := f.Next(new(Packet)); !errors.Is(err, io.EOF) {
				t.Errorf("after the end: %v, want io.EOF again", err)
			}
		})
	}
}

func equalPackets(t *testing.T, got, want []Packet) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.Time != w.Time || !bytes.Equal(g.Data, w.Data) || g.Length != w.Length || g.Position != w.Position ||
			g.Tap != w.Tap || g.Link != w.Link {
			t.Errorf("packet %d:\n got %+v\nwant %+v", i+1, g, w)
		}
	}
}

func TestDamage(t *testing.T) {
	const (
		header  = `d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000 `
		one     = `00000000 00000000 01000000 01000000 61 `
		section = `0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000 `
		lan     = `01000000 14000000 0100 0000 00000000 14000000 `
	)
	tests := []struct {
		name, lines string
		packets     int
		sentinel    error
		text        string
	}{
		{"empty", ``, 0, ErrDamaged, "t: packet 1 at byte 0: the file is empty"},
		{"two octets", `d4c3`, 0, ErrDamaged, "t: packet 1 at byte 0: 4 octets announced, 2 left: file cut short"},
		{"text", `23 21 2f 62 69 6e`, 0, ErrFormat, "t: starts with octets 23 21 2f 62: neither pcap nor pcapng: not a readable capture file"},
		{"pcap header cut", `d4c3b2a1 0200 0400`, 0, ErrDamaged, "t: packet 1 at byte 0: 24 octets announced, 8 left: file cut short"},
		{"pcap version", `d4c3b2a1 0300 0400 00000000 00000000 00000400 01000000`, 0, ErrFormat, "t: pcap version 3.4, supported is 2.4: not a readable capture file"},
		{"record header cut", header + one + `00000000`, 1, ErrDamaged, "t: packet 2 at byte 41: 16 octets announced, 4 left: file cut short"},
		{"record cut", header + one + `00000000 00000000 dc050000 dc050000 6162`, 1, ErrDamaged, "t: packet 2 at byte 41: 1516 octets announced, 18 left: file cut short"},
		{"record of 4 GiB", header + one + `00000000 00000000 ffffffff ffffffff 6162`, 1, ErrDamaged, "t: packet 2 at byte 41: captured length 4294967295, at most 262144 is possible"},
		{"section without magic", `0a0d0d0a 1c000000 00000000 0100 0000 ffffffffffffffff 1c000000`, 0, ErrDamaged, "t: packet 1 at byte 0: section header: octets 00 00 00 00 are no byte-order magic"},
		{"pcapng version", `0a0d0d0a 1c000000 4d3c2b1a 0200 0000 ffffffffffffffff 1c000000`, 0, ErrFormat, "t: packet 1 at byte 0: pcapng version 2.0, supported is 1: not a readable capture file"},
		{"block lengths differ", section + `0b000000 10000000 00000000 14000000`, 0, ErrDamaged, "t: packet 1 at byte 28: block length 16 at its start, 20 at its end"},
		{"block length odd", section + `0b000000 0e000000 00000000 0000 0e000000`, 0, ErrDamaged, "t: packet 1 at byte 28: block length 14, must be a multiple of 4 and at least 12"},
		{"block length 0", section + `0b000000 00000000 00000000`, 0, ErrDamaged, "t: packet 1 at byte 28: block length 0, must be a multiple of 4 and at least 12"},
		{"unknown block of 4 GiB", section + `0b000000 fcffffff 00000000`, 0, ErrDamaged, "t: packet 1 at byte 28: 4294967292 octets announced, 12 left: file cut short"},
		{"packet block of 4 GiB", section + lan + `06000000 fcffffff 00000000`, 0, ErrDamaged, "t: packet 1 at byte 48: block of 4294967292 octets, at most 327680 is possible"},
		{"packet longer than its block", section + lan + `06000000 24000000 00000000 00000000 00000000 05000000 05000000 61000000 24000000`, 0, ErrDamaged, "t: packet 1 at byte 48: captured length 5, the block holds 4"},
		{"packet of no interface", section + lan + `06000000 20000000 01000000 00000000 00000000 00000000 00000000 20000000`, 0, ErrDamaged, "t: packet 1 at byte 48: interface 1, the section describes 1"},
		{"simple packet of no interface", section + `03000000 10000000 00000000 10000000`, 0, ErrDamaged, "t: packet 1 at byte 28: simple packet in a section without interface"},
		{"simple packet longer than its block", section + lan + `03000000 10000000 01000000 10000000`, 0, ErrDamaged, "t: packet 1 at byte 48: captured length 1, the block holds 0"},
		{"option longer than its block", section + `01000000 18000000 0100 0000 00000000 0200 0500 18000000`, 0, ErrDamaged, "t: packet 1 at byte 28: interface description: option 2 of 5 octets, 0 left"},
		{"if_tsresol of 2 octets", section + `01000000 1c000000 0100 0000 00000000 0900 0200 06060000 1c000000`, 0, ErrDamaged, "t: packet 1 at byte 28: interface description: option 9 of 2 octets"},
		{"gzip of nothing", `1f8b 0800 0000`, 0, ErrDamaged, "t: gzip header: unexpected EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readAll(octets(t, test.lines))
			if len(got) != test.packets {
				t.Errorf("%d packets, want %d", len(got), test.packets)
			}
			if !errors.Is(err, test.sentinel) || err.Error() != test.text {
				t.Errorf("error %q (is %v), want %q", err, errors.Is(err, test.sentinel), test.text)
			}
		})
	}
}

func TestClock(t *testing.T) {
	const last = 1<<63 - 1
	tests := []struct {
		name   string
		octet  byte
		offset int64
		count  uint64
		want   int64
	}{
		{"seconds", 0, 0, 1767612032, 1767612032e9},
		{"milliseconds", 3, 0, 1500, 1_500_000_000},
		{"nanoseconds", 9, 0, 1767612032_123456789, 1767612032_123456789},
		{"picoseconds", 12, 0, 1_999_999, 1_999},
		{"10^-28", 28, 0, 1<<64 - 1, 1},
		{"finer than 64 bits", 29, 0, 1<<64 - 1, 0},
		{"10^-127", 127, 0, 1<<64 - 1, 0},
		{"2^0", 0x80, 0, 7, 7e9},
		{"2^-32", 0xa0, 0, 1<<32 + 1<<31, 1_500_000_000},
		{"2^-63", 0xbf, 0, 3 << 62, 1_500_000_000},
		{"2^-64", 0xc0, 0, 1 << 63, 500_000_000},
		{"2^-127", 0xff, 0, 1<<64 - 1, 0},
		{"offset", 6, -3600, 3601_000000, 1e9},
		{"offset to before 1970", 6, -2, 1_000000, -1e9},
		{"beyond 2262", 0, 0, 1 << 40, last},
		{"beyond 2262 by 2^-1", 0x81, 0, 1<<64 - 1, last},
		{"beyond 2262 by the offset", 6, 1 << 62, 1, last},
		{"offset before 1677", 6, -1 << 62, 1, -1<<63 + 1000},
	}
	for _, test := range tests {
		var c clock
		c.setResolution(test.octet)
		c.setOffset(test.offset)
		if got := c.nanoseconds(test.count); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
	if got := microseconds.nanoseconds(5); got != 5000 {
		t.Errorf("default: %d, want 5000", got)
	}
}
