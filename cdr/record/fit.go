package record

import (
	"slices"
	"unicode/utf8"
)

// bound holds the lists to MaxList entries.
func (c *Call) bound() {
	cut := false
	c.Flags = atMost(c.Flags, &cut)
	c.Redirects = atMost(c.Redirects, &cut)
	c.Path = atMost(c.Path, &cut)
	c.Tunnel = atMost(c.Tunnel, &cut)
	c.VLAN = atMost(c.VLAN, &cut)
	c.Media = atMost(c.Media, &cut)
	c.Indicators = atMost(c.Indicators, &cut)
	c.Octets = atMost(c.Octets, &cut)
	if s := c.SIP; s != nil {
		s.Via = atMost(s.Via, &cut)
		s.Methods = atMost(s.Methods, &cut)
		s.Attempts = atMost(s.Attempts, &cut)
		if c := s.Conflicting; c != nil {
			for _, l := range c.lists() {
				*l.values = atMost(*l.values, &cut)
			}
		}
	}
	if t := c.TLS; t != nil {
		t.ALPN = atMost(t.ALPN, &cut)
	}
	if a := c.App; a != nil {
		a.Evidence = atMost(a.Evidence, &cut)
	}
	if p := c.Passport; p != nil {
		p.Dest = atMost(p.Dest, &cut)
	}
	if cut {
		c.Flags = truncated(c.Flags)
	}
}

func atMost[L ~[]E, E any](list L, cut *bool) L {
	if len(list) <= MaxList {
		return list
	}
	*cut = true
	return list[:MaxList]
}

// truncated returns flags with FlagTruncated, once.
func truncated(flags []string) []string {
	if slices.Contains(flags, FlagTruncated) {
		return flags
	}
	return append(slices.Clip(flags[:min(len(flags), MaxList-1)]), FlagTruncated)
}

// shrink makes the record about over octets shorter. Lists lose their last entries, first those that are missed least:
// octets (the escaped text is there and can be read back), Via, conflicting values, redirects. When that is not enough, the longest texts are
// halved, for they are what somebody chose to send; canonical names go whole when even short ones are too many; where packets
// came from and went goes last. It says false when nothing is left to cut. o is room to measure in.
func (c *Call) shrink(o *object, over int) bool {
	before := len(c.Flags)
	if c.Flags = truncated(c.Flags); len(c.Flags) > before {
		over += len(`"flags":["truncated"],`)
	}
	c.Octets = shorter(o, c.Octets, &over, (*object).octets)
	if c.SIP != nil {
		c.SIP.Via = shorter(o, c.SIP.Via, &over, (*object).via)
		c.SIP.shrink(o, &over)
	}
	c.Redirects = shorter(o, c.Redirects, &over, (*object).redirects)
	if over <= 0 || halve(c.texts()) || c.unname() {
		return true
	}
	left := len(c.Media) + len(c.Path)
	c.Media = shorter(o, c.Media, &over, (*object).media)
	c.Path = shorter(o, c.Path, &over, (*object).path)
	return len(c.Media)+len(c.Path) < left
}

// shrink shortens the longest list of conflicting values by one until over octets are saved: where there are two of each, one
// of each goes before any list goes whole.
func (s *SIP) shrink(o *object, over *int) {
	if s.Conflicting == nil {
		return
	}
	lists := s.Conflicting.lists()
	for *over > 0 {
		longest := slices.MaxFunc(lists[:], func(a, b conflictingList) int { return len(*a.values) - len(*b.values) })
		last := len(*longest.values) - 1
		if last < 0 {
			s.Conflicting = nil
			return
		}
		size := len(o.b)
		o.texts(longest.name, (*longest.values)[last:])
		*over -= len(o.b) - size
		o.b = o.b[:size]
		*longest.values = (*longest.values)[:last]
	}
}

// shorter drops entries from the end of list until over octets are saved.
func shorter[E any](o *object, list []E, over *int, write func(*object, []E)) []E {
	for len(list) > 0 && *over > 0 {
		size := len(o.b)
		write(o, list[len(list)-1:]) // a little longer than the entry in its place: Append looks again
		*over -= len(o.b) - size
		o.b = o.b[:size]
		list = list[:len(list)-1]
	}
	return list
}

// texts are the values that a sender on the network chooses the length of.
func (c *Call) texts() []*string {
	list := append(c.Caller.texts(), c.Callee.texts()...)
	list = append(list, &c.AuthUser, &c.AuthRealm, &c.Privacy, &c.ReqURI)
	if c.Asserted != nil {
		list = append(list, &c.Asserted.Raw)
	}
	if c.Connected != nil {
		list = append(list, &c.Connected.Raw)
	}
	if s := c.SIP; s != nil {
		list = append(list, &s.CallID, &s.FromTag, &s.ToTag, &s.SessionID, &s.ICID, &s.UserAgent, &s.ServerAgent,
			&s.InstanceID, &s.Contact, &s.Reason)
	}
	if t := c.TLS; t != nil {
		list = append(list, &t.ServerName, &t.Version)
		for i := range t.ALPN {
			list = append(list, &t.ALPN[i])
		}
	}
	if l := c.Cell; l != nil {
		list = append(list, &l.Type, &l.ID, &l.MCC, &l.MNC, &l.Area, &l.Cell)
	}
	if p := c.Passport; p != nil {
		list = append(list, &p.Orig, &p.OrigID)
		for i := range p.Dest {
			list = append(list, &p.Dest[i])
		}
	}
	for i := range c.Media {
		list = append(list, &c.Media[i].Codec, &c.Media[i].CName)
	}
	return list
}

func (p *Party) texts() []*string { return []*string{&p.Raw, &p.Display, &p.User, &p.Host} }

// unname takes the canonical names off the streams. It says false when there are none.
func (c *Call) unname() (cut bool) {
	for i := range c.Media {
		cut = cut || c.Media[i].CName != ""
		c.Media[i].CName = ""
	}
	return cut
}

// leastText is how long a text may always be.
const leastText = 64

// halve cuts the longest texts to half of the longest one's length. It says false when all are short.
func halve(texts []*string) bool {
	longest := 0
	for _, s := range texts {
		longest = max(longest, len(*s))
	}
	if longest <= leastText {
		return false
	}
	limit := max(longest/2, leastText)
	for _, s := range texts {
		if len(*s) > limit {
			*s = cutText(*s, limit)
		}
	}
	return true
}

// cutText is the first n octets of s, or a few less: not in the middle of a character.
func cutText(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
