package dialog

import (
	"bytes"
	"slices"

	"calltrail/decode/sdp"
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
	AccessNetwork // P-Access-Network-Info as a list with commas, what the network itself says first
	RemoteTarget  // Contact of the 2xx

	Identity      // all PASSporTs (RFC 8224), verbatim, as a list with commas; whole ones only, maxIdentity octets at most
	Replaces      // the dialog that the INVITE takes over (RFC 3891), verbatim: sip.ParseReplaces
	ReferredBy    // who had the caller make this call (RFC 3892)
	Origin        // o= of the caller's session description without user name and version (RFC 8866 section 5.2)
	ReferReplaces // the dialog that the target of a REFER is to take over: Replaces in Refer-To, unescaped
	Referrer      // Referred-By of a REFER inside the call
	Date          // of the message with Identity: what a compact PASSporT is signed with (RFC 8224 section 4)
	numFields
)

type extent struct{ off, n uint32 }

// redirection is a Redirect as spans of the slab.
type redirection struct {
	source source
	value  extent
	reason extent
}

// Text keeps the octets of a call's headers in one slab. The zero Text is empty.
type Text struct {
	slab      []byte
	fields    [numFields]extent
	vias      []extent
	redirects []redirection
	conflicts *conflicts // nil for none
	full      bool       // something found no place
}

// source says where a redirection was found.
type source uint8

// Sources. Snapshots hold their numbers.
const (
	byAnswer source = iota // Contact of a 3xx
	byRefer
	byDiversion // of the INVITE, as the next
	byHistory
	byAnswerDiversion // Diversion of a 3xx: who sends the call on says why
	numSources
)

var sourceNames = [numSources]string{
	byAnswer: "3xx", byRefer: "refer", byDiversion: "diversion", byHistory: "history_info", byAnswerDiversion: "diversion",
}

// Bounds of the text of one call, in octets.
const (
	maxSlab     = 24 * 1024
	maxIdentity = 4 * 1024
)

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
		if !yield(Redirect{sourceNames[r.source], t.at(r.value), t.at(r.reason)}) {
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
	if t.slab == nil {
		t.slab = make([]byte, 0, 256) // most of an INVITE without growing
	}
	off := len(t.slab)
	t.slab = write(t.slab)
	n := len(t.slab) - off
	switch {
	case int(e.n) == n && bytes.Equal(t.at(*e), t.slab[off:]):
		t.slab = t.slab[:off] // the same as before, as in most further INVITEs
		return true
	case len(t.slab) > maxSlab:
		v := t.slab[off:]
		t.slab = t.slab[:off]
		t.compact()
		if off = len(t.slab); off+n > maxSlab {
			t.full = true
			return false
		}
		t.slab = append(t.slab, v...)
	}
	e.off, e.n = uint32(off), uint32(n) //nolint:gosec // bounded by maxSlab
	return true
}

// compact lets go of the values that others have replaced.
func (t *Text) compact() {
	old := *t
	t.slab = make([]byte, 0, maxSlab)
	keep := func(e *extent) {
		v := old.at(*e)
		*e = extent{uint32(len(t.slab)), uint32(len(v))} //nolint:gosec // bounded by maxSlab
		t.slab = append(t.slab, v...)
	}
	for f := range t.fields {
		keep(&t.fields[f])
	}
	for i := range t.vias {
		keep(&t.vias[i])
	}
	for i := range t.redirects {
		keep(&t.redirects[i].value)
		keep(&t.redirects[i].reason)
	}
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
	t.redacted(PAssertedIdentity, sip.ChooseIdentity(m.Values(sip.HeaderPAssertedIdentity)))
	t.redacted(RemotePartyID, sip.ChooseIdentity(m.Values(sip.HeaderRemotePartyID)))
	t.redacted(PPreferredIdentity, sip.ChooseIdentity(m.Values(sip.HeaderPPreferredIdentity)))
	t.verbatim(Privacy, m.Value(sip.HeaderPrivacy))
	t.verbatim(SessionID, m.Value(sip.HeaderSessionID))
	t.accessNetwork(m)
	t.identity(m)
	t.verbatim(Replaces, m.Value(sip.HeaderReplaces))
	t.redacted(ReferredBy, m.Value(sip.HeaderReferredBy))
	if v, err := sip.ParseChargingVector(m.Value(sip.HeaderPChargingVector)); err == nil {
		t.verbatim(ICID, v.ICID)
	}
	t.credentials(m)
	t.vias = t.vias[:0]
	t.redirects = slices.DeleteFunc(t.redirects, func(r redirection) bool { return r.source == byDiversion || r.source == byHistory })
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

// list keeps values as one list, those that most fits first; what would make it longer than limit is left out whole.
func (t *Text) list(f Field, m *sip.Message, id sip.HeaderID, limit int, first func(v []byte) bool) {
	if m.Count(id) == 0 {
		return
	}
	t.put(&t.fields[f], func(dst []byte) []byte {
		start := len(dst)
		for _, preferred := range [...]bool{true, false} {
			for v := range m.Values(id) {
				if first(v) != preferred {
					continue
				}
				at := len(dst)
				if at > start {
					dst = append(dst, ", "...)
				}
				if dst = sip.AppendUnfolded(dst, v); len(dst)-start > limit {
					dst, t.full = dst[:at], true
				}
			}
		}
		return dst
	})
}

// accessNetwork keeps where the caller's access network says that the caller is (RFC 7315 section 4.4). A telephone may write
// what it likes; network-provided is a proxy's word.
func (t *Text) accessNetwork(m *sip.Message) {
	t.list(AccessNetwork, m, sip.HeaderPAccessNetworkInfo, sip.MaxValue, func(v []byte) bool {
		_, params, _ := bytes.Cut(v, []byte{';'})
		_, ok := sip.Param(params, "network-provided")
		return ok
	})
}

// identity keeps the PASSporTs. One of which a part is missing proves nothing: each is kept whole or not at all.
func (t *Text) identity(m *sip.Message) {
	t.list(Identity, m, sip.HeaderIdentity, maxIdentity, func([]byte) bool { return true })
	if m.Count(sip.HeaderIdentity) > 0 {
		t.verbatim(Date, m.Value(sip.HeaderDate))
	}
}

// referred keeps what a REFER asks for (RFC 3515), and which dialog its target is to take over. It says whether that was new.
func (t *Text) referred(m *sip.Message) bool {
	target := m.Value(sip.HeaderReferTo)
	if !t.redirect(byRefer, target, nil) {
		return false
	}
	t.redacted(Referrer, m.Value(sip.HeaderReferredBy))
	if to, err := sip.ParseNameAddr(target); err == nil {
		if uri, err := sip.ParseURI(to.URI); err == nil {
			if v := uri.Header("replaces"); len(v) > 0 {
				t.put(&t.fields[ReferReplaces], func(dst []byte) []byte { return sip.AppendUnescaped(dst, v) })
			}
		}
	}
	return true
}

// origin keeps what names the session of the caller's description, whatever its version. The first one counts: a relay
// behind the caller may write its own.
func (t *Text) origin(d *sdp.Description) {
	if t.has(Origin) {
		return
	}
	id, rest, ok := bytes.Cut(d.Origin(), []byte{' '})
	_, rest, more := bytes.Cut(rest, []byte{' '})
	if !ok || !more {
		return
	}
	t.put(&t.fields[Origin], func(dst []byte) []byte { return append(append(append(dst, id...), ' '), rest...) })
}

// credentials keeps who the caller claims to be towards a server: user name and realm, nothing else.
func (t *Text) credentials(m *sip.Message) {
	v := m.Value(sip.HeaderProxyAuthorization)
	if v == nil {
		v = m.Value(sip.HeaderAuthorization)
	}
	if c, err := sip.ParseCredentials(v); err == nil && len(c.Username) > 0 {
		t.put(&t.fields[AuthUser], c.AppendUsername)
		t.put(&t.fields[AuthRealm], func(dst []byte) []byte { return sip.DisplayText(dst, c.Realm) })
	}
}

// redirect keeps a diversion, each value once: every hop carries the same ones. It says whether it was new.
func (t *Text) redirect(source source, value, reason []byte) bool {
	if len(value) == 0 {
		return false
	}
	if len(t.redirects) >= maxRedirects {
		t.full = true
		return false
	}
	r := redirection{source: source}
	if !t.put(&r.value, func(dst []byte) []byte { return sip.AppendRedacted(dst, value) }) {
		return false
	}
	for _, old := range t.redirects {
		if sourceNames[old.source] == sourceNames[source] && string(t.at(old.value)) == string(t.at(r.value)) {
			t.slab = t.slab[:r.value.off]
			return false
		}
	}
	t.redirects = append(t.redirects, r)
	if len(reason) > 0 {
		t.put(&t.redirects[len(t.redirects)-1].reason, func(dst []byte) []byte { return append(dst, reason...) })
	}
	return true
}

// copyOf returns a Text that shares nothing with t.
func (t *Text) copyOf() Text {
	c := *t
	c.slab = append([]byte(nil), t.slab...)
	c.vias = append([]extent(nil), t.vias...)
	c.redirects = append([]redirection(nil), t.redirects...)
	if t.conflicts != nil {
		c.conflicts = new(*t.conflicts) // the lists do not change
	}
	return c
}
