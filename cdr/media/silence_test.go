package media

import (
	"testing"

	"calltrail/decode/sdp"
)

// When a session's silence says something, and since when it lasts.
func TestSilent(t *testing.T) {
	hold := func(w *world, s *Session, attribute string) {
		var d sdp.Description
		text := "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.10\r\n" + attribute
		if err := d.Parse([]byte(text)); err != nil {
			t.Fatal(err)
		}
		w.round++
		w.index.Describe(s, Caller, &d, at(aliceSIP), 0, w.round, w.now)
	}
	cases := []struct {
		name  string
		do    func(w *world, s *Session)
		since float64 // 0: it says nothing
	}{
		{"no media was ever seen", func(*world, *Session) {}, 0},
		{"a stream is open", func(w *world, _ *Session) { w.rtp(100, 110, alice, bob, 1, 0) }, 0},
		{"the stream was closed", func(w *world, _ *Session) { w.rtp(100, 110, alice, bob, 1, 0); w.pass(150) }, 109.98},
		{"two were: the later one counts", func(w *world, _ *Session) {
			w.rtp(100, 110, alice, bob, 1, 0)
			w.rtp(110, 120, bob, alice, 2, 0)
			w.pass(160)
		}, 119.98},
		{"a party is on hold", func(w *world, s *Session) {
			w.rtp(100, 110, alice, bob, 1, 0)
			hold(w, s, "a=sendonly\r\n")
			w.pass(150)
		}, 0},
		{"a party has put its port to 0", func(w *world, s *Session) {
			w.rtp(100, 110, alice, bob, 1, 0)
			hold(w, s, "m=audio 0 RTP/AVP 8\r\na=inactive\r\n")
			hold(w, s, "a=inactive\r\n")
			w.pass(150)
		}, 0},
		{"the hold was refused", func(w *world, s *Session) {
			w.rtp(100, 110, alice, bob, 1, 0)
			hold(w, s, "a=inactive\r\n")
			w.index.Rollback(s, Caller, w.round, w.now)
			w.pass(150)
		}, 109.98},
		{"the hold was ended", func(w *world, s *Session) {
			w.rtp(100, 110, alice, bob, 1, 0)
			hold(w, s, "a=inactive\r\n")
			hold(w, s, "a=sendrecv\r\n")
			w.pass(150)
		}, 109.98},
		{"it has moved to where nothing was seen yet", func(w *world, s *Session) {
			w.rtp(100, 110, alice, bob, 1, 0)
			w.describe(s, Callee, bobSIP, 0, 0, "198.51.100.99:7000")
			w.index.Commit(s, Callee, w.now)
			w.pass(150)
		}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			var s Session
			w.describe(&s, Caller, aliceSIP, 0, 0, alice)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			c.do(w, &s)
			since, ok := s.Silent()
			if ok != (c.since != 0) || ok && since != int64(c.since*1e9) {
				t.Errorf("silent since %v: %t, want %v", float64(since)/1e9, ok, c.since)
			}
		})
	}
}
