package media

import (
	"fmt"
	"slices"
	"testing"

	"calltrail/decode/rtp"
	"calltrail/decode/sdp"
)

// In a bundle the payload type tells which m= line a stream is of.
func TestBundledLines(t *testing.T) {
	w := newWorld(t)
	var s, again Session
	const text = "a=group:BUNDLE a v\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.10\r\na=mid:a\r\n" +
		"m=video %d RTP/AVP 96\r\nc=IN IP4 192.0.2.10\r\na=mid:v\r\na=rtpmap:96 VP8/90000\r\n"
	round := w.sdp(&s, Caller, aliceSIP, 0, 0, fmt.Sprintf(text, 4000))
	var d sdp.Description
	if err := d.Parse([]byte("v=0\r\n" + fmt.Sprintf(text, 4000))); err != nil {
		t.Fatal(err)
	}
	if w.index.Describe(&s, Caller, &d, at(aliceSIP), 0, round, w.now) {
		t.Error("a copy changes the session")
	}
	if !w.index.Describe(&s, Caller, &d, at(aliceSIP), 0, round+1, w.now) {
		t.Error("a new offer does not")
	}
	st := s.State()
	if err := NewIndex().Restore(&again, &st, &SessionMore{}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Session{&s, &again} {
		for _, c := range []struct {
			pt   uint8
			want sdp.MediaType
		}{{8, sdp.MediaAudio}, {96, sdp.MediaVideo}, {99, sdp.MediaAudio}} {
			if l, known := s.bindings[0].lines.of(c.pt, false); l.Type != c.want || known != (c.pt != 99) {
				t.Errorf("payload type %d is %v, known %v", c.pt, l.Type, known)
			}
		}
		if len(s.bindings) != 1 {
			t.Errorf("%d addresses", len(s.bindings))
		}
	}
	// In an offer the video has an address of its own, which counts if the other side knows no bundles.
	w.sdp(&s, Caller, aliceSIP, 0, 0, fmt.Sprintf(text, 4002))
	for a, lines := range map[string]int{alice: 2, "192.0.2.10:4002": 1} {
		i := slices.IndexFunc(s.bindings, func(b *binding) bool { return b.at.Endpoint == at(a) })
		if i < 0 || (s.bindings[i].lines.next != nil) != (lines == 2) {
			t.Errorf("%s is not announced with %d lines", a, lines)
		}
	}
	w.index.Forget(&s)
	w.empty()
}

// A call that goes over to T.38 on the port of its sound: each has the line that was valid for it.
func TestFaxOnThePortOfTheSound(t *testing.T) {
	w := newWorld(t)
	var s Session
	w.describe(&s, Callee, bobSIP, 0, 0, bob)
	w.describe(&s, Caller, aliceSIP, 0, 0, alice)
	w.rtp(101, 102, alice, bob, 1, 0)
	w.sdp(&s, Callee, bobSIP, 0, 0, "m=image 5000 udptl t38\r\nc=IN IP4 198.51.100.20\r\n")
	w.index.Commit(&s, Callee, w.now)
	var st rtp.Stream
	st.StartUntimed(&rtp.Header{Seq: 0, PayloadLen: 30}, w.now)
	ev := Event{Kind: Opened, ID: StreamID{Slot: 77}, Flow: Flow{Src: at(alice), Dst: at(bob)}, At: w.now, Stream: st, UDPTL: true}
	w.index.Handle(&ev)
	for o := range s.Open {
		if o.Line == nil || o.UDPTL != (o.Line.Type == sdp.MediaImage) {
			t.Errorf("open: %+v", o)
		}
	}
	ev.Kind = Closed
	w.index.Handle(&ev)
	w.table.Finish(w.now)
	w.events()
	if n := len(s.Observed()); n != 2 {
		t.Fatalf("%d streams", n)
	}
	for _, o := range s.Observed() {
		if want := map[bool]sdp.MediaType{false: sdp.MediaAudio, true: sdp.MediaImage}[o.UDPTL]; !o.HasLine || o.Line.Type != want {
			t.Errorf("udptl %t has the line of %v", o.UDPTL, o.Line.Type)
		}
	}
	w.index.Forget(&s)
	w.empty()
}
