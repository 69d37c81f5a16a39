package record

// bound holds the lists to MaxList entries.
func (r *Registration) bound() { boundEvent(&r.Tunnel, &r.VLAN, &r.Octets, &r.Flags) }

// bound holds the lists to MaxList entries.
func (m *Message) bound() { boundEvent(&m.Tunnel, &m.VLAN, &m.Octets, &m.Flags) }

func boundEvent(tunnel *[]Tunnel, vlan *[]uint16, octets *[]Octets, flags *[]string) {
	cut := false
	*flags = atMost(*flags, &cut)
	*tunnel = atMost(*tunnel, &cut)
	*vlan = atMost(*vlan, &cut)
	*octets = atMost(*octets, &cut)
	if cut {
		*flags = truncated(*flags)
	}
}

// shrink is Call.shrink for an event: of its lists only octets can be long.
func (r *Registration) shrink(o *object, over int) bool {
	over = shrinkEvent(o, over, &r.Flags, &r.Octets)
	return over <= 0 || halve(append(r.AOR.texts(), &r.Contact, &r.AuthUser, &r.AuthRealm, &r.UserAgent, &r.CallID))
}

// shrink is Call.shrink for an event.
func (m *Message) shrink(o *object, over int) bool {
	over = shrinkEvent(o, over, &m.Flags, &m.Octets)
	if over <= 0 {
		return true
	}
	list := append(m.Caller.texts(), m.Callee.texts()...)
	list = append(list, &m.ReqURI, &m.CallID, &m.UserAgent)
	if m.Asserted != nil {
		list = append(list, &m.Asserted.Raw)
	}
	return halve(list)
}

// shrinkEvent says that the event is truncated and drops octets; it returns what is still too much.
func shrinkEvent(o *object, over int, flags *[]string, octets *[]Octets) int {
	before := len(*flags)
	if *flags = truncated(*flags); len(*flags) > before {
		over += len(`"flags":["truncated"],`)
	}
	*octets = shorter(o, *octets, &over, (*object).octets)
	return over
}
