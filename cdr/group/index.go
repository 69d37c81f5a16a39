package group

import (
	"slices"
	"time"

	"calltrail/cdr/dialog"
	"calltrail/decode/sip"
)

// Bounds in time.
const (
	// passOn is how long a host takes to send a call on to the next leg.
	passOn = int64(5 * time.Second)
	// tryAgain is how long after a refusal or a redirection another INVITE is the same call (facts of the field: timer B,
	// RFC 3261 section 17.1.1.2), and how long after a REFER its target may be called.
	tryAgain = int64(32 * time.Second)
	// maxLooked bounds how many legs with the same sign are looked at, newest first: somebody who sends thousands of calls to
	// one number must not make each cost thousands. It also bounds how many legs a transfer takes into another group.
	maxLooked = 32
	// maxTargets bounds the places that one leg was sent on to.
	maxTargets = 8
)

// Stats counts what an Index did.
type Stats struct {
	// Joined legs, by what showed that they belong to another.
	CallID, SessionID, ICID, Origin, Heuristic uint64
}

// Index holds the legs that are in memory. One goroutine uses it.
type Index struct {
	Stats Stats

	legs   map[*dialog.Call]*leg
	newest [numSigns]map[string]*link // of the legs that show the same
}

// sign is what legs are found by.
type sign uint8

const (
	ofSession sign = iota // the caller's UUID of Session-ID
	ofICID                // icid-value
	ofOrigin              // o= of the caller's session description
	ofCallID
	ofCallee // the number or user called
	ofGroup  // the name of the group
	ofTarget // a number or user that a REFER in the leg named, or a 3xx to it
	ofTaken  // Call-ID of the dialog that a REFER in the leg wants to be taken over
	numSigns
	numLinks = ofTarget // the signs before it a leg has once
)

// leg is what is compared of one call leg.
type leg struct {
	call   *dialog.Call
	shows  [numLinks]string // "" for what it does not show
	links  [numLinks]link
	caller string
	// targets are where it was sent on to and what it was to take over, sentAt when that was seen last.
	targets []*target
	sentAt  int64
}

// link is a leg's place among those that show the same. The zero link is none.
type link struct {
	leg          *leg
	older, newer *link
}

type target struct {
	sign  sign
	value string
	link  link
}

// Numbers gives the number or user by which a header value's URI is compared, the same however it is written, "" for none.
type Numbers func(value []byte) string

// New returns an empty Index.
func New() *Index {
	x := &Index{legs: map[*dialog.Call]*leg{}}
	for s := range x.newest {
		x.newest[s] = map[string]*link{}
	}
	return x
}

// Len is the number of legs in memory. It is bounded by dialog.Table's calls.
func (x *Index) Len() int { return len(x.legs) }

// Begin takes in a leg that has begun, and returns its group. number compares its parties.
func (x *Index) Begin(c *dialog.Call, number Numbers) dialog.Group {
	l := newLeg(c, number)
	g := x.find(l, number)
	l.shows[ofGroup] = g.Name
	x.add(l)
	return g
}

// Restore takes in a leg of an earlier run, which has its group.
func (x *Index) Restore(c *dialog.Call, number Numbers) {
	l := newLeg(c, number)
	l.shows[ofGroup] = c.Group.Name
	x.add(l)
	x.target(l, number)
}

func newLeg(c *dialog.Call, number Numbers) *leg {
	l := &leg{call: c, caller: number(c.Text.Get(dialog.From))}
	l.shows = [numLinks]string{
		ofSession: sessionOf(c.Text.Get(dialog.SessionID)), ofICID: string(c.Text.Get(dialog.ICID)),
		ofOrigin: originOf(c.Text.Get(dialog.Origin)), ofCallID: c.CallID, ofCallee: number(c.Text.Get(dialog.To)),
	}
	return l
}

func (x *Index) add(l *leg) {
	x.legs[l.call] = l
	for s, value := range l.shows {
		x.put(sign(s), value, &l.links[s], l)
	}
}

// Join says that a leg comes into another group than it had.
type Join struct {
	Call  *dialog.Call
	Group dialog.Group
}

// Redirected notes where a leg was sent on to, by Refer-To or by the Contact of a 3xx: the next leg there belongs to it. When a
// REFER names a dialog for its target to take over (RFC 5589 section 7), that dialog's group becomes the leg's: somebody asked
// first, and then sent the caller on. What is returned is for dialog.Table's Join.
func (x *Index) Redirected(c *dialog.Call, number Numbers) (joins []Join) {
	l := x.legs[c]
	if l == nil {
		return nil
	}
	x.target(l, number)
	o := x.named(c.Text.Get(dialog.ReferReplaces))
	if o == nil || o.shows[ofGroup] == l.shows[ofGroup] {
		return nil
	}
	g := dialog.Group{Method: byCallID, Name: l.shows[ofGroup]}
	for n, looked := x.newest[ofGroup][o.shows[ofGroup]], 0; n != nil && looked < maxLooked; looked++ {
		other, older := n.leg, n.older
		x.drop(ofGroup, other.shows[ofGroup], n)
		other.shows[ofGroup] = g.Name
		x.put(ofGroup, g.Name, n, other)
		x.Stats.CallID++
		joins = append(joins, Join{other.call, g})
		n = older
	}
	return joins
}

// target takes in where a leg was sent on to.
func (x *Index) target(l *leg, number Numbers) {
	for r := range l.call.Text.Redirects {
		if r.Source == "3xx" || r.Source == "refer" {
			l.sentAt = l.call.LastSeen
			x.aim(l, ofTarget, number(r.Value))
		}
	}
	if r, err := sip.ParseReplaces(l.call.Text.Get(dialog.ReferReplaces)); err == nil {
		x.aim(l, ofTaken, string(r.CallID))
	}
}

// aim notes one target, once.
func (x *Index) aim(l *leg, s sign, value string) {
	if value == "" || len(l.targets) == maxTargets ||
		slices.ContainsFunc(l.targets, func(t *target) bool { return t.sign == s && t.value == value }) {
		return
	}
	t := &target{sign: s, value: value}
	l.targets = append(l.targets, t)
	x.put(s, value, &t.link, l)
}

// Leave forgets a leg.
func (x *Index) Leave(c *dialog.Call) {
	l := x.legs[c]
	if l == nil {
		return
	}
	delete(x.legs, c)
	for s, value := range l.shows {
		x.drop(sign(s), value, &l.links[s])
	}
	for _, t := range l.targets {
		x.drop(t.sign, t.value, &t.link)
	}
}

// put makes n the newest of those with a value.
func (x *Index) put(s sign, value string, n *link, l *leg) {
	if value == "" {
		return
	}
	*n = link{leg: l, older: x.newest[s][value]}
	if n.older != nil {
		n.older.newer = n
	}
	x.newest[s][value] = n
}

func (x *Index) drop(s sign, value string, n *link) {
	if n.leg == nil {
		return
	}
	if n.older != nil {
		n.older.newer = n.newer
	}
	switch {
	case n.newer != nil:
		n.newer.older = n.older
	case n.older != nil:
		x.newest[s][value] = n.older
	default:
		delete(x.newest[s], value)
	}
	*n = link{}
}

// look is the newest leg with a value that fits.
func (x *Index) look(s sign, value string, fits func(*leg) bool) *leg {
	n := x.newest[s][value]
	for looked := 0; n != nil && looked < maxLooked; looked++ {
		if fits(n.leg) {
			return n.leg
		}
		n = n.older
	}
	return nil
}
