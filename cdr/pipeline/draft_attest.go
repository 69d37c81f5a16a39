package pipeline

import (
	"errors"

	"calltrail/cdr/attest"
	"calltrail/cdr/dialog"
	"calltrail/cdr/record"
	"calltrail/decode/passport"
	"calltrail/decode/sip"
)

// attestation fills in the PASSporT of a call, and whether its signature holds when certificates are configured.
func (d *draft) attestation(rec *record.Call, c *dialog.Call) {
	value := passport.Choose(sip.Elements(c.Text.Get(dialog.Identity)))
	if value == nil {
		return
	}
	id, err := passport.ParseIdentity(value)
	if err != nil {
		return
	}
	p, err := passport.Parse(id)
	if errors.Is(err, passport.ErrCompact) {
		p, err = d.compact(id, c)
	}
	if err != nil {
		return
	}
	out := &record.Passport{Orig: d.text("passport.orig", []byte(p.Orig.String())), OrigID: d.text("passport.origid", []byte(p.OrigID))}
	for _, list := range [...][]string{p.Dest.TN, p.Dest.URI} {
		for _, v := range list {
			if len(out.Dest) == record.MaxList {
				d.truncated = true
				break
			}
			out.Dest = append(out.Dest, d.text("passport.dest", []byte(v)))
		}
	}
	switch p.Attest {
	case "A", "B", "C":
		out.Attest = p.Attest
	}
	if p.IAT > 0 && p.IAT < 1<<33 {
		out.IAT = record.Time(p.IAT * 1e6)
	}
	if d.lookups.Certificates != nil {
		call := attest.Call{At: c.IdentityAt}
		for _, f := range [...]dialog.Field{dialog.PAssertedIdentity, dialog.RemotePartyID, dialog.From} {
			call.Callers = append(call.Callers, d.identities(c.Text.Get(f))...)
		}
		for _, f := range [...]dialog.Field{dialog.To, dialog.RequestURI} {
			call.Callees = append(call.Callees, d.identities(c.Text.Get(f))...)
		}
		r := d.lookups.Certificates.Verify(p, call)
		if r.Checked {
			out.Verified = &r.Verified
		}
		if r.Reason != attest.NoCertificate {
			out.Reason = r.Reason.String()
		}
	}
	rec.Passport = out
}

// compact is a PASSporT whose claims are the call's own header fields (RFC 8224 section 4).
func (d *draft) compact(id passport.Identity, c *dialog.Call) (*passport.Passport, error) {
	issued, err := sip.ParseDate(c.Text.Get(dialog.Date))
	if err != nil {
		return nil, err
	}
	caller := c.Text.Get(dialog.PAssertedIdentity)
	if len(caller) == 0 {
		caller = c.Text.Get(dialog.From)
	}
	return passport.Rebuild(id, d.claim(caller), d.claim(c.Text.Get(dialog.To)), issued)
}

// claim is how a PASSporT names whom a header value does (RFC 8224 section 8).
func (d *draft) claim(value []byte) (p passport.Party) {
	if n := d.e164(value); n.E164 != "" {
		p.TN = n.E164
	} else if addr, err := sip.ParseNameAddr(value); err == nil || len(addr.URI) > 0 {
		p.URI = string(addr.URI)
	}
	return p
}

// identities are what a header value may be signed as: its number, and its URI.
func (d *draft) identities(value []byte) (out []string) {
	addr, err := sip.ParseNameAddr(value)
	if err != nil && len(addr.URI) == 0 {
		return nil
	}
	if n := d.e164(value); n.E164 != "" {
		out = append(out, n.E164)
	}
	return append(out, string(addr.URI))
}
