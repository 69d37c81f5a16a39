package pipeline

import (
	"encoding/base64"
	"net/netip"
	"strings"

	"calltrail/cdr/dialog"
	"calltrail/cdr/geo"
	"calltrail/cdr/media"
	"calltrail/cdr/number"
	"calltrail/cdr/record"
	"calltrail/cdr/route"
	"calltrail/cdr/spoof"
	"calltrail/decode"
	"calltrail/decode/sip"
)

// recorder makes records: a call's state, looked up and written down. It keeps no call.
type recorder struct {
	cfg     *Config
	lookups Lookups
	out     Output
	buf     []byte
	scratch []byte

	outcomes map[record.Disposition]uint64
	records  map[record.Kind]uint64
	oneSided []uint64 // by tap: calls of which one side's signalling was seen
}

func newRecorder(cfg *Config, lookups Lookups, out Output) *recorder {
	return &recorder{cfg: cfg, lookups: lookups, out: out, outcomes: map[record.Disposition]uint64{}, records: map[record.Kind]uint64{}}
}

// call makes a record of a call leg as it stands.
func (r *recorder) call(c *dialog.Call, final bool) error {
	d := draft{recorder: r}
	rec := d.call(c, final)
	r.buf = rec.Append(r.buf[:0])
	if r.cfg.FinalOnly {
		c.Kept = append(c.Kept[:0], r.buf...)
		return nil
	}
	if final && rec.Visibility == record.OneWay && int(c.Tap) < len(r.oneSided) {
		r.oneSided[c.Tap]++
	}
	r.records[record.KindSIP]++
	return r.out.Put(Meta{Kind: record.KindSIP, Final: final}, r.buf)
}

// forget is told of each call that leaves the table.
func (r *recorder) forget(c *dialog.Call) error {
	r.outcomes[dispositions[c.Outcome()]]++
	if len(c.Kept) == 0 {
		return nil
	}
	r.records[record.KindSIP]++
	return r.out.Put(Meta{Kind: record.KindSIP, Final: c.Done}, c.Kept)
}

// registration makes the record of a log-in, log-out or refusal.
func (r *recorder) registration(e *dialog.Registration) error {
	d := draft{recorder: r}
	rec := d.registration(e)
	r.buf = rec.Append(r.buf[:0])
	r.records[record.KindRegistration]++
	return r.out.Put(Meta{Kind: record.KindRegistration, Final: true}, r.buf)
}

// observer is who looked: the same for all records but for the databases, which may be replaced during the run.
func (r *recorder) observer() record.Observer {
	o := record.Observer{
		Version: r.cfg.Version, ConfigHash: r.cfg.ConfigHash, File: r.cfg.File, Ruleset: spoof.Ruleset,
	}
	if r.lookups.ConfigHash != nil {
		o.ConfigHash = r.lookups.ConfigHash()
	}
	if r.lookups.Clock != nil {
		o.Clock = r.lookups.Clock()
	}
	if r.lookups.Places != nil {
		for _, b := range r.lookups.Places.Builds() {
			o.Databases = append(o.Databases, record.Database{Kind: b.Kind.String(), Type: b.Type, Built: record.Time(b.Built.UnixMicro())})
		}
	}
	return o
}

// tap is the name of a tap, nil in replay.
func (r *recorder) tap(i uint16) *string {
	if int(i) >= len(r.cfg.taps) {
		return nil
	}
	return &r.cfg.taps[i]
}

func (r *recorder) place(ip netip.Addr) geo.Place {
	if r.lookups.Places == nil {
		return geo.Place{}
	}
	return r.lookups.Places.Lookup(ip)
}

// draft is a record in the making: it collects what cannot be said in the fields themselves.
type draft struct {
	*recorder
	page      record.Page
	octets    []record.Octets
	truncated bool
	seen      route.End    // where its packets were, without address
	servers   []netip.Addr // addresses that are no party's, but of somebody who passes on
}

// text cleans a value for the record; name is its member path.
func (d *draft) text(name string, v []byte) string { return d.member("", name, v) }

// member cleans the value of a member of an object of the record.
func (d *draft) member(object, name string, v []byte) string {
	if len(v) == 0 {
		return ""
	}
	s, escaped, cut := d.page.Clean(v)
	switch {
	case escaped && len(d.octets) < record.MaxList:
		if len(v) > record.MaxValue {
			v = v[:record.MaxValue]
		}
		d.octets = append(d.octets, record.Octets{Field: object + name, Base64: base64.StdEncoding.EncodeToString(v)})
	case escaped:
		d.truncated = true
	}
	d.truncated = d.truncated || cut
	return s
}

// party takes a From or To apart.
func (d *draft) party(name string, raw []byte) (p record.Party) {
	p.Raw = d.member(name, ".raw", raw)
	addr, err := sip.ParseNameAddr(raw)
	if err != nil && len(addr.URI) == 0 {
		return p
	}
	d.scratch = sip.DisplayText(d.scratch[:0], addr.Display)
	p.Display = d.member(name, ".display", d.scratch)
	uri, err := sip.ParseURI(addr.URI)
	if err != nil {
		return p
	}
	d.scratch = sip.AppendUnescaped(d.scratch[:0], uri.User)
	p.User = d.member(name, ".user", d.scratch)
	p.Host = d.member(name, ".host", uri.Host)
	info := d.number(addr.URI, uri)
	p.Number = record.Number{
		E164: info.E164, Country: info.Country, RangeRegion: info.RangeRegion, RangeCarrier: info.RangeCarrier,
		NumberType: info.NumberType,
	}
	return p
}

// number looks up the telephone number of a URI, with its phone-context.
func (d *draft) number(addr []byte, uri sip.URI) number.Info {
	switch uri.Scheme {
	case sip.SchemeSIP, sip.SchemeSIPS:
		d.scratch = sip.AppendUnescaped(d.scratch[:0], uri.User)
		if len(uri.UserParams) > 0 {
			d.scratch = append(append(d.scratch, ';'), uri.UserParams...)
		}
	case sip.SchemeTel:
		d.scratch = sip.AppendUnescaped(d.scratch[:0], uri.User)
		if len(uri.Params) > 0 {
			d.scratch = append(append(d.scratch, ';'), uri.Params...)
		}
	case sip.SchemeOther:
		d.scratch = append(d.scratch[:0], addr...) // a service URN
	}
	return d.lookups.Numbers.Lookup(d.scratch)
}

// whom is whom a header value names, for comparing: the number in E.164, else the user as sent. "" when it names nobody, as
// "anonymous" does.
func (r *recorder) whom(value []byte) string {
	d := draft{recorder: r}
	if n := d.e164(value); n.E164 != "" {
		return n.E164
	}
	addr, err := sip.ParseNameAddr(value)
	if err != nil && len(addr.URI) == 0 {
		return ""
	}
	uri, err := sip.ParseURI(addr.URI)
	if err != nil {
		return ""
	}
	user := strings.ToLower(string(sip.AppendUnescaped(nil, uri.User)))
	switch user {
	case "anonymous", "unknown", "unavailable", "restricted", "private", "asterisk":
		return ""
	}
	return user
}

// e164 is the number of a header value with a URI, "" when there is none.
func (d *draft) e164(value []byte) number.Info {
	addr, err := sip.ParseNameAddr(value)
	if err != nil && len(addr.URI) == 0 {
		return number.Info{}
	}
	uri, err := sip.ParseURI(addr.URI)
	if err != nil {
		return number.Info{}
	}
	return d.number(addr.URI, uri)
}

// end looks up an address; name is its member path. relayed says that the address may be that of a server on the way.
func (d *draft) end(name string, e decode.Endpoint, relayed bool) *record.End {
	ap := e.AddrPort()
	p, role := d.place(ap.Addr()), d.role(ap.Addr())
	return &record.End{
		IP: ap.Addr(), Port: ap.Port(), Location: d.locate(ap.Addr(), &p, role, relayed), ASNumber: p.ASNumber,
		ASOrg: d.member(name, ".as_org", []byte(p.ASOrg)), Network: p.Network, Role: string(role),
	}
}

func addrOf(e decode.Endpoint) record.Addr {
	ap := e.AddrPort()
	return record.Addr{IP: ap.Addr(), Port: ap.Port()}
}

func senderName(p media.Party) string {
	if p == media.Caller {
		return "from_caller"
	}
	return "from_callee"
}
