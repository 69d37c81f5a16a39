package media

import (
	"math/rand/v2"
	"slices"
	"testing"

	"calltrail/decode"
	"calltrail/decode/rtp"
)

// packets gives a table packets of a stream with the numbers, one each step of packet time from second 1 on, and returns the kinds
// of the events.
func packets(table *Table, f *decode.Frame, pt uint8, step int64, numbers ...uint16) (kinds []EventKind) {
	now := second
	for _, n := range numbers {
		table.Advance(now)
		table.Packet(f, &rtp.Header{PayloadType: pt, Seq: n, SSRC: 1, PayloadLen: 160}, 0, now)
		now += step
	}
	for _, e := range table.Events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func count(from, n, by int) (list []uint16) {
	for i := range n {
		list = append(list, uint16(from+i*by))
	}
	return list
}

func twice(list []uint16) (both []uint16) {
	for _, n := range list {
		both = append(both, n, n)
	}
	return both
}

func to(dst string) *decode.Frame {
	return &decode.Frame{Src: at("192.0.2.1:4000"), Dst: at(dst)}
}

func TestConfirm(t *testing.T) {
	const ms20 = second / 50
	broken := func(run, runs int) (list []uint16) { // runs of so many numbers, one missing after each
		for i := range runs {
			list = append(list, count(i*(run+1), run, 1)...)
		}
		return list
	}
	tests := []struct {
		name    string
		dst     string
		pt      uint8
		step    int64
		numbers []uint16
		want    bool
	}{
		{"20 ms for 1 s", "198.51.100.1:5000", 8, ms20, count(65530, 51, 1), true},
		{"not 1 s yet", "198.51.100.1:5000", 8, ms20, count(0, 50, 1), false},
		{"19 packets", "198.51.100.1:5000", 8, second / 10, count(0, 19, 1), false},
		{"20 packets", "198.51.100.1:5000", 8, second / 10, count(0, 20, 1), true},
		{"copies", "198.51.100.1:5000", 8, ms20 / 2, twice(count(0, 51, 1)), true},
		{"every eleventh lost", "198.51.100.1:5000", 8, ms20, broken(10, 6), true},
		{"every tenth lost", "198.51.100.1:5000", 8, ms20, broken(9, 60), false},
		{"IPv6", "[2001:db8::1]:5000", 8, ms20, count(0, 60, 1), true},
		{"H.263", "198.51.100.1:5000", 34, ms20, count(0, 60, 1), true},
		{"dynamic", "198.51.100.1:5000", 120, ms20, count(0, 60, 1), true},

		{"constant number", "198.51.100.1:5000", 8, ms20, count(7, 5000, 0), false},
		{"counts by two", "198.51.100.1:5000", 8, ms20, count(0, 5000, 2), false},
		{"counts by 256: the other byte order", "198.51.100.1:5000", 8, ms20, count(0, 5000, 256), false},
		{"counts down", "198.51.100.1:5000", 8, ms20, count(5000, 5000, -1), false},
		{"a burst", "198.51.100.1:5000", 8, 1000, count(0, 5000, 1), false},
		{"multicast", "239.1.2.3:5000", 8, ms20, count(0, 5000, 1), false},
		{"IPv6 multicast", "[ff0e::1]:5000", 8, ms20, count(0, 5000, 1), false},
		{"broadcast", "255.255.255.255:5000", 8, ms20, count(0, 5000, 1), false},
		{"MPEG video", "198.51.100.1:5000", 32, ms20, count(0, 5000, 1), false},
		{"MPEG transport stream", "198.51.100.1:5000", 33, ms20, count(0, 5000, 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
			kinds := packets(table, to(tt.dst), tt.pt, tt.step, tt.numbers...)
			if got := slices.Contains(kinds, Confirmed); got != tt.want {
				t.Errorf("confirmed %v: %v", got, kinds)
			}
			table.Finish(table.now)
			last := table.Events[len(table.Events)-1]
			if last.Kind != Closed || last.Proven != tt.want || (table.Stats.Confirmed == 1) != tt.want {
				t.Errorf("at its end %+v", last)
			}
		})
	}
}

func TestConfirmAsConfigured(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second, Confirm: 30})
	if kinds := packets(table, to("198.51.100.1:5000"), 8, second/10, count(0, 29, 1)...); len(kinds) != 1 {
		t.Errorf("29 packets: %v", kinds)
	}
	table = NewTable(TableConfig{Streams: 10, Idle: 30 * second, Confirm: 30})
	if kinds := packets(table, to("198.51.100.1:5000"), 8, second/10, count(0, 60, 1)...); !slices.Equal(kinds, []EventKind{Opened, Confirmed}) {
		t.Errorf("60 packets: %v", kinds)
	}
}

// Media stays media when its numbers begin anew; what was none before a jump is none because of it.
func TestConfirmedOverAJump(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	kinds := packets(table, to("198.51.100.1:5000"), 8, second/10, append(count(0, 20, 1), 40000, 40001)...)
	if want := []EventKind{Opened, Confirmed, Closed, Opened, Confirmed}; !slices.Equal(kinds, want) {
		t.Fatalf("got %v, want %v", kinds, want)
	}
	e := table.Events
	if e[1].ID != e[0].ID || e[4].ID != e[3].ID || e[4].ID == e[0].ID || !e[2].Proven || e[4].At != e[3].At {
		t.Errorf("%+v", e)
	}
	table = NewTable(TableConfig{Streams: 10, Idle: 30 * second})
	kinds = packets(table, to("198.51.100.1:5000"), 8, second/10, append(count(0, 15, 1), 40000, 40001)...)
	if want := []EventKind{Opened, Closed, Opened}; !slices.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
}

// Datagrams whose first octet is RTP's and whose rest is chance are never media, on flows of their own or on one.
func TestNoiseIsNeverConfirmed(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	table := NewTable(TableConfig{Streams: 131_072, Idle: 30 * second})
	parsed := 0
	noise := func(n int, change func(b []byte, i int)) {
		now := table.now + second
		b := make([]byte, 60)
		for i := range n {
			for k := range b {
				b[k] = byte(r.Uint32())
			}
			b[0] = 128 | b[0]&63
			change(b, i)
			var h rtp.Header
			if rtp.Parse(b, len(b), &h) != nil {
				continue
			}
			parsed++
			now += second / 1000
			table.Advance(now)
			table.Packet(frame(i%7), &h, 0, now)
			for _, e := range table.Events {
				if e.Kind == Confirmed || e.Proven {
					t.Fatalf("confirmed: %+v", e)
				}
			}
			table.Events = table.Events[:0]
		}
	}
	noise(100_000, func([]byte, int) {})
	noise(20_000, func(b []byte, _ int) { copy(b[8:], "SSRC") })                         // constant there
	noise(20_000, func(b []byte, _ int) { copy(b, "\x80\x00AAtimeSSRC") })               // all constant
	noise(20_000, func(b []byte, i int) { copy(b[8:], "SSRC"); b[3] = byte(i / 7) })     // a counter of eight bits, noise above
	noise(20_000, func(b []byte, i int) { copy(b, "\x80\x00"); b[2] = byte(i / 7 % 5) }) // few values, SSRC random
	if parsed < 90_000 {
		t.Errorf("only %d could be parsed", parsed)
	}
}
