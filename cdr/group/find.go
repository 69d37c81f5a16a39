package group

import (
	"calltrail/cdr/dialog"
	"calltrail/decode/sip"
)

// find names the group of a leg that begins.
func (x *Index) find(l *leg, number Numbers) dialog.Group {
	c := l.call
	if o := x.replaced(c); o != nil {
		x.Stats.CallID++
		return dialog.Group{Method: byCallID, Name: o.call.Group.Name}
	}
	if o := newest(x.sessions[l.session], func(*leg) bool { return true }); o != nil {
		x.Stats.SessionID++
		return dialog.Group{Method: bySessionID, Name: o.call.Group.Name}
	}
	if o := newest(x.icids[l.icid], func(o *leg) bool { return compatible(l.session, o.session) }); o != nil {
		x.Stats.ICID++
		return dialog.Group{Method: byICID, Name: o.call.Group.Name}
	}
	if o := newest(x.calls[c.CallID], func(o *leg) bool { return o.call.FirstTag == c.FirstTag }); o != nil {
		return dialog.Group{Method: byCallID, Name: o.call.Group.Name} // the Call-ID is used again, or it has branches
	}
	if o := newest(x.origins[l.origin], func(o *leg) bool { return mayBe(l, o) && sentOn(l, o) && open(o, c.Started) }); o != nil {
		x.Stats.Origin++
		return dialog.Group{Method: byOrigin, Name: o.call.Group.Name}
	}
	if o := x.alike(l, number); o != nil {
		x.Stats.Heuristic++
		return dialog.Group{Method: byHeuristic, Name: o.call.Group.Name}
	}
	switch {
	case l.session != "":
		return named(bySessionID, l.session)
	case l.icid != "":
		return named(byICID, l.icid)
	}
	return named(byCallID, c.CallID+"\x00"+c.FirstTag)
}

// Replaced is the leg that a REFER of c names, for the transfer's target to take over (RFC 5589 section 7), and the group that
// it belongs to from now on: that of c. Both calls are one affair: somebody asked first, and then sent the caller on. nil when
// there is none, or it is of the group already.
func (x *Index) Replaced(c *dialog.Call) (*dialog.Call, dialog.Group) {
	o := x.named(c.Text.Get(dialog.ReferReplaces))
	if o == nil || o.call == c || o.call.Group.Name == c.Group.Name {
		return nil, dialog.Group{}
	}
	x.Stats.CallID++
	return o.call, dialog.Group{Method: byCallID, Name: c.Group.Name}
}

// replaced is the leg whose dialog an INVITE takes over.
func (x *Index) replaced(c *dialog.Call) *leg { return x.named(c.Text.Get(dialog.Replaces)) }

// named is the leg whose dialog a value of Replaces names.
func (x *Index) named(value []byte) *leg {
	r, err := sip.ParseReplaces(value)
	if err != nil {
		return nil
	}
	to, from := string(r.ToTag), string(r.FromTag)
	return newest(x.calls[string(r.CallID)], func(o *leg) bool {
		return o.call.FromTag == to && o.call.ToTag == from || o.call.FromTag == from && o.call.ToTag == to
	})
}

// alike is the leg that numbers and time say it belongs to.
func (x *Index) alike(l *leg, number Numbers) *leg {
	c := l.call
	if l.callee == "" {
		return nil
	}
	target := number(c.Text.Get(dialog.RequestURI))
	for _, t := range [...]string{target, l.callee} {
		if o := newest(x.targets[t], func(o *leg) bool { return mayBe(l, o) && follows(l, o) }); o != nil {
			return o
		}
	}
	return newest(x.callees[l.callee], func(o *leg) bool {
		if !mayBe(l, o) || o.caller != l.caller || l.caller == "" {
			return false
		}
		return sentOn(l, o) && c.Started-o.call.Started <= passOn && open(o, c.Started) || triedAgain(l, o)
	})
}

// mayBe says that nothing stronger denies that two legs are of one call.
func mayBe(l, o *leg) bool {
	return o.call.CallID != l.call.CallID && compatible(l.session, o.session) && compatible(l.icid, o.icid) &&
		o.call.Started <= l.call.Started
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

// follows says that a leg goes where another was sent on to, by who was asked to go there. A 3xx asks the caller; a REFER
// either of both parties, and it may be followed until some time after the leg's end.
func follows(l, o *leg) bool {
	src := l.call.Src.IP
	return (src == o.call.Src.IP || src == o.call.Dst.IP) && (o.call.Ended == 0 || l.call.Started-o.call.Ended <= tryAgain)
}

// newest is the newest leg of a list that fits.
func newest(list []*leg, fits func(*leg) bool) *leg {
	for i := len(list) - 1; i >= 0 && len(list)-i <= maxLooked; i-- {
		if fits(list[i]) {
			return list[i]
		}
	}
	return nil
}
