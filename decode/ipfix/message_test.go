package ipfix

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"calltrail/decode/fuzzbound"
)

var exporter = netip.MustParseAddrPort("192.0.2.1:50000")

func octets(parts ...string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// message puts sets behind a header with the right length.
func message(sets ...string) []byte {
	b := octets("000a 0000 6a1810a0 00000001 00000007", strings.Join(sets, ""))
	b[2], b[3] = byte(len(b)>>8), byte(len(b))
	return b
}

// Templates and records as RFC 8158 section 5 has them.
const (
	// Set 2, 52 octets: template 256, 11 fields.
	sessionTemplate = "0002 0034 0100 000b" +
		"0143 0008" + "00e6 0001" + "0008 0004" + "00e1 0004" + "0004 0001" + "0007 0002" + "00e3 0002" + "000c 0004" + "000b 0002" + // time, event, inside, public, protocol, ports, far end
		"00ea 0004" + "0052 ffff" // ingressVRFID; interfaceName, of variable length
	// Set 256: create, then delete, of 100.64.0.5:40001 as 203.0.113.9:31409 to 198.51.100.1:5060 by UDP.
	sessionCreate = "0100 0029 0000019e6e64c900 04 64400005 cb007109 11 9c41 7ab1 c6336401 13c4 00000001 04 65746830"
	sessionDelete = "0100 0029 0000019e6e64d6fc 05 64400005 cb007109 11 9c41 7ab1 c6336401 13c4 00000001 04 65746830"
	// Set 2, 32 octets: template 257, 6 fields: time, event, inside, public, first and last port.
	blockTemplate = "0002 0020 0101 0006 0143 0008 00e6 0001 0008 0004 00e1 0004 0169 0002 016a 0002"
	blockAlloc    = "0101 0019 0000019e6e64c900 10 64400005 cb007109 0400 07ff"
)

func TestRead(t *testing.T) {
	t.Parallel()
	const session = "100.64.0.5:40001 as 203.0.113.9 31409-31409 to 198.51.100.1:5060 at "
	for _, c := range []struct {
		name     string
		messages [][]byte
		want     string
	}{
		{"a session", [][]byte{message(sessionTemplate, sessionCreate, sessionDelete)}, "began 17 " + session + "2026-05-28T11:42:39.36Z\nended 17 " + session + "2026-05-28T11:42:42.94Z"},
		{"its template came before", [][]byte{message(sessionTemplate), message(sessionCreate)}, "began 17 " + session + "2026-05-28T11:42:39.36Z"},
		{"a block", [][]byte{message(blockTemplate, blockAlloc)}, "began 0 100.64.0.5:0 as 203.0.113.9 1024-2047 to invalid AddrPort at 2026-05-28T11:42:39.36Z"},
		{"a block with its size", [][]byte{message(strings.Replace(blockTemplate, "016a", "016c", 1), strings.Replace(blockAlloc, "07ff", "0010", 1))}, "began 0 100.64.0.5:0 as 203.0.113.9 1024-1039 to invalid AddrPort at 2026-05-28T11:42:39.36Z"},
		{"without a time it is that of the message", [][]byte{message("0002 0024 0101 0006 8143 0008 00000009 00e6 0001 0008 0004 00e1 0004 0169 0002 016a 0002", blockAlloc)}, "began 0 100.64.0.5:0 as 203.0.113.9 1024-2047 to invalid AddrPort at 2026-05-28T09:53:36Z"},
		{"an event of no ports", [][]byte{message(blockTemplate, strings.Replace(blockAlloc, "c900 10", "c900 0e", 1))}, "ignored 1"},
		{"padding", [][]byte{message(blockTemplate, strings.Replace(blockAlloc, "0019", "001c", 1)+"000000")}, "began 0 100.64.0.5:0 as 203.0.113.9 1024-2047 to invalid AddrPort at 2026-05-28T11:42:39.36Z"},
		{"no template", [][]byte{message(sessionCreate)}, "unknown 1"},
		{"a template withdrawn", [][]byte{message(blockTemplate), message("0002 0008 0101 0000"), message(blockAlloc)}, "unknown 1"},
		{"ports that end before they begin", [][]byte{message(blockTemplate, strings.Replace(blockAlloc, "0400 07ff", "07ff 0400", 1))}, "malformed 1"},
		{"more ports than there are", [][]byte{message(strings.Replace(blockTemplate, "016a", "016c", 1), strings.Replace(blockAlloc, "07ff", "ffff", 1))}, "malformed 1"},
		{"a template without length", [][]byte{message("0002 000c 0100 0001 00e6 0000")}, "malformed 1"},
		{"a template with more fields than it has", [][]byte{message("0002 000c 0100 0002 00e6 0001")}, "malformed 1"},
		{"a template with too many fields", [][]byte{message("0002 000c 0100 ffff 00e6 0001")}, "malformed 1"},
		{"a template below 256", [][]byte{message("0002 000c 00ff 0001 00e6 0001")}, "malformed 1"},
		{"a set longer than the message", [][]byte{message("0100 ffff")}, "malformed 1"},
		{"a set shorter than its header", [][]byte{message("0100 0003")}, "malformed 1"},
		{"a text longer than the set", [][]byte{message(sessionTemplate, strings.Replace(sessionCreate, "04 65746830", "ff ffff 3030", 1))}, "malformed 1"},
		{"a reserved set", [][]byte{message("0004 0004")}, "malformed 1"},
	} {
		d := NewDecoder()
		var got []string
		for _, b := range c.messages {
			m, err := d.Read(exporter, b)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			got = append(got, said(m)...)
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, text, c.want)
		}
	}
}

func said(m Message) (list []string) {
	for _, e := range m.Events {
		what := "began"
		if e.Ended {
			what = "ended"
		}
		list = append(list, fmt.Sprintf("%s %d %s as %s %d-%d to %s at %s", what, e.Protocol, e.Inside, e.Public, e.First, e.Last, e.Remote, e.Time.Format(time.RFC3339Nano)))
	}
	for name, n := range map[string]int{"ignored": m.Ignored, "malformed": m.Malformed, "unknown": m.Unknown} {
		if n > 0 {
			list = append(list, fmt.Sprintf("%s %d", name, n))
		}
	}
	return list
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	good := message(sessionTemplate)
	for name, b := range map[string][]byte{
		"empty": nil, "half a header": good[:15], "its last octet is missing": good[:len(good)-1],
		"NetFlow version 9": append(octets("0009"), good[2:]...), "less than a header": append(octets("000a 000f"), good[4:]...),
	} {
		if _, err := NewDecoder().Read(exporter, b); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Templates of exporters and domains do not mix, and their number is bounded: the oldest goes.
func TestTemplates(t *testing.T) {
	t.Parallel()
	d := NewDecoder()
	read := func(from netip.AddrPort, b []byte) Message {
		m, err := d.Read(from, b)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	read(exporter, message(blockTemplate))
	other := message(blockAlloc)
	other[15] = 8 // another observation domain
	if m := read(exporter, other); m.Unknown != 1 {
		t.Errorf("another domain: %+v", m)
	}
	if m := read(netip.MustParseAddrPort("192.0.2.1:50001"), message(blockAlloc)); m.Unknown != 1 {
		t.Errorf("another exporter: %+v", m)
	}
	many := func(from netip.AddrPort, n int) {
		for i := range n {
			b := message(blockTemplate)
			b[12], b[13] = byte(i>>8), byte(i)
			b[15] = 9
			read(from, b)
		}
	}
	// One that makes up templates, from whatever ports, pushes out its own.
	many(netip.MustParseAddrPort("192.0.2.77:50001"), maxOfOne)
	many(netip.MustParseAddrPort("192.0.2.77:50002"), 10)
	if len(d.templates) != maxOfOne+1 || len(d.order) != maxOfOne+1 || d.Evicted != 10 {
		t.Errorf("%d templates, %d in order, %d evicted", len(d.templates), len(d.order), d.Evicted)
	}
	if m := read(exporter, message(blockAlloc)); m.Unknown != 0 {
		t.Errorf("another exporter's is gone: %+v", m)
	}
	for i := range maxTemplates / maxOfOne {
		many(netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 50001), maxOfOne)
	}
	if len(d.templates) != maxTemplates || len(d.order) != maxTemplates || d.Evicted != 10+maxOfOne+1 {
		t.Errorf("%d templates, %d in order, %d evicted", len(d.templates), len(d.order), d.Evicted)
	}
	if m := read(exporter, message(blockAlloc)); m.Unknown != 1 {
		t.Errorf("the oldest is still there: %+v", m)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(message(sessionTemplate, sessionCreate, sessionDelete))
	f.Add(message(blockTemplate, blockAlloc))
	f.Add(message("0003 0010 0102 0001 0001 0095 0004 0000", "0102 0008 00000001"))
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.CheckNew(t, len(b), func() func() {
			d := NewDecoder()
			return func() { _, _ = d.Read(exporter, b) }
		})
		m, err := NewDecoder().Read(exporter, b)
		for _, e := range m.Events {
			if err != nil || !e.Valid() || !e.Ports {
				t.Errorf("%+v, %v", e, err)
			}
		}
	})
}
