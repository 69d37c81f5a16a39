package dialog

import (
	"slices"
	"time"

	"calltrail/decode"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// RegistrationEvent says what a REGISTER did.
type RegistrationEvent uint8

// Events. A refresh of a known binding is none: a row for each would be a trail of movement.
const (
	LogIn RegistrationEvent = iota + 1
	LogOut
	Change  // a known binding from another source address
	Refused // a final response that is no 2xx, after credentials where they were asked for
)

// Registration is one answered REGISTER. Its slices are valid during the call of the function it is given to.
type Registration struct {
	Event               RegistrationEvent
	CallID              []byte
	AOR, Contact        []byte // To and Contact, redacted
	UserAgent           []byte
	AuthUser, AuthRealm []byte
	Expires             int64 // seconds granted; -1 when the answer does not say or refuses
	Status              int
	At                  int64           // time of the answer
	Src, Dst            decode.Endpoint // of the request nearest to its sender
	Relayed             bool            // that request had a second Via: Src is a proxy's, not the telephone's
	VLAN                [2]uint16
	VLANs               uint8
	Tap                 uint16 // of the response
	Anomalies           sip.Anomaly
	Transport           sip.Transport   // of the request, as Tunnels
	Tunnels             []tunnel.Header // outermost first, at most tunnel.MaxDepth
	Carriage            Carriage        // of both
}

// Registrar follows REGISTER transactions (RFC 3261 section 10). One goroutine uses it.
type Registrar struct {
	cfg      Config
	emit     func(*Registration)
	pending  map[registerKey]*register
	order    []placed // oldest first, to bound pending
	bindings map[string][]binding
	size     int   // of all bindings
	left     int   // of them, when expired ones were last looked for
	sweepAt  int64 // packet time before which they are not looked for again
}

type registerKey struct {
	callID string
	cseq   uint32
}

// placed is a REGISTER in the order of their times; another one may have the key since.
type placed struct {
	key registerKey
	req *register
}

// register is a REGISTER that waits for its answer, or that was answered a short time ago.
type register struct {
	at        int64 // packet time
	answered  bool  // nothing else is kept then
	text      Text
	expires   int64
	star      bool
	contacts  int
	hasAuth   bool
	src, dst  decode.Endpoint
	vias      int
	anomalies sip.Anomaly
	transport sip.Transport
	tunnels   []tunnel.Header
	carriage  Carriage
}

// binding is a registered contact of an address of record.
type binding struct {
	contact string
	src     [16]byte
	expires int64 // packet time
}

// Bounds of what waits and of what is remembered of one address of record.
const (
	maxPending  = 32768
	maxContacts = 16
	leastSweep  = 64 // new bindings before expired ones are looked for
)

// NewRegistrar returns an empty one. emit is given the events.
func NewRegistrar(cfg Config, emit func(*Registration)) *Registrar {
	return &Registrar{
		cfg: cfg.withDefaults(), emit: emit, pending: map[registerKey]*register{}, bindings: map[string][]binding{},
	}
}

// Len is the number of bindings remembered.
func (r *Registrar) Len() int { return r.size }

// Handle takes in a REGISTER or an answer to one.
func (r *Registrar) Handle(m *Message) {
	r.forget(m.Now)
	if m.SIP.IsRequest() {
		r.request(m)
		return
	}
	key := registerKey{string(m.SIP.CallID()), m.SIP.CSeq()}
	req := r.pending[key]
	if req == nil || req.answered || m.SIP.Status() < 200 {
		return // a copy, another hop's answer, or an answer without its question
	}
	// Copies of both may still come: they are no second log-in.
	text := req.text
	req.text, req.answered = Text{}, true
	r.answer(key.callID, &text, req, m)
}

// forget lets go of the REGISTERs that have been answered or not for so long that no copy will come, and of the oldest ones
// when there are too many.
func (r *Registrar) forget(now int64) {
	for len(r.order) > 0 && (len(r.order) >= maxPending || now-r.order[0].req.at > int64(r.cfg.Hold)) {
		if old := r.order[0]; r.pending[old.key] == old.req {
			delete(r.pending, old.key)
		}
		r.order[0] = placed{}
		r.order = r.order[1:]
	}
}

func (r *Registrar) request(m *Message) {
	key := registerKey{string(m.SIP.CallID()), m.SIP.CSeq()}
	vias, known := m.SIP.ViaCount(), r.pending[key]
	if known != nil && (known.answered || vias >= known.vias) {
		return // a retransmission, or the same request on a further hop
	}
	req := &register{
		at: m.Now, expires: -1, vias: vias, src: m.Src, dst: m.Dst, anomalies: m.SIP.Anomalies(), contacts: m.SIP.Count(sip.HeaderContact),
		transport: m.Transport, tunnels: slices.Clone(m.Tunnels[:min(len(m.Tunnels), tunnel.MaxDepth)]), carriage: m.Carriage,
	}
	req.text.redacted(To, m.SIP.Value(sip.HeaderTo))
	req.text.redacted(Contact, m.SIP.Value(sip.HeaderContact))
	req.text.verbatim(UserAgent, m.SIP.Value(sip.HeaderUserAgent))
	req.text.credentials(m.SIP)
	req.hasAuth = m.SIP.Value(sip.HeaderAuthorization) != nil || m.SIP.Value(sip.HeaderProxyAuthorization) != nil
	if n, err := sip.ParseDeltaSeconds(m.SIP.Value(sip.HeaderExpires)); err == nil {
		req.expires = int64(n)
	}
	if c, err := sip.ParseContact(m.SIP.Value(sip.HeaderContact)); err == nil {
		req.star = c.Star
		if c.HasExpires {
			req.expires = int64(c.Expires)
		}
	}
	if known != nil {
		// The hop behind was seen first.
		req.at = known.at
		*known = *req
		return
	}
	r.pending[key] = req
	r.order = append(r.order, placed{key, req})
}

func (r *Registrar) answer(callID string, text *Text, req *register, m *Message) {
	status := m.SIP.Status()
	ev := Registration{
		CallID: []byte(callID), AOR: text.Get(To), Contact: text.Get(Contact), UserAgent: text.Get(UserAgent),
		AuthUser: text.Get(AuthUser), AuthRealm: text.Get(AuthRealm), Expires: -1, Status: status, At: m.At,
		Src: req.src, Dst: req.dst, Relayed: req.vias > 1, VLAN: m.VLAN, VLANs: m.VLANs, Tap: m.Tap, Anomalies: req.anomalies | m.SIP.Anomalies(),
		Transport: req.transport, Tunnels: req.tunnels, Carriage: req.carriage | m.Carriage,
	}
	if status >= 300 {
		if challenge := status == 401 || status == 407; challenge && (!req.hasAuth || m.Stale) || status == 423 {
			// Asked for credentials, for the same ones with a new nonce, or for a longer interval: the next REGISTER decides, which some send with the same number.
			delete(r.pending, registerKey{callID, m.SIP.CSeq()})
			return
		}
		ev.Event = Refused
		r.emit(&ev)
		return
	}
	if req.contacts == 0 {
		return // a question for the bindings there are (RFC 3261 section 10.2.3)
	}
	ev.Expires = granted(ev.Contact, req, m)
	aor, contact := string(contactKey(ev.AOR)), string(contactKey(ev.Contact))
	switch known := r.find(aor, contact, m.Now); {
	case req.star:
		ev.Event, ev.Expires = LogOut, 0
		r.size -= len(r.bindings[aor])
		delete(r.bindings, aor)
	case ev.Expires == 0:
		ev.Event = LogOut
		r.drop(aor, func(b *binding) bool { return b.contact == contact })
	case known == nil:
		ev.Event = LogIn
		r.remember(aor, binding{contact, req.src.IP, until(ev.Expires, m.Now)}, m.Now)
	default:
		moved := known.src != req.src.IP
		known.src, known.expires = req.src.IP, until(ev.Expires, m.Now)
		if !moved {
			return
		}
		ev.Event = Change
	}
	r.emit(&ev)
}

// until is when a binding ends that was granted for so many seconds, an hour when the answer does not say (RFC 3261 section
// 10.2.1.1).
func until(expires, now int64) int64 {
	if expires < 0 {
		expires = 3600
	}
	return now + expires*1e9
}

// find returns the binding of a contact that has not expired.
func (r *Registrar) find(aor, contact string, now int64) *binding {
	list := r.bindings[aor]
	for i := range list {
		if list[i].contact == contact && list[i].expires > now {
			return &list[i]
		}
	}
	return nil
}

// drop forgets bindings of an address of record.
func (r *Registrar) drop(aor string, which func(*binding) bool) {
	list := slices.DeleteFunc(r.bindings[aor], func(b binding) bool { return which(&b) })
	r.size -= len(r.bindings[aor]) - len(list)
	if len(list) == 0 {
		delete(r.bindings, aor)
	} else {
		r.bindings[aor] = list
	}
}

// remember notes a binding. What has expired is forgotten, at most once a minute, when the table is full or a half more than the
// last look has left; so there are hardly more than half as many expired ones as others, and a look costs each binding little. If
// a full table has none, the binding is not remembered and its next refresh is told as a log-in again, which is less wrong than
// not telling.
func (r *Registrar) remember(aor string, b binding, now int64) {
	expired := func(o *binding) bool { return o.expires <= now }
	r.drop(aor, expired)
	if (r.size >= r.cfg.Registrations || r.size > r.left+r.left/2+leastSweep) && now >= r.sweepAt {
		r.sweepAt = now + int64(time.Minute)
		for other := range r.bindings {
			r.drop(other, expired)
		}
		r.left = r.size
	}
	if r.size >= r.cfg.Registrations || len(r.bindings[aor]) >= maxContacts {
		return
	}
	r.bindings[aor] = append(r.bindings[aor], b)
	r.size++
}

// granted is the interval the registrar granted: of the contact in its answer, of Expires, or what was asked.
func granted(contact []byte, req *register, m *Message) int64 {
	want := contactKey(contact)
	for v := range m.SIP.Values(sip.HeaderContact) {
		c, err := sip.ParseContact(v)
		if err == nil && c.HasExpires && string(contactKey(v)) == string(want) {
			return int64(c.Expires)
		}
	}
	if req.expires == 0 {
		return 0
	}
	if n, err := sip.ParseDeltaSeconds(m.SIP.Value(sip.HeaderExpires)); err == nil {
		return int64(n)
	}
	return req.expires
}

// contactKey is the instance of a Contact (RFC 5626), or else its URI without parameters; so of a To.
func contactKey(value []byte) []byte {
	c, err := sip.ParseContact(value)
	if err != nil {
		return value
	}
	if len(c.Instance) > 0 {
		return c.Instance
	}
	for i, b := range c.URI {
		if b == ';' || b == '?' {
			return c.URI[:i]
		}
	}
	return c.URI
}
