package group

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/dialog"
	"calltrail/cdr/record"
)

// transfer is two calls and everything that a leg can show.
const transfer = `0.0 A>P INVITE o=4711_1_IN_IP4_192.0.2.10 sid=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa icid=x
	0.1 P>B INVITE call=c2 ftag=2 o=4711_1_IN_IP4_192.0.2.10 sid=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa icid=x
	0.5 B>P 200 INVITE call=c2 ftag=2 ttag=8
	0.6 P>A 200 INVITE ttag=9
	5.0 B>P REFER call=c2 ftag=8 ttag=2 cseq=2 from=200 to=100 refer=300@example.com?Replaces=c3%3Bto-tag%3D7%3Bfrom-tag%3D3
	5.5 B>C INVITE call=c3 ftag=3 from=200 to=300
	6.0 D>P INVITE call=c4 ftag=4 from=101 to=201
	6.1 P>D 302 INVITE call=c4 ftag=4 ttag=6 from=101 to=201 contact=300`

// What has left is forgotten, however it was found, in whatever order.
func TestLeave(t *testing.T) {
	for seed := range uint64(20) {
		r := newRig(t)
		r.lines(transfer)
		if n := r.index.Len(); n != 4 {
			t.Fatalf("%d legs", n)
		}
		var legs []*dialog.Call
		for c := range r.index.legs {
			legs = append(legs, c)
		}
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(legs), func(i, j int) { legs[i], legs[j] = legs[j], legs[i] })
		for _, c := range legs {
			r.index.Leave(c)
			r.index.Leave(c) // once more does no harm
			for s := range r.index.newest {
				for value, n := range r.index.newest[s] {
					for ; n != nil; n = n.older {
						if n.leg == nil || r.index.legs[n.leg.call] != n.leg {
							t.Fatalf("sign %d, %q: a leg that has left", s, value)
						}
					}
				}
			}
		}
		if n := r.index.Len(); n != 0 {
			t.Errorf("%d legs left", n)
		}
		for s := range r.index.newest {
			if n := len(r.index.newest[s]); n != 0 {
				t.Errorf("sign %d: %d values left", s, n)
			}
		}
	}
}

// The end of the input, and the end of each call's time, leave nothing either.
func TestLeftByTheTable(t *testing.T) {
	for name, end := range map[string]func(*rig){
		"time":   func(r *rig) { r.pass(epoch + int64(72*time.Hour)) },
		"finish": func(r *rig) { r.table.Finish(dialog.CaptureEnd) },
	} {
		r := newRig(t)
		r.lines(transfer)
		end(r)
		if n := r.index.Len(); n != r.table.Len() || n != 0 {
			t.Errorf("%s: %d legs, %d calls", name, n, r.table.Len())
		}
	}
}

// A group has the same name whichever sensor sees its legs, as long as it sees the first one, or one with a sign of its own.
func TestNameOnAnotherSensor(t *testing.T) {
	first := newRig(t)
	first.lines(transfer)
	for name, legs := range map[string]string{
		"all legs, an hour later": strings.ReplaceAll(transfer, "\t", "\t36"),
		"only the second":         `7.1 P>B INVITE call=c2 ftag=2 o=4711_1_IN_IP4_192.0.2.10 sid=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa icid=x`,
	} {
		second := newRig(t)
		second.lines(legs)
		a, b := first.calls["c2"].Group, second.calls["c2"].Group
		if a != b {
			t.Errorf("%s: %+v and %+v", name, a, b)
		}
		if x, y := record.GroupUID(Key(a)), record.GroupUID(Key(b)); x != y {
			t.Errorf("%s: %s and %s", name, x, y)
		}
	}
	if method, key := Key(first.calls["c4"].Group); method != "call_id" || key != "c4\x004" {
		t.Errorf("key %q by %s", key, method)
	}
}

// After a restart, calls that were saved have their groups, and what begins then joins them.
func TestRestore(t *testing.T) {
	before := newRig(t)
	before.lines(transfer)
	after := newRig(t)
	now := epoch + int64(7*time.Second)
	saved := dialog.NewSaved(100, now)
	for _, b := range before.saved {
		if _, err := saved.Snapshot(b); err != nil {
			t.Fatal(err)
		}
	}
	list, err := saved.Restore(after.table)
	if err != nil || len(list) != 4 {
		t.Fatal(len(list), err)
	}
	for _, c := range list {
		if want := before.calls[c.CallID].Group; c.Group != want {
			t.Errorf("%s: group %+v, want %+v", c.CallID, c.Group, want)
		}
		after.index.Restore(c, userOf)
		after.calls[c.CallID] = c
	}
	after.lines(`8.0 P>C INVITE call=c5 ftag=5 from=100 to=300 replaces=c3;to-tag=7;from-tag=3
		8.1 D>C INVITE call=c6 ftag=6 from=101 to=300
		8.2 Q>C INVITE call=c7 ftag=7 from=500 to=600 sid=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`)
	want := "c1:session_id c1:session_id c1:call_id c4:call_id c1:call_id c4:heuristic c1:session_id"
	// c3 was never answered, so that its To tag is not known: c5 is where c2's REFER pointed.
	want = strings.Replace(want, "c4:call_id c1:call_id", "c4:call_id c1:heuristic", 1)
	if got := after.grouping("c1", "c2", "c3", "c4", "c5", "c6", "c7"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// One leg is sent on to so many places and no more.
func TestTargetsAreBounded(t *testing.T) {
	r := newRig(t)
	r.lines("0.0 A>B INVITE\n0.5 B>A 200 INVITE ttag=9")
	for i := range 3 * maxTargets {
		r.line(fmt.Sprintf("%d.0 B>A REFER ftag=9 ttag=1 cseq=%d branch=r%d from=200 to=100 refer=%d@example.com", i+1, i+2, i, 300+i))
	}
	if n := len(r.index.newest[ofTarget]); n != maxTargets {
		t.Errorf("%d targets", n)
	}
}

// A call costs the same among many to the same number, from the same host, with the same o=, as among few.
func TestFlood(t *testing.T) {
	cost := func(calls int) time.Duration {
		r := newRig(t)
		r.lines("0.0 A>B INVITE o=4711_1_IN_IP4_192.0.2.10")
		first := r.calls["c1"]
		list := make([]dialog.Call, calls)
		for i := range list {
			list[i] = *first
			list[i].CallID, list[i].Group = fmt.Sprint("f", i), dialog.Group{}
		}
		begun := time.Now()
		for i := range list {
			r.index.Begin(&list[i], userOf)
		}
		for i := range list { // the oldest first, as time-outs do, then the newest first
			if i%2 == 0 {
				r.index.Leave(&list[i])
			} else {
				r.index.Leave(&list[calls-i])
			}
		}
		return time.Since(begun) / time.Duration(calls)
	}
	const ratio = 5
	var few, many time.Duration
	for range 10 { // other programs may be in the way: of the long one, the quickest counts
		few = max(few, cost(2_000))
		if took := cost(60_000); many == 0 || took < many {
			many = took
		}
		if many < ratio*few {
			return
		}
	}
	t.Errorf("%v a call among 2,000, %v among 60,000", few, many)
}
