package media

import (
	"slices"
	"testing"

	"calltrail/decode"
	"calltrail/decode/udptl"
)

// fax is a datagram of 40 octets.
func fax(src, dst string) *decode.Frame {
	return &decode.Frame{Src: at(src), Dst: at(dst), PayloadLen: 40}
}

func TestUDPTL(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	f := fax("192.0.2.1:4000", "198.51.100.1:5000")
	now := second
	for _, seq := range []uint16{0, 1, 2, 2, 4, 5} { // a copy, and a packet that was lost
		table.Advance(now)
		if !table.UDPTL(f, &udptl.Header{Seq: seq}, 9, now) {
			t.Fatalf("packet %d is not counted", seq)
		}
		now += second
	}
	table.Finish(now)
	if len(table.Events) != 2 {
		t.Fatalf("%+v", table.Events)
	}
	e := table.Events[1]
	flow := Flow{Src: f.Src, Dst: f.Dst, Scope: 9}
	if e.Kind != Closed || !e.UDPTL || !table.Events[0].UDPTL || e.Flow != flow || e.Proven {
		t.Errorf("%+v", e)
	}
	s := &e.Stream
	if s.Packets != 5 || s.Octets != 200 || s.Duplicates != 1 || s.Lost() != 1 || s.PayloadType != 0 || s.Mixed {
		t.Errorf("%+v", s)
	}
	if _, ok := s.JitterMS(8000); ok {
		t.Error("there is jitter")
	}
}

// What has a number and nothing else begins a stream with a number that fax begins with, on ports that it may have.
func TestUDPTLBegins(t *testing.T) {
	const dst = "198.51.100.1:5000"
	for _, tt := range []struct {
		name string
		f    *decode.Frame
		seq  uint16
		want bool
	}{
		{"0", fax("192.0.2.1:4000", dst), 0, true},
		{"15", fax("192.0.2.1:4000", dst), 15, true},
		{"16", fax("192.0.2.1:4000", dst), 16, false},
		{"65535", fax("192.0.2.1:4000", dst), 65535, false},
		{"from a system port", fax("192.0.2.1:1023", dst), 0, false},
		{"to a system port", fax("192.0.2.1:4000", "198.51.100.1:53"), 0, false},
		{"multicast", fax("192.0.2.1:4000", "239.1.1.1:5000"), 0, false},
	} {
		for _, other := range []bool{false, true} { // alone, and beside the fax of others
			table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
			if other {
				table.UDPTL(fax("192.0.2.7:4000", dst), &udptl.Header{}, 0, 0)
			}
			before := table.Len()
			if got := table.UDPTL(tt.f, &udptl.Header{Seq: tt.seq}, 0, 0); got != tt.want || table.Len()-before != map[bool]int{true: 1}[got] {
				t.Errorf("%s: %v, %d streams", tt.name, got, table.Len())
			}
		}
	}
}

// Fax and RTP between the same ports, with SSRC 0, are two streams; one stays fax over a jump of its numbers; nothing of it is left.
func TestUDPTLAndRTP(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	f := to("198.51.100.1:5000")
	f.PayloadLen = 40
	now := second
	for i := range uint16(60) {
		table.Advance(now)
		table.Packet(f, header(0, i), 0, now)
		if !table.UDPTL(f, &udptl.Header{Seq: i}, 0, now) {
			t.Fatal("not counted")
		}
		now += second / 10
	}
	table.UDPTL(f, &udptl.Header{Seq: 30000}, 0, now)
	table.UDPTL(f, &udptl.Header{Seq: 30001}, 0, now)
	if !table.UDPTL(f, &udptl.Header{Seq: 30002}, 0, now) || table.Len() != 2 || table.faxes != 1 {
		t.Errorf("%d streams, %d faxes", table.Len(), table.faxes)
	}
	table.Finish(now)
	var packets []uint64
	for _, e := range table.Events {
		if e.Kind == Confirmed && e.UDPTL {
			t.Error("fax was confirmed")
		}
		if e.Kind == Closed && e.UDPTL {
			packets = append(packets, e.Stream.Packets)
			if _, ok := e.Stream.JitterMS(0); ok {
				t.Error("there is jitter")
			}
		}
	}
	if want := []uint64{60, 3}; !slices.Equal(packets, want) || table.faxes != 0 || table.Stats.Confirmed != 1 {
		t.Errorf("fax of %v packets, want %v; %d left, %d confirmed", packets, want, table.faxes, table.Stats.Confirmed)
	}
}

// What MayBeUDPTL turns away, UDPTL does not count, whatever the table follows.
func TestMayBeUDPTL(t *testing.T) {
	for _, following := range []bool{false, true} {
		for _, ends := range [][2]string{
			{"192.0.2.1:4000", "198.51.100.1:5000"}, {"192.0.2.1:1023", "198.51.100.1:5000"}, {"192.0.2.1:4000", "198.51.100.1:1023"},
		} {
			for _, seq := range []uint16{0, maxFirstUDPTL - 1, maxFirstUDPTL, 1 << 8, 1<<16 - 1} {
				table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
				if following {
					table.UDPTL(fax("192.0.2.1:4000", "198.51.100.1:5000"), &udptl.Header{}, 0, 1)
				}
				f := fax(ends[0], ends[1])
				f.Payload = []byte{byte(seq >> 8), byte(seq), 1, 0, 0, 0}
				may, counts := table.MayBeUDPTL(f), table.UDPTL(f, &udptl.Header{Seq: seq}, 0, 1)
				if may != counts {
					t.Errorf("number %d from %s to %s, following %v: may be %v, counted %v", seq, ends[0], ends[1], following, may, counts)
				}
			}
		}
	}
	if NewTable(TableConfig{Streams: 1}).MayBeUDPTL(&decode.Frame{Src: decode.Endpoint{Port: 4000}, Dst: decode.Endpoint{Port: 5000}, Payload: []byte{0}}) {
		t.Error("one octet may be UDPTL")
	}
}

func TestUDPTLDoesNotAllocate(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	f, u := fax("192.0.2.1:4000", "198.51.100.1:5000"), &udptl.Header{}
	table.UDPTL(f, u, 0, 1)
	if n := testing.AllocsPerRun(1000, func() { u.Seq++; table.UDPTL(f, u, 0, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTableUDPTL(b *testing.B) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	f, u := fax("192.0.2.1:4000", "198.51.100.1:5000"), &udptl.Header{}
	table.UDPTL(f, u, 0, 1)
	b.Run("stream", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			u.Seq++
			table.UDPTL(f, u, 0, 1)
		}
	})
	b.Run("none", func(b *testing.B) { // what looks like it and is none, beside a fax
		b.ReportAllocs()
		f := fax("192.0.2.2:4000", "198.51.100.1:5000")
		u := &udptl.Header{Seq: 1000}
		for b.Loop() {
			table.UDPTL(f, u, 0, 1)
		}
	})
}
