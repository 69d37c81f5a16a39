package media

import (
	"slices"
	"strings"
	"testing"

	"calltrail/decode"
)

// sdes is a compound RTCP packet (RR and SDES) of sender ssrc, with a canonical name.
func sdes(ssrc uint32, name string) []byte {
	id := []byte{byte(ssrc >> 24), byte(ssrc >> 16), byte(ssrc >> 8), byte(ssrc)}
	chunk := slices.Concat(id, []byte{1, byte(len(name))}, []byte(name), []byte{0})
	for len(chunk)%4 != 0 {
		chunk = append(chunk, 0)
	}
	rr := slices.Concat([]byte{0x80, 201, 0, 1}, id)
	return slices.Concat(rr, []byte{0x81, 202, 0, byte(len(chunk) / 4)}, chunk)
}

func report(src, dst string, b []byte) *decode.Frame {
	return &decode.Frame{Src: at(src), Dst: at(dst), Payload: b, PayloadLen: len(b)}
}

func TestReport(t *testing.T) {
	const alice = "alice@192.0.2.1"
	cut := report("192.0.2.1:4001", "198.51.100.1:5001", sdes(7, alice)[:20])
	cut.PayloadLen = 100
	tests := []struct {
		name string
		f    *decode.Frame
		want string
	}{
		{"RTCP on both next ports", report("192.0.2.1:4001", "198.51.100.1:5001", sdes(7, alice)), alice},
		{"on the ports of RTP", report("192.0.2.1:4000", "198.51.100.1:5000", sdes(7, alice)), alice},
		{"on the sender's next port", report("192.0.2.1:4001", "198.51.100.1:5000", sdes(7, alice)), alice},
		{"on the receiver's next port", report("192.0.2.1:4000", "198.51.100.1:5001", sdes(7, alice)), alice},
		{"255 octets", report("192.0.2.1:4000", "198.51.100.1:5000", sdes(7, strings.Repeat("a", 255))), strings.Repeat("a", 255)},

		{"random", report("192.0.2.1:4001", "198.51.100.1:5001", sdes(7, "4TOk42mSjXCkVIa6")), ""},
		{"another sender", report("192.0.2.1:4001", "198.51.100.1:5001", sdes(8, alice)), ""},
		{"two ports on", report("192.0.2.1:4002", "198.51.100.1:5002", sdes(7, alice)), ""},
		{"the port before", report("192.0.2.1:3999", "198.51.100.1:4999", sdes(7, alice)), ""},
		{"the way back", report("198.51.100.1:5001", "192.0.2.1:4001", sdes(7, alice)), ""},
		{"another host", report("192.0.2.9:4001", "198.51.100.1:5001", sdes(7, alice)), ""},
		{"not framed", report("192.0.2.1:4001", "198.51.100.1:5001", append(sdes(7, alice), 1, 2, 3, 4)), ""},
		{"cut before the name", cut, ""},
		{"no RTCP", report("192.0.2.1:4001", "198.51.100.1:5001", []byte("hello")), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
			table.Report(tt.f, 0, 1) // no stream yet: ignored
			table.Advance(second)
			table.Packet(to("198.51.100.1:5000"), header(7, 1), 0, second)
			table.Report(tt.f, 3, second) // of another network
			if len(table.names) != 0 {
				t.Error("a report without its stream was kept")
			}
			table.Report(tt.f, 0, second)
			if got := table.Stats.Named == 1; got != (tt.want != "") {
				t.Errorf("named %d", table.Stats.Named)
			}
			table.Finish(2 * second)
			if e := table.Events[len(table.Events)-1]; e.Kind != Closed || e.CName != tt.want {
				t.Errorf("got %q, want %q", e.CName, tt.want)
			}
			if len(table.names) != 0 {
				t.Errorf("%d names are left", len(table.names))
			}
		})
	}
}

// A name goes with its stream, stays over a jump of the numbers, and does not come to the next stream in the slot.
func TestNameOfAStream(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	f, dst := to("198.51.100.1:5000"), "198.51.100.1:5001"
	table.Packet(f, header(7, 1), 0, 1)
	table.Report(report("192.0.2.1:4001", dst, sdes(7, "old@a")), 0, 1)
	table.Report(report("192.0.2.1:4001", dst, sdes(7, "alice@a")), 0, 1)
	table.Report(report("192.0.2.1:4001", dst, sdes(7, "4TOk42mSjXCkVIa6")), 0, 1) // says nothing
	table.Packet(f, header(7, 40000), 0, 1)
	table.Packet(f, header(7, 40001), 0, 1)
	table.Advance(40 * second)
	table.Packet(f, header(7, 1), 0, 40*second)
	table.Finish(41 * second)
	var names []string
	for _, e := range table.Events {
		if e.Kind == Closed {
			names = append(names, e.CName)
		} else if e.CName != "" {
			t.Errorf("event %d has a name", e.Kind)
		}
	}
	if want := []string{"alice@a", "alice@a", ""}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if len(table.names) != 0 || table.Stats.Named != 1 {
		t.Errorf("%d names left, %d named", len(table.names), table.Stats.Named)
	}
}

// A report keeps no stream open.
func TestReportIsNoMedia(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	table.Packet(to("198.51.100.1:5000"), header(7, 1), 0, 0)
	table.Advance(29 * second)
	table.Report(report("192.0.2.1:4001", "198.51.100.1:5001", sdes(7, "alice@a")), 0, 29*second)
	if table.Advance(30 * second); table.Len() != 0 {
		t.Error("open after 30 s without a packet")
	}
}

func TestRepeatedReportDoesNotAllocate(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	table.Packet(to("198.51.100.1:5000"), header(7, 1), 0, 1)
	f := report("192.0.2.1:4001", "198.51.100.1:5001", sdes(7, "alice@192.0.2.1"))
	random := report("192.0.2.1:4001", "198.51.100.1:5001", sdes(7, "4TOk42mSjXCkVIa6"))
	table.Report(f, 0, 1)
	if n := testing.AllocsPerRun(1000, func() {
		table.Report(f, 0, 1)
		table.Report(random, 0, 1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTableReport(b *testing.B) {
	table := NewTable(TableConfig{Streams: 1000, Idle: 30 * second})
	for n := range 1000 {
		table.Packet(frame(n), header(7, 1), 0, 1)
	}
	f := frame(7)
	f.Src.Port++
	f.Dst.Port++
	f.Payload = sdes(7, "alice@192.0.2.1")
	f.PayloadLen = len(f.Payload)
	b.ReportAllocs()
	for b.Loop() {
		table.Report(f, 0, 1)
	}
}
