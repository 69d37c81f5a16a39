package group

import (
	"calltrail/cdr/dialog"
	"calltrail/decode/sip"
)

// find names the group of a leg that begins.
func (x *Index) find(l *leg, number Numbers) dialog.Group {
	c := l.call
	session, icid := l.shows[ofSession], l.shows[ofICID]
	if o := x.named(c.Text.Get(dialog.Replaces)); o != nil {
		return joined(byCallID, o, &x.Stats.CallID)
	}
	if o := x.look(ofTaken, c.CallID, func(o *leg) bool { return takesOver(o, c) }); o != nil {
		return joined(byCallID, o, &x.Stats.CallID)
	}
	if o := x.look(ofSession, session, func(*leg) bool { return true }); o != nil {
		return joined(bySessionID, o, &x.Stats.SessionID)
	}
	if o := x.look(ofICID, icid, func(o *leg) bool { return compatible(session, o.shows[ofSession]) }); o != nil {
		return joined(byICID, o, &x.Stats.ICID)
	}
	if o := x.look(ofCallID, c.CallID, func(o *leg) bool { return o.call.FirstTag == c.FirstTag }); o != nil {
		return dialog.Group{Method: byCallID, Name: o.shows[ofGroup]} // the Call-ID is used again, or it has branches
	}
	if o := x.origin(l); o != nil {
		return joined(byOrigin, o, &x.Stats.Origin)
	}
	if o := x.alike(l, number); o != nil {
		return joined(byHeuristic, o, &x.Stats.Heuristic)
	}
	switch {
	case session != "":
		return named(bySessionID, session)
	case icid != "":
		return named(byICID, icid)
	}
	return named(byCallID, c.CallID+"\x00"+c.FirstTag)
}

func joined(method string, o *leg, count *uint64) dialog.Group {
	*count++
	return dialog.Group{Method: method, Name: o.shows[ofGroup]}
}

// named is the leg whose dialog a value of Replaces names (RFC 3891), nil when there is none.
func (x *Index) named(value []byte) *leg {
	r, err := sip.ParseReplaces(value)
	if err != nil {
		return nil
	}
	to, from := string(r.ToTag), string(r.FromTag)
	return x.look(ofCallID, string(r.CallID), func(o *leg) bool {
		return o.call.FromTag == to && o.call.ToTag == from || o.call.FromTag == from && o.call.ToTag == to
	})
}

// takesOver says that a REFER in o wants the dialog of a call to be taken over that was not known then.
func takesOver(o *leg, c *dialog.Call) bool {
	r, err := sip.ParseReplaces(o.call.Text.Get(dialog.ReferReplaces))
	return err == nil && (string(r.FromTag) == c.FirstTag || string(r.ToTag) == c.FirstTag)
}

// origin is the leg whose session description another host sends on. Programs that write the same o= for every session show
// that themselves: when legs of several groups have it, it says nothing.
func (x *Index) origin(l *leg) (found *leg) {
	several := x.look(ofOrigin, l.shows[ofOrigin], func(o *leg) bool {
		if !mayBe(l, o) || !sentOn(l, o) || !open(o, l.call.Started) {
			return false
		}
		if found == nil {
			found = o
		}
		return o.shows[ofGroup] != found.shows[ofGroup]
	})
	if several != nil {
		return nil
	}
	return found
}

// alike is the leg that numbers and time say it belongs to.
func (x *Index) alike(l *leg, number Numbers) *leg {
	c, callee := l.call, l.shows[ofCallee]
	if callee == "" || l.caller == "" {
		return nil
	}
	for _, t := range [...]string{number(c.Text.Get(dialog.RequestURI)), callee} {
		if o := x.look(ofTarget, t, func(o *leg) bool { return mayBe(l, o) && follows(l, o) }); o != nil {
			return o
		}
	}
	return x.look(ofCallee, callee, func(o *leg) bool {
		if !mayBe(l, o) || o.caller != l.caller {
			return false
		}
		// Where clocks of taps differ, the later leg may seem the earlier one.
		apart := max(c.Started-o.call.Started, o.call.Started-c.Started)
		return sentOn(l, o) && apart <= passOn || triedAgain(l, o)
	})
}

// mayBe says that nothing stronger denies that two legs are of one call.
func mayBe(l, o *leg) bool {
	return compatible(l.shows[ofSession], o.shows[ofSession]) && compatible(l.shows[ofICID], o.shows[ofICID])
}

func compatible(a, b string) bool { return a == "" || b == "" || a == b }

// sentOn says that another host than the caller's sent the later leg.
func sentOn(l, o *leg) bool { return l.call.Src.IP != o.call.Src.IP }

// open says that a leg had not ended at a time. A back-to-back user agent goes on elsewhere at once when a target refuses.
func open(o *leg, at int64) bool { return o.call.Ended == 0 || at-o.call.Ended <= passOn }

// triedAgain says that a leg is another try of one that was refused in a way that asks for it, from the same host.
func triedAgain(l, o *leg) bool {
	if l.call.Src.IP != o.call.Src.IP || o.call.Ended == 0 || l.call.Started-o.call.Ended > tryAgain {
		return false
	}
	switch s := o.call.Status; s {
	case 401, 407, 415, 420, 422, 488, 503:
		return true
	default:
		return s/100 == 3
	}
}

// follows says that a leg goes where another was sent on to soon before, by one of that one's parties, whose name it has. A 3xx
// asks the caller; a REFER may ask either.
func follows(l, o *leg) bool {
	src := l.call.Src.IP
	return (src == o.call.Src.IP || src == o.call.Dst.IP) && (l.caller == o.caller || l.caller == o.shows[ofCallee]) &&
		l.call.Started-o.sentAt <= tryAgain
}
