package media

import (
	"testing"

	"calltrail/decode/rtp"
)

// A stream that was closed and begun again lacks what was lost in between, once.
func TestLossOverACut(t *testing.T) {
	piece := func(from int64, seqs ...uint16) *Event {
		var st rtp.Stream
		for i, n := range seqs {
			if i == 0 {
				st.Start(header(7, n), from)
			} else {
				st.Add(header(7, n), from+int64(i)*20e6)
			}
		}
		return &Event{Kind: Closed, Flow: Flow{Src: at(alice), Dst: at(bob), SSRC: 7}, Stream: st}
	}
	for _, c := range []struct {
		name   string
		pieces []*Event
		want   uint64
	}{
		{"nothing lost", []*Event{piece(0, 10, 11), piece(1e9, 12, 13)}, 0},
		{"three at the cut", []*Event{piece(0, 10, 11), piece(1e9, 15, 16)}, 3},
		{"over 65535, with loss within", []*Event{piece(0, 65530, 65532), piece(1e9, 1, 3), piece(2e9, 4)}, 1 + 4 + 1},
		{"a late packet comes after the cut", []*Event{piece(0, 10, 12), piece(1e9, 11, 13)}, 0},
		{"a copy comes after the cut", []*Event{piece(0, 10, 11), piece(1e9, 11, 12)}, 0},
		{"another run of numbers", []*Event{piece(0, 10, 12), piece(1e9, 5000, 5002)}, 2},
		{"and the first one's are not missing in the second's next part", []*Event{piece(0, 10, 12), piece(1e9, 5000), piece(2e9, 5002)}, 2},
		{"a long pause", []*Event{piece(0, 10, 12), piece(40e9, 20, 21)}, 1},
		{"told of in the wrong order", []*Event{piece(1e9, 20, 22), piece(0, 10, 12), piece(2e9, 24)}, 3},
	} {
		var s Session
		for _, ev := range c.pieces {
			s.add(&claim{session: &s}, ev)
		}
		if o := s.Observed(); len(o) != 1 || o[0].Lost != c.want {
			t.Errorf("%s: %+v, want %d lost", c.name, o, c.want)
		}
	}
}

// The newest name that RTCP gave the sender is kept, whichever part of the stream it came with.
func TestCName(t *testing.T) {
	var s Session
	for _, name := range []string{"", "a@192.0.2.10", "b@192.0.2.10", ""} {
		var st rtp.Stream
		st.Start(header(7, 1), 100)
		s.add(&claim{session: &s}, &Event{Kind: Closed, Stream: st, CName: name})
	}
	if o := s.Observed(); len(o) != 1 || o[0].CName != "b@192.0.2.10" {
		t.Errorf("%+v", o)
	}
}
