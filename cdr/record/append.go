package record

// placeholder keeps the room of record_id, which is the hash of what follows it.
const placeholder = `{"record_id":"00000000-0000-8000-8000-000000000000",`

// idOffset is where the identity's text starts.
const idOffset = len(`{"record_id":"`)

// Append writes the record's exact bytes to dst, sets RecordID, and returns the grown slice.
//
// The bytes are one JSON object: record_id, then the observed part, then the observer. The observed part is the text
// from the member "schema" up to the comma before the member "observer"; its SHA-256 makes the record_id, so the same
// observation by another program version or with newer databases' dates has the same id.
//
// A list of more than MaxList entries is cut, and so are lists and at last texts of a record that would be longer than
// MaxRecord: in c as well, which gets FlagTruncated.
func (c *Call) Append(dst []byte) []byte {
	c.bound()
	base := len(dst)
	o := object{dst}
	observed := c.write(&o)
	for over := len(o.b) - base - MaxRecord; over > 0 && c.shrink(&o, over); over = len(o.b) - base - MaxRecord {
		o.b = o.b[:base]
		observed = c.write(&o)
	}
	c.RecordID = recordID(c.StartedAt, o.b[base+len(placeholder):observed])
	appendUUID(o.b[:base+idOffset], c.RecordID)
	return o.b
}

// write appends the record without its identity; it returns where the observed part ends.
func (c *Call) write(o *object) (observed int) {
	o.b = append(o.b, placeholder...)
	o.b = append(o.b, `"schema":`...)
	o.b = appendString(o.b, c.Schema)
	o.uuid("call_uid", c.CallUID)
	o.integer("revision", int64(c.Revision))
	o.boolean("final", c.Final)
	o.textAlways("kind", string(c.Kind))
	o.textAlways("day", c.Day)
	o.textAlways("sensor", c.Sensor)
	o.tap(c.Tap)
	o.text("legal_basis", c.LegalBasis)
	if c.GroupUID != nil {
		o.uuid("group_uid", *c.GroupUID)
	}
	o.text("group_method", c.GroupMethod)
	o.text("direction", c.Direction)
	o.link("ingress", c.Ingress)
	o.link("egress", c.Egress)
	o.party("caller", &c.Caller)
	o.asserted(c.Asserted)
	o.text("auth_user", c.AuthUser)
	o.text("auth_realm", c.AuthRealm)
	o.text("privacy", c.Privacy)
	o.party("callee", &c.Callee)
	o.text("request_uri", c.ReqURI)
	if c.Connected != nil {
		o.open("connected", '{')
		o.textAlways("raw", c.Connected.Raw)
		o.text("e164", c.Connected.E164)
		o.close('}')
	}
	o.redirects(c.Redirects)
	o.sip(c.SIP)
	o.tls(c.TLS)
	o.app(c.App)
	o.end("src", c.Src)
	o.end("dst", c.Dst)
	o.optionalAddress("src_via", c.SrcVia)
	o.path(c.Path)
	o.tunnels(c.Tunnel)
	o.vlan(c.VLAN)
	o.cell(c.Cell)
	o.location("stated_location", c.Stated)
	o.time("started_at", c.StartedAt)
	o.time("ringing_at", c.RingingAt)
	o.time("answered_at", c.AnsweredAt)
	o.time("ended_at", c.EndedAt)
	o.optional("ring_ms", c.RingMS)
	o.optional("duration_ms", c.DurationMS)
	o.time("last_seen_at", c.LastSeenAt)
	o.textAlways("disposition", string(c.Disposition))
	o.text("ended_by", string(c.EndedBy))
	o.textAlways("visibility", string(c.Visibility))
	o.texts("flags", c.Flags)
	o.media(c.Media)
	o.passport(c.Passport)
	o.indicators(c.Indicators)
	o.octets(c.Octets)
	observed = len(o.b)
	o.observer(&c.Observer)
	o.close('}')
	return observed
}

func (o *object) tap(tap *string) {
	if tap == nil {
		o.null("tap")
		return
	}
	o.textAlways("tap", *tap)
}

func (o *object) optional(name string, v *int64) {
	if v == nil {
		o.null(name)
		return
	}
	o.integer(name, *v)
}

func (o *object) party(name string, p *Party) {
	o.open(name, '{')
	o.text("raw", p.Raw)
	o.text("display", p.Display)
	o.text("user", p.User)
	o.text("host", p.Host)
	o.text("e164", p.E164)
	o.text("country", p.Country)
	o.text("range_region", p.RangeRegion)
	o.text("range_carrier", p.RangeCarrier)
	o.text("number_type", p.NumberType)
	o.close('}')
}

func (o *object) asserted(a *Asserted) {
	if a == nil {
		return
	}
	o.open("asserted", '{')
	o.textAlways("raw", a.Raw)
	o.textAlways("header", a.Header)
	o.text("e164", a.E164)
	o.text("country", a.Country)
	o.close('}')
}

func (o *object) redirects(list []Redirect) {
	if len(list) == 0 {
		return
	}
	o.open("redirects", '[')
	for i := range list {
		r := &list[i]
		o.open("", '{')
		o.textAlways("raw", r.Raw)
		o.text("e164", r.E164)
		o.text("reason", r.Reason)
		o.textAlways("source", r.Source)
		o.close('}')
	}
	o.close(']')
}

func (o *object) sip(s *SIP) {
	if s == nil {
		return
	}
	o.open("sip", '{')
	o.textAlways("call_id", s.CallID)
	o.text("from_tag", s.FromTag)
	o.text("to_tag", s.ToTag)
	o.text("session_id", s.SessionID)
	o.text("icid", s.ICID)
	o.textAlways("transport", s.Transport)
	o.text("user_agent", s.UserAgent)
	o.text("server_agent", s.ServerAgent)
	o.text("instance_id", s.InstanceID)
	o.via(s.Via)
	o.text("contact", s.Contact)
	o.conflicting(s.Conflicting)
	if len(s.Methods) > 0 {
		o.key("methods")
		o.b = s.Methods.append(o.b)
	}
	if len(s.Attempts) > 0 {
		o.open("attempts", '[')
		for _, a := range s.Attempts {
			o.open("", '{')
			o.integer("status", int64(a.Status))
			o.time("at", a.At)
			o.close('}')
		}
		o.close(']')
	}
	if s.Emergency {
		o.boolean("emergency", true)
	}
	o.status(s.Status)
	o.text("reason", s.Reason)
	if s.Q850 != nil {
		o.integer("q850", int64(*s.Q850))
	}
	o.close('}')
}

// status writes a final response's status code, null when none was seen.
func (o *object) status(code *int) {
	if code == nil {
		o.null("status")
		return
	}
	o.integer("status", int64(*code))
}

func (o *object) conflicting(c *Conflicting) {
	if c == nil || c.Empty() {
		return
	}
	o.open("conflicting", '{')
	for _, l := range c.lists() {
		o.texts(l.name, *l.values)
	}
	o.close('}')
}

func (o *object) via(list []string) { o.texts("via", list) }

func (o *object) end(name string, e *End) {
	if e == nil {
		return
	}
	o.open(name, '{')
	o.address(Addr{e.IP, e.Port})
	o.location("location", e.Location)
	if e.ASNumber != 0 {
		o.unsigned("as_number", uint64(e.ASNumber))
	}
	o.text("as_org", e.ASOrg)
	o.text("network", e.Network)
	o.text("role", e.Role)
	o.close('}')
}

func (o *object) link(name string, l *Link) {
	if l == nil {
		return
	}
	o.open(name, '{')
	o.text("peer", l.Peer)
	o.textAlways("trunk", l.Trunk)
	o.text("interface", l.Interface)
	o.close('}')
}

func (o *object) location(name string, l *Location) {
	if l == nil {
		return
	}
	o.open(name, '{')
	o.text("country", l.Country)
	o.text("subdivision", l.Subdivision)
	o.text("city", l.City)
	if l.Latitude != nil {
		o.float("latitude", *l.Latitude, 6)
	}
	if l.Longitude != nil {
		o.float("longitude", *l.Longitude, 6)
	}
	if l.AccuracyKM != nil {
		o.unsigned("accuracy_km", uint64(*l.AccuracyKM))
	}
	o.textAlways("method", l.Method)
	o.text("of", l.Of)
	o.text("dated", l.Dated)
	o.text("line", l.Line)
	o.text("said_by", l.SaidBy)
	o.close('}')
}

func (o *object) path(list []Hop) {
	if len(list) == 0 {
		return
	}
	o.open("path", '[')
	for i := range list {
		o.open("", '{')
		o.flow(Flow{list[i].Src, list[i].Dst})
		o.time("at", list[i].At)
		o.close('}')
	}
	o.close(']')
}

func (o *object) flow(f Flow) {
	o.open("src", '{')
	o.address(f.Src)
	o.close('}')
	o.open("dst", '{')
	o.address(f.Dst)
	o.close('}')
}
