package record

func (o *object) media(list []Media) {
	if len(list) == 0 {
		return
	}
	o.open("media", '[')
	for i := range list {
		m := &list[i]
		o.open("", '{')
		o.text("type", m.Type)
		o.text("codec", m.Codec)
		if m.PayloadType != nil {
			o.unsigned("payload_type", uint64(*m.PayloadType))
		}
		if m.SSRC != nil {
			o.unsigned("ssrc", uint64(*m.SSRC))
		}
		o.optionalAddress("signalled", m.Signalled)
		if m.Observed != nil {
			o.open("observed", '{')
			o.flow(*m.Observed)
			o.close('}')
		}
		o.location("location", m.Location)
		if m.FirstAt != 0 {
			o.time("first_at", m.FirstAt)
		}
		if m.LastAt != 0 {
			o.time("last_at", m.LastAt)
		}
		o.count("packets", m.Packets)
		o.count("octets", m.Octets)
		o.count("lost", m.Lost)
		o.count("duplicates", m.Duplicates)
		if m.JitterMS != nil {
			o.float("jitter_ms", *m.JitterMS, 3)
		}
		if m.Encrypted {
			o.boolean("encrypted", true)
		}
		o.text("direction", m.Direction)
		o.text("cname", m.CName)
		if m.Foreign {
			o.boolean("foreign", true)
		}
		o.close('}')
	}
	o.close(']')
}

func (o *object) count(name string, v *uint64) {
	if v != nil {
		o.unsigned(name, *v)
	}
}

func (o *object) passport(p *Passport) {
	if p == nil {
		return
	}
	o.open("passport", '{')
	o.text("orig", p.Orig)
	o.texts("dest", p.Dest)
	o.text("attest", p.Attest)
	o.text("origid", p.OrigID)
	if p.IAT != 0 {
		o.time("iat", p.IAT)
	}
	if p.Verified != nil {
		o.boolean("verified", *p.Verified)
	}
	o.text("reason", p.Reason)
	o.close('}')
}

func (o *object) indicators(list []Indicator) {
	if len(list) == 0 {
		return
	}
	o.open("indicators", '[')
	for i := range list {
		o.open("", '{')
		o.textAlways("rule", list[i].Rule)
		o.text("detail", list[i].Detail)
		o.close('}')
	}
	o.close(']')
}

func (o *object) octets(list []Octets) {
	if len(list) == 0 {
		return
	}
	o.open("octets", '[')
	for i := range list {
		o.open("", '{')
		o.textAlways("field", list[i].Field)
		o.textAlways("base64", list[i].Base64)
		o.close('}')
	}
	o.close(']')
}

func (o *object) observer(v *Observer) {
	o.open("observer", '{')
	o.textAlways("version", v.Version)
	o.text("config_hash", v.ConfigHash)
	o.text("file", v.File)
	if v.Clock == nil {
		o.null("clock")
	} else {
		o.open("clock", '{')
		o.textAlways("source", v.Clock.Source)
		o.text("reference", v.Clock.Reference)
		o.boolean("synced", v.Clock.Synced)
		o.integer("offset_us", v.Clock.OffsetUS)
		o.integer("error_us", v.Clock.ErrorUS)
		o.close('}')
	}
	if len(v.Databases) > 0 {
		o.open("databases", '[')
		for _, d := range v.Databases {
			o.open("", '{')
			o.text("kind", d.Kind)
			o.textAlways("type", d.Type)
			o.time("built", d.Built)
			o.close('}')
		}
		o.close(']')
	}
	o.text("ruleset", v.Ruleset)
	o.close('}')
}
