package group

import (
	"slices"
	"time"

	"calltrail/cdr/dialog"
)

// Bounds in time.
const (
	// passOn is how long a host takes to send a call on to the next leg.
	passOn = int64(5 * time.Second)
	// tryAgain is how long after a refusal or a redirection another INVITE is the same call (facts of the field: timer B,
	// RFC 3261 section 17.1.1.2), and how long a transfer's target may take to be called.
	tryAgain = int64(32 * time.Second)
	// maxLooked bounds how many legs with the same sign are looked at, newest first: somebody who sends thousands of calls to
	// one number must not make each cost thousands.
	maxLooked = 32
)

// Stats counts what an Index did.
type Stats struct {
	// Joined legs, by what showed that they belong to another.
	CallID, SessionID, ICID, Origin, Heuristic uint64
}

// Index holds the legs that are in memory. One goroutine uses it.
type Index struct {
	Stats Stats

	legs     map[*dialog.Call]*leg
	sessions map[string][]*leg
	icids    map[string][]*leg
	origins  map[string][]*leg
	calls    map[string][]*leg // by Call-ID
	callees  map[string][]*leg // by the number or user called
	targets  map[string][]*leg // by the number or user that a REFER of theirs named, or a 3xx
}

// leg is what is compared of one call leg.
type leg struct {
	call           *dialog.Call
	session, icid  string
	origin         string
	caller, callee string
	targets        []string
}

// Numbers gives the number or user by which a header value's URI is compared, the same however it is written, "" for none.
type Numbers func(value []byte) string

// New returns an empty Index.
func New() *Index {
	return &Index{
		legs: map[*dialog.Call]*leg{}, sessions: map[string][]*leg{}, icids: map[string][]*leg{}, origins: map[string][]*leg{},
		calls: map[string][]*leg{}, callees: map[string][]*leg{}, targets: map[string][]*leg{},
	}
}

// Len is the number of legs in memory. It is bounded by dialog.Table's calls.
func (x *Index) Len() int { return len(x.legs) }

// Begin takes in a leg that has begun, and returns its group. number compares its parties.
func (x *Index) Begin(c *dialog.Call, number Numbers) dialog.Group {
	l := &leg{
		call: c, session: sessionOf(c.Text.Get(dialog.SessionID)), icid: string(c.Text.Get(dialog.ICID)),
		origin: originOf(c.Text.Get(dialog.Origin)), caller: number(c.Text.Get(dialog.From)), callee: number(c.Text.Get(dialog.To)),
	}
	g := x.find(l, number)
	x.add(l)
	return g
}

// Restore takes in a leg of an earlier run, which has its group.
func (x *Index) Restore(c *dialog.Call, number Numbers) {
	l := &leg{
		call: c, session: sessionOf(c.Text.Get(dialog.SessionID)), icid: string(c.Text.Get(dialog.ICID)),
		origin: originOf(c.Text.Get(dialog.Origin)), caller: number(c.Text.Get(dialog.From)), callee: number(c.Text.Get(dialog.To)),
	}
	x.add(l)
}

func (x *Index) add(l *leg) {
	x.legs[l.call] = l
	put(x.sessions, l.session, l)
	put(x.icids, l.icid, l)
	put(x.origins, l.origin, l)
	put(x.calls, l.call.CallID, l)
	put(x.callees, l.callee, l)
}

// Redirected notes where a leg was sent on to: by Refer-To or by the Contact of a 3xx. The next leg there is the same call.
func (x *Index) Redirected(c *dialog.Call, target string) {
	l := x.legs[c]
	if l == nil || target == "" || len(l.targets) >= maxTargets || slices.Contains(l.targets, target) {
		return
	}
	l.targets = append(l.targets, target)
	put(x.targets, target, l)
}

// maxTargets bounds the places that one leg was sent on to.
const maxTargets = 8

// Leave forgets a leg.
func (x *Index) Leave(c *dialog.Call) {
	l := x.legs[c]
	if l == nil {
		return
	}
	delete(x.legs, c)
	drop(x.sessions, l.session, l)
	drop(x.icids, l.icid, l)
	drop(x.origins, l.origin, l)
	drop(x.calls, c.CallID, l)
	drop(x.callees, l.callee, l)
	for _, t := range l.targets {
		drop(x.targets, t, l)
	}
}

func put(m map[string][]*leg, key string, l *leg) {
	if key != "" {
		m[key] = append(m[key], l)
	}
}

func drop(m map[string][]*leg, key string, l *leg) {
	if key == "" {
		return
	}
	list := m[key]
	for i, o := range list {
		if o == l {
			copy(list[i:], list[i+1:])
			list[len(list)-1] = nil
			list = list[:len(list)-1]
			break
		}
	}
	if len(list) == 0 {
		delete(m, key)
	} else {
		m[key] = list
	}
}
