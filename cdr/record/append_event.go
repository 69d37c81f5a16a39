package record

// Append writes the event's exact bytes to dst, as Call.Append does.
func (r *Registration) Append(dst []byte) []byte {
	r.bound()
	base := len(dst)
	o := object{dst}
	observed := r.write(&o)
	for over := len(o.b) - base - MaxRecord; over > 0 && r.shrink(&o, over); over = len(o.b) - base - MaxRecord {
		o.b = o.b[:base]
		observed = r.write(&o)
	}
	r.RecordID = recordID(r.At, o.b[base+len(placeholder):observed])
	appendUUID(o.b[:base+idOffset], r.RecordID)
	return o.b
}

func (r *Registration) write(o *object) (observed int) {
	o.b = append(o.b, placeholder...)
	o.b = append(o.b, `"schema":`...)
	o.b = appendString(o.b, r.Schema)
	o.textAlways("kind", string(r.Kind))
	o.textAlways("day", r.Day)
	o.textAlways("sensor", r.Sensor)
	o.tap(r.Tap)
	o.text("legal_basis", r.LegalBasis)
	o.textAlways("event", r.Event)
	o.party("aor", &r.AOR)
	o.text("contact", r.Contact)
	o.optional("expires_s", r.ExpiresS)
	o.integer("status", int64(r.Status))
	o.text("auth_user", r.AuthUser)
	o.text("auth_realm", r.AuthRealm)
	o.text("user_agent", r.UserAgent)
	o.textAlways("call_id", r.CallID)
	o.text("transport", r.Transport)
	o.end("src", r.Src)
	o.end("dst", r.Dst)
	o.tunnels(r.Tunnel)
	o.vlan(r.VLAN)
	o.time("at", r.At)
	o.texts("flags", r.Flags)
	o.octets(r.Octets)
	observed = len(o.b)
	o.observer(&r.Observer)
	o.close('}')
	return observed
}

// Append writes the event's exact bytes to dst, as Call.Append does.
func (m *Message) Append(dst []byte) []byte {
	m.bound()
	base := len(dst)
	o := object{dst}
	observed := m.write(&o)
	for over := len(o.b) - base - MaxRecord; over > 0 && m.shrink(&o, over); over = len(o.b) - base - MaxRecord {
		o.b = o.b[:base]
		observed = m.write(&o)
	}
	m.RecordID = recordID(m.At, o.b[base+len(placeholder):observed])
	appendUUID(o.b[:base+idOffset], m.RecordID)
	return o.b
}

func (m *Message) write(o *object) (observed int) {
	o.b = append(o.b, placeholder...)
	o.b = append(o.b, `"schema":`...)
	o.b = appendString(o.b, m.Schema)
	o.textAlways("kind", string(m.Kind))
	o.textAlways("day", m.Day)
	o.textAlways("sensor", m.Sensor)
	o.tap(m.Tap)
	o.text("legal_basis", m.LegalBasis)
	o.party("caller", &m.Caller)
	o.asserted(m.Asserted)
	o.party("callee", &m.Callee)
	o.text("request_uri", m.ReqURI)
	o.textAlways("call_id", m.CallID)
	o.textAlways("transport", m.Transport)
	o.text("user_agent", m.UserAgent)
	o.status(m.Status)
	o.end("src", m.Src)
	o.end("dst", m.Dst)
	o.tunnels(m.Tunnel)
	o.vlan(m.VLAN)
	o.time("at", m.At)
	o.texts("flags", m.Flags)
	o.octets(m.Octets)
	observed = len(o.b)
	o.observer(&m.Observer)
	o.close('}')
	return observed
}
