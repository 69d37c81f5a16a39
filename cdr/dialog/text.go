package dialog

import (
	"slices"

	"calltrail/decode/sip"
)

// Field names a value that a call keeps of its headers.
type Field uint8

// Fields of a call's text. Those that hold URIs have passed the redactor.
const (
	From Field = iota
	To
	RequestURI
	Contact
	UserAgent   // of the caller
	ServerAgent // of the callee: Server or User-Agent of its responses
	PAssertedIdentity
	RemotePartyID
	PPreferredIdentity
	Privacy
	AuthUser
	AuthRealm
	SessionID
	ICID
	Connected // P-Asserted-Identity of the 2xx
	ReasonPhrase
	TopVia
	AccessNetwork
	RemoteTarget // Contact of the 2xx
	numFields
)

type extent struct{ off, n uint32 }

// redirection is a Redirect as spans of the slab.
type redirection struct {
	source string
	value  extent
	reason extent
}

// Text keeps the octets of a call's headers in one slab. The zero Text is empty.
type Text struct {
	slab      []byte
	fields    [numFields]extent
	vias      []extent
	redirects []redirection
	full      bool // something found no place
}

// Sources of redirections; those of the first two do not come from the INVITE itself.
const (
	byAnswer = "3xx"
	byRefer  = "refer"

	byDiversion = "diversion"
	byHistory   = "history_info"
)

// maxSlab bounds the text of one call.
const maxSlab = 24 * 1024

// Get returns the octets of f, nil when there are none. They belong to the Text.
func (t *Text) Get(f Field) []byte { return t.at(t.fields[f]) }

// Vias yields the Via values of the INVITE, the top one first.
func (t *Text) Vias(yield func([]byte) bool) {
	for _, v := range t.vias {
		if !yield(t.at(v)) {
			return
		}
	}
}

// Redirect is one step of a diverted call.
type Redirect struct {
	Source        string // diversion, history_info, 3xx, refer
	Value, Reason []byte
}

// Redirects yields the diversions in the order of the headers.
func (t *Text) Redirects(yield func(Redirect) bool) {
	for _, r := range t.redirects {
		if !yield(Redirect{r.source, t.at(r.value), t.at(r.reason)}) {
			return
		}
	}
}

func (t *Text) at(e extent) []byte {
	if e.n == 0 {
		return nil
	}
	return t.slab[e.off : e.off+e.n : e.off+e.n]
}

func (t *Text) has(f Field) bool { return t.fields[f].n != 0 }

// put keeps what write appends; it says false when the slab is full.
func (t *Text) put(e *extent, write func(dst []byte) []byte) bool {
	off := len(t.slab)
	t.slab = write(t.slab)
	if len(t.slab) > maxSlab {
		t.slab, t.full = t.slab[:off], true
		return false
	}
	e.off, e.n = uint32(off), uint32(len(t.slab)-off) //nolint:gosec // bounded by maxSlab
	return true
}

// verbatim keeps a value as it is.
func (t *Text) verbatim(f Field, v []byte) {
	if len(v) > 0 {
		t.put(&t.fields[f], func(dst []byte) []byte { return sip.AppendUnfolded(dst, v) })
	}
}

// redacted keeps a value that may hold URIs.
func (t *Text) redacted(f Field, v []byte) {
	if len(v) > 0 {
		t.put(&t.fields[f], func(dst []byte) []byte { return sip.AppendRedacted(dst, v) })
	}
}

// clear forgets values.
func (t *Text) clear(fields ...Field) {
	for _, f := range fields {
		t.fields[f] = extent{}
	}
}

// invite keeps the identity of an INVITE. An earlier one's values stay for what this one does not say; further attempts
// do not change whom the first one asked for.
func (t *Text) invite(m *sip.Message, further bool) {
	t.redacted(From, m.Value(sip.HeaderFrom))
	t.redacted(To, m.Value(sip.HeaderTo))
	if !further || !t.has(RequestURI) {
		t.redacted(RequestURI, m.RequestURI())
	}
	t.redacted(Contact, m.Value(sip.HeaderContact))
	t.verbatim(UserAgent, m.Value(sip.HeaderUserAgent))
	t.redacted(PAssertedIdentity, m.Value(sip.HeaderPAssertedIdentity))
	t.redacted(RemotePartyID, m.Value(sip.HeaderRemotePartyID))
	t.redacted(PPreferredIdentity, m.Value(sip.HeaderPPreferredIdentity))
	t.verbatim(Privacy, m.Value(sip.HeaderPrivacy))
	t.verbatim(SessionID, m.Value(sip.HeaderSessionID))
	t.verbatim(AccessNetwork, m.Value(sip.HeaderPAccessNetworkInfo))
	if v, err := sip.ParseChargingVector(m.Value(sip.HeaderPChargingVector)); err == nil {
		t.verbatim(ICID, v.ICID)
	}
	t.credentials(m)
	t.vias = t.vias[:0]
	t.redirects = slices.DeleteFunc(t.redirects, func(r redirection) bool { return r.source != byAnswer && r.source != byRefer })
	for v := range m.Values(sip.HeaderVia) {
		if len(t.vias) >= maxVias {
			t.full = true
			break
		}
		var e extent
		if t.put(&e, func(dst []byte) []byte { return sip.AppendUnfolded(dst, v) }) {
			t.vias = append(t.vias, e)
		}
	}
	for v := range m.Values(sip.HeaderDiversion) {
		d, _ := sip.ParseDiversion(v) // what could be read of a broken one is kept
		t.redirect(byDiversion, v, d.Reason)
	}
	for v := range m.Values(sip.HeaderHistoryInfo) {
		h, _ := sip.ParseHistoryEntry(v)
		t.redirect(byHistory, v, h.Reason)
	}
}

// credentials keeps who the caller claims to be towards a server: user name and realm, nothing else.
func (t *Text) credentials(m *sip.Message) {
	v := m.Value(sip.HeaderProxyAuthorization)
	if v == nil {
		v = m.Value(sip.HeaderAuthorization)
	}
	if c, err := sip.ParseCredentials(v); err == nil && len(c.Username) > 0 {
		t.put(&t.fields[AuthUser], func(dst []byte) []byte { return sip.DisplayText(dst, c.Username) })
		t.put(&t.fields[AuthRealm], func(dst []byte) []byte { return sip.DisplayText(dst, c.Realm) })
	}
}

// redirect keeps a diversion, each value once: every hop carries the same ones. It says whether it was new.
func (t *Text) redirect(source string, value, reason []byte) bool {
	if len(value) == 0 {
		return false
	}
	if len(t.redirects) >= maxRedirects {
		t.full = true
		return false
	}
	r := redirection{source: source}
	before := len(t.slab)
	if !t.put(&r.value, func(dst []byte) []byte { return sip.AppendRedacted(dst, value) }) {
		return false
	}
	for _, old := range t.redirects {
		if old.source == source && string(t.at(old.value)) == string(t.at(r.value)) {
			t.slab = t.slab[:before]
			return false
		}
	}
	if len(reason) > 0 {
		t.put(&r.reason, func(dst []byte) []byte { return append(dst, reason...) })
	}
	t.redirects = append(t.redirects, r)
	return true
}

// copyOf returns a Text that shares nothing with t.
func (t *Text) copyOf() Text {
	c := *t
	c.slab = append([]byte(nil), t.slab...)
	c.vias = append([]extent(nil), t.vias...)
	c.redirects = append([]redirection(nil), t.redirects...)
	return c
}
