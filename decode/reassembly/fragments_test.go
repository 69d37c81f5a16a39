package reassembly

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

const second = int64(time.Second)

// addr is the IPv4 address 192.0.2.n as a Fragment has it.
func addr(n byte) [16]byte { return [16]byte{10: 0xff, 11: 0xff, 12: 192, 13: 0, 14: 2, 15: n} }

// cut8 is the fragment of the datagram 1 from 192.0.2.1 to 192.0.2.2 that carries data at offset.
func cut8(offset int, more bool, data string) *Fragment {
	return &Fragment{
		Src: addr(1), Dst: addr(2), ID: 1, Proto: 17, Offset: offset, More: more, Data: []byte(data), Length: len(data),
	}
}

func TestFragments(t *testing.T) {
	// step is a fragment and what must become of it; whole is what it completes.
	type step struct {
		offset  int
		more    bool
		data    string
		wire    int // octets on the wire, if more than in data
		r       FragmentResult
		whole   string
		overlap bool
	}
	const a, b, c = "INVITE s", "ip:bob@e", "xample.c"
	for _, test := range []struct {
		name  string
		about string
		steps []step
		stats FragmentStats
	}{{
		"in order", "RFC 791 section 3.2: the fragment without More tells the length",
		[]step{{0, true, a, 0, Waiting, "", false}, {8, true, b, 0, Waiting, "", false}, {16, false, "om", 0, Whole, a + b + "om", false}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 3},
	}, {
		"last first", "any order",
		[]step{{16, false, "om", 0, Waiting, "", false}, {8, true, b, 0, Waiting, "", false}, {0, true, a, 0, Whole, a + b + "om", false}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 3},
	}, {
		"copies", "a mirror port sends each packet twice, the last one too: one datagram, no overlap",
		[]step{
			{0, true, a, 0, Waiting, "", false},
			{0, true, a, 0, Waiting, "", false},
			{8, false, b, 0, Whole, a + b, false},
			{8, false, b, 0, Waiting, "", false},
			{0, true, a, 0, Waiting, "", false},
		},
		FragmentStats{Datagrams: 1, Fragments: 5, Joined: 2, Copies: 3},
	}, {
		"same identification at once", "the next datagram has other octets: it is none of the copies",
		[]step{
			{0, true, a, 0, Waiting, "", false},
			{8, false, b, 0, Whole, a + b, false},
			{0, true, c, 0, Waiting, "", false},
			{8, false, b, 0, Whole, c + b, false},
		},
		FragmentStats{Datagrams: 2, Fragments: 4, Joined: 4},
	}, {
		"overlap, same octets", "sent again over a path with another MTU: nothing contradicts",
		[]step{{0, true, a + b, 0, Waiting, "", false}, {8, true, b + c, 0, Waiting, "", false}, {24, false, "om", 0, Whole, a + b + c + "om", false}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 3},
	}, {
		"overlap of the tail", "the first octets count (RFC 791 leaves it open, RFC 5722 forbids it)",
		[]step{{0, true, a + b, 0, Waiting, "", false}, {8, true, c + c, 0, Waiting, "", false}, {24, false, "om", 0, Whole, a + b + c + "om", true}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 3, Overlaps: 1},
	}, {
		"overlap of the head", "the later fragment begins before what is there",
		[]step{{8, true, b, 0, Waiting, "", false}, {0, true, a + c, 0, Waiting, "", false}, {16, false, "om", 0, Whole, a + b + "om", true}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 3, Overlaps: 1},
	}, {
		"overlap around", "the later fragment holds what is there in its middle: two gaps",
		[]step{{8, true, b, 0, Waiting, "", false}, {0, false, a + c + c, 0, Whole, a + b + c, true}},
		FragmentStats{Datagrams: 1, Fragments: 2, Joined: 2, Overlaps: 1},
	}, {
		"overlap within", "teardrop: nothing new in it, but other octets",
		[]step{{0, true, a + b, 0, Waiting, "", false}, {8, true, c, 0, Waiting, "", false}, {16, false, "om", 0, Whole, a + b + "om", true}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 3, Overlaps: 1},
	}, {
		"two ends", "the first one counts, the other fits no more",
		[]step{{8, false, b, 0, Waiting, "", false}, {16, false, c, 0, Bad, "", false}, {0, true, a, 0, Whole, a + b, true}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 2, Bad: 1, Overlaps: 1},
	}, {
		"past the end", "More beyond the last fragment",
		[]step{{8, false, b, 0, Waiting, "", false}, {8, true, b, 0, Bad, "", false}, {0, true, a, 0, Whole, a + b, true}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 2, Bad: 1, Overlaps: 1},
	}, {
		"end before what came", "a last fragment that would make the datagram shorter than it is",
		[]step{{8, true, b, 0, Waiting, "", false}, {0, false, a, 0, Bad, "", false}, {0, true, a, 0, Waiting, "", false}, {16, false, "om", 0, Whole, a + b + "om", true}},
		FragmentStats{Datagrams: 1, Fragments: 4, Joined: 3, Bad: 1, Overlaps: 1},
	}, {
		"end by a copy", "the last fragment brings no octets, but the end",
		[]step{{0, true, a + b, 0, Waiting, "", false}, {8, false, b, 0, Whole, a + b, false}},
		FragmentStats{Datagrams: 1, Fragments: 2, Joined: 2},
	}, {
		"cut in the middle", "a snap length of 4 octets: what is before the hole remains, the length on the wire is known",
		[]step{{0, true, a, 0, Waiting, "", false}, {8, true, "ip:b", 8, Waiting, "", false}, {16, false, "om", 0, Whole, a + "ip:b", false}},
		FragmentStats{Datagrams: 1, Fragments: 3, Joined: 3},
	}, {
		"cut to nothing", "headers only were captured",
		[]step{{0, true, "", 8, Waiting, "", false}, {8, false, "om", 0, Whole, "", false}},
		FragmentStats{Datagrams: 1, Fragments: 2, Joined: 2},
	}, {
		"no multiple of eight", "RFC 8200 section 4.5: only the last one may be of such a length",
		[]step{{0, true, a + "x", 0, Bad, "", false}, {0, true, "", 0, Bad, "", false}, {4, true, a, 0, Bad, "", false}},
		FragmentStats{Fragments: 3, Bad: 3},
	}, {
		"ping of death", "offset and length beyond 65,535",
		[]step{{65528, false, a, 0, Bad, "", false}, {-8, false, a, 0, Bad, "", false}, {1 << 40, false, a, 0, Bad, "", false}, {0, false, a, 1 << 62, Bad, "", false}},
		FragmentStats{Fragments: 4, Bad: 4},
	}} {
		t.Run(test.name, func(t *testing.T) {
			d := NewFragments(FragmentConfig{})
			for i, s := range test.steps {
				f := cut8(s.offset, s.more, s.data)
				if s.wire > 0 {
					f.Length = s.wire
				}
				whole, overlap, r := d.Add(f, second)
				if r != s.r || string(whole) != s.whole || overlap != s.overlap {
					t.Fatalf("%s: fragment %d: %d %q overlap %v; want %d %q overlap %v", test.about, i+1, r, whole, overlap, s.r, s.whole, s.overlap)
				}
			}
			if d.Stats != test.stats || d.Len() != 0 && test.stats.Datagrams > 0 {
				t.Fatalf("%+v, %d waiting; want %+v", d.Stats, d.Len(), test.stats)
			}
		})
	}
}

// What completes a datagram describes it afterwards: length on the wire, protocol by the first fragment.
func TestFragmentBecomesTheWhole(t *testing.T) {
	d := NewFragments(FragmentConfig{})
	first, last := cut8(0, true, "12345678"), cut8(8, false, "90")
	first.V6, last.V6 = true, true
	first.Proto, last.Proto = 17, 59 // "No Next Header" in the last one: RFC 8200 section 4.5 lets it say anything
	first.Data = first.Data[:5]
	d.Add(last, 0)
	whole, _, r := d.Add(first, 0)
	if r != Whole || string(whole) != "12345" || first.Proto != 17 || first.Length != 10 || first.Offset != 0 || first.More ||
		string(first.Data) != "12345" || first.ID != 1 || !first.V6 || first.Src != addr(1) || first.Dst != addr(2) {
		t.Fatalf("%d %+v", r, first)
	}
	first, last = cut8(0, true, "12345678"), cut8(8, false, "90")
	first.V6, last.V6, last.Proto, first.ID, last.ID = true, true, 59, 2, 2
	d.Add(first, 0)
	if _, _, r = d.Add(last, 0); r != Whole || last.Proto != 17 {
		t.Fatalf("%d %+v", r, last)
	}
	late := cut8(8, false, "90")
	late.V6 = true
	late.Proto = 44
	if _, _, r = d.Add(late, 0); r != Waiting || d.Stats.Copies != 1 {
		t.Fatalf("%d, %+v: the copy with another protocol is none", r, d.Stats)
	}
}

// Each part of the key tells datagrams apart.
func TestFragmentKey(t *testing.T) {
	for name, change := range map[string]func(*Fragment){
		"source":         func(f *Fragment) { f.Src = addr(3) },
		"destination":    func(f *Fragment) { f.Dst = addr(3) },
		"scope":          func(f *Fragment) { f.Scope = 7 },
		"identification": func(f *Fragment) { f.ID = 1 << 16 },
		"protocol":       func(f *Fragment) { f.Proto = 132 },
		"version":        func(f *Fragment) { f.V6 = true },
	} {
		d := NewFragments(FragmentConfig{})
		d.Add(cut8(0, true, "12345678"), 0)
		f := cut8(8, false, "90")
		change(f)
		if _, _, r := d.Add(f, 0); r != Waiting || d.Len() != 2 {
			t.Errorf("%s: %d, %d datagrams; want two that wait", name, r, d.Len())
		}
	}
}

func TestFragmentsExpire(t *testing.T) {
	d := NewFragments(FragmentConfig{Timeout: 30 * second})
	d.Add(cut8(0, true, "12345678"), 10*second)
	d.Advance(40*second - 1)
	if d.Len() != 1 {
		t.Fatal("gone before its time")
	}
	d.Advance(5 * second) // time does not go back
	if _, _, r := d.Add(cut8(8, false, "90"), 40*second); r != Waiting || d.Len() != 1 {
		t.Fatalf("%d, %d waiting: the first half was too old", r, d.Len())
	}
	want := FragmentStats{Fragments: 2, Expired: 1, ExpiredFragments: 1}
	if d.Stats != want {
		t.Fatalf("%+v, want %+v", d.Stats, want)
	}
}

// A clock that was set back makes nothing old.
func TestFragmentTimeDoesNotGoBack(t *testing.T) {
	d := NewFragments(FragmentConfig{Timeout: 30 * second})
	d.Advance(100 * second)
	d.Add(cut8(0, true, "12345678"), 10*second)
	if d.Advance(130*second - 1); d.Len() != 1 {
		t.Fatal("gone before its time")
	}
	if d.Advance(130 * second); d.Len() != 0 {
		t.Fatal("still there")
	}
}

// All addresses of an IPv6 prefix of 64 bits are one source; an IPv4 address is one by itself.
func TestFragmentSources(t *testing.T) {
	d := NewFragments(FragmentConfig{PerSource: 2})
	for i, from := range [][16]byte{
		{0x20, 0x01, 0x0d, 0xb8, 15: 1},
		{0x20, 0x01, 0x0d, 0xb8, 15: 2},
		{0x20, 0x01, 0x0d, 0xb8, 7: 1, 15: 1},
		{0x20, 0x01, 0x0d, 0xb8, 8: 1},
		addr(1), addr(2), addr(3),
	} {
		f := cut8(0, true, "12345678")
		f.Src, f.V6, f.ID = from, from[0] != 0, uint32(i)
		d.Add(f, 0)
		if want := uint64(i) / 3; i < 4 && d.Stats.Evicted != want {
			t.Errorf("source %d: %d evicted, want %d", i+1, d.Stats.Evicted, want)
		}
	}
	if len(d.sources.known) != 5 || d.Len() != 6 || d.waiting.oldest().key.id != 1 {
		t.Errorf("%d sources of %d datagrams, the oldest is %d", len(d.sources.known), d.Len(), d.waiting.oldest().key.id)
	}
}

// A whole datagram is remembered for copyWindow, and no longer.
func TestFragmentCopiesAreForgotten(t *testing.T) {
	d := NewFragments(FragmentConfig{})
	d.Add(cut8(0, true, "12345678"), 0)
	d.Add(cut8(8, false, "90"), 0)
	if _, _, r := d.Add(cut8(0, true, "12345678"), copyWindow-1); r != Waiting || d.Len() != 0 {
		t.Fatalf("%d, %d waiting; want a copy", r, d.Len())
	}
	if d.Add(cut8(0, true, "12345678"), copyWindow); d.Len() != 1 {
		t.Fatal("still a copy when the identification has come round")
	}
}

// A fragment may lie in the octets of the last whole: fragments inside a tunnel whose packets are fragments.
func TestFragmentInTheWhole(t *testing.T) {
	d := NewFragments(FragmentConfig{})
	d.Add(cut8(0, true, "outer678"), 0)
	whole, _, _ := d.Add(cut8(8, false, "90abcdef"), 0)
	inner := cut8(0, true, "")
	inner.ID, inner.Data, inner.Length = 2, whole[8:], 8
	d.Add(inner, 0)
	end := cut8(8, false, "end")
	end.ID = 2
	if whole, _, r := d.Add(end, 0); r != Whole || string(whole) != "90abcdefend" {
		t.Fatalf("%d %q", r, whole)
	}
}

// More pieces than a datagram may have: it is given up as a whole.
func TestFragmentPiecesAreBounded(t *testing.T) {
	d := NewFragments(FragmentConfig{})
	for i := range maxExtents {
		if _, _, r := d.Add(cut8(16*i, true, "12345678"), 0); r != Waiting {
			t.Fatal(r)
		}
	}
	if _, _, r := d.Add(cut8(16*maxExtents, true, "12345678"), 0); r != Refused || d.Len() != 0 {
		t.Fatalf("%d, %d waiting", r, d.Len())
	}
	want := FragmentStats{Fragments: maxExtents + 1, Refused: 1, Evicted: 1, EvictedFragments: maxExtents}
	if d.Stats != want {
		t.Fatalf("%+v, want %+v", d.Stats, want)
	}
}

// What was let go must not be found in memory: message text, sound.
func TestFragmentsAreWiped(t *testing.T) {
	d := NewFragments(FragmentConfig{})
	secret := strings.Repeat("the text", 400)
	d.Add(cut8(0, true, secret), 0)
	whole, _, _ := d.Add(cut8(3200, false, secret), 0)
	d.Add(&Fragment{Src: addr(9), Length: 8, More: true, Data: []byte(secret)}, 0)
	if bytes.Contains(whole[:cap(whole)], []byte("text")) {
		t.Error("the last whole")
	}
	d.Advance(time.Hour.Nanoseconds())
	n := 0
	for b := d.pool.free; b != nil; b = b.next {
		if n++; bytes.Contains(b.octets[:], []byte("text")) {
			t.Errorf("block %d", n)
		}
	}
	if n != 5 || d.pool.spare != n || d.pool.made != n {
		t.Errorf("%d blocks, %d spare, %d made; want 5", n, d.pool.spare, d.pool.made)
	}
}

func TestDefaultsOfFragments(t *testing.T) {
	d := NewFragments(FragmentConfig{Octets: -1})
	if d.cfg != (FragmentConfig{Datagrams: 4096, Octets: 16 << 20, Timeout: 30 * second, PerSource: 256}) || d.pool.most != 8192 {
		t.Fatalf("%+v", d.cfg)
	}
}
