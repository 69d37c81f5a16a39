package media

import (
	"fmt"
	"slices"
	"testing"
)

// A session whose end is in doubt goes on when its parties send on, and only then; what they sent meanwhile counts then.
func TestDoubt(t *testing.T) {
	cases := []struct {
		name string
		send func(w *world)
		on   string   // when it is told to go on, "" for never
		want []string // all streams of the session
	}{
		{"nothing comes", func(*world) {}, "", nil},
		{
			"media ends in time", func(w *world) { w.rtp(100, 104, alice, bob, 1, 0) }, "",
			[]string{"0: " + alice + ">" + bob + " caller 100"},
		},
		{
			"media goes on: it shows a second after the grace", func(w *world) { w.rtp(100, 110, alice, bob, 1, 0) }, "106.00",
			[]string{"0: " + alice + ">" + bob + " caller 500"},
		},
		{
			"the other side's does", func(w *world) { w.rtp(100, 110, bob, alice, 2, 0) }, "106.00",
			[]string{"0: " + bob + ">" + alice + " callee 500"},
		},
		{
			"it comes after a silence, and so counts from there, with what came before", func(w *world) {
				w.rtp(102.5, 103.5, alice, bob, 1, 0)
				w.rtp(120, 121, alice, bob, 1, 0)
			}, "120.00", []string{"0: " + alice + ">" + bob + " caller 100"},
		},
		{
			"a stranger's is nobody's", func(w *world) { w.rtp(103, 130, stranger, bob, 3, 0) }, "", nil,
		},
	}
	for _, c := range cases {
		for _, believed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%t", c.name, believed), func(t *testing.T) {
				w := newWorld(t)
				var s Session
				w.describe(&s, Caller, aliceSIP, 0, 0, alice)
				w.describe(&s, Callee, bobSIP, 0, 0, bob)
				told := ""
				w.index.GoesOn = func(owner any, now int64) {
					if owner != any(&s) {
						t.Error("another owner")
					}
					told += fmt.Sprintf("%.2f", float64(now)/1e9)
					w.index.Reopen(&s)
				}
				w.index.End(&s, w.now)
				w.index.Doubt(&s, w.now+5*second, &s)
				if believed {
					w.index.Believe(&s)
				}
				c.send(w)
				w.pass(200)
				want, on := c.want, c.on
				if believed {
					on = ""
				}
				if told != on {
					t.Errorf("goes on at %q, want %q", told, on)
				}
				if got := w.sums(&s); (!believed || c.on == "") && !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
				if believed && (s.doubt != nil || len(s.claimed) != 0) {
					t.Errorf("%d streams are followed of a session that is over", len(s.claimed))
				}
			})
		}
	}
}

// A stream that is followed after an end is a new call's as soon as that announces its address.
func TestDoubtYieldsToANewCall(t *testing.T) {
	w := newWorld(t)
	var old, next Session
	w.describe(&old, Caller, aliceSIP, 0, 0, alice)
	w.describe(&old, Callee, bobSIP, 0, 0, bob)
	w.index.GoesOn = func(any, int64) { t.Error("the old call goes on") }
	w.index.End(&old, w.now)
	w.index.Doubt(&old, w.now+5*second, &old)
	w.rtp(103, 103.5, alice, bob, 1, 0) // early media of the next call
	w.describe(&next, Caller, aliceSIP, 0, 0, alice)
	w.describe(&next, Callee, bobSIP, 0, 0, bob)
	w.rtp(103.5, 113, alice, bob, 1, 0)
	w.index.End(&next, w.now) // and what comes after that is not the old one's again
	w.rtp(113, 120, alice, bob, 1, 0)
	w.pass(200)
	if got, want := w.sums(&old, &next), []string{"1: " + alice + ">" + bob + " caller 600"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
