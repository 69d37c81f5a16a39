package dialog

import (
	"maps"
	"time"

	"calltrail/decode"
	"calltrail/decode/sip"
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
	At                  int64 // time of the answer
	Src, Dst            decode.Endpoint
	VLAN                [2]uint16
	VLANs               uint8
	Anomalies           sip.Anomaly
}

// Registrar follows REGISTER transactions (RFC 3261 section 10). One goroutine uses it.
type Registrar struct {
	cfg      Config
	emit     func(*Registration)
	pending  map[registerKey]*register
	order    []registerKey // oldest first, to bound pending
	bindings map[string]binding
	sweepAt  int64 // packet time before which expired bindings are not looked for again
}

type registerKey struct {
	callID string
	cseq   uint32
}

// register is a REGISTER that waits for its answer.
type register struct {
	text      Text
	expires   int64
	star      bool
	contacts  int
	hasAuth   bool
	src, dst  decode.Endpoint
	anomalies sip.Anomaly
}

// binding is a registered contact of an address of record.
type binding struct {
	src     [16]byte
	expires int64 // packet time
}

// maxPending bounds the REGISTER transactions that wait.
const maxPending = 65536

// NewRegistrar returns an empty one. emit is given the events.
func NewRegistrar(cfg Config, emit func(*Registration)) *Registrar {
	return &Registrar{
		cfg: cfg.withDefaults(), emit: emit, pending: map[registerKey]*register{}, bindings: map[string]binding{},
	}
}

// Handle takes in a REGISTER or an answer to one.
func (r *Registrar) Handle(m *Message) {
	key := registerKey{string(m.SIP.CallID()), m.SIP.CSeq()}
	if m.SIP.IsRequest() {
		r.request(key, m)
		return
	}
	if m.SIP.Status() < 200 {
		return
	}
	req := r.pending[key]
	if req == nil {
		return // a copy, another hop's answer, or an answer without its question
	}
	delete(r.pending, key)
	r.answer(key.callID, req, m)
}

func (r *Registrar) request(key registerKey, m *Message) {
	if r.pending[key] != nil {
		return // a retransmission, or the same request on a further hop
	}
	for len(r.pending) >= maxPending || len(r.order) >= 2*maxPending {
		delete(r.pending, r.order[0])
		r.order = r.order[1:]
	}
	req := &register{expires: -1, src: m.Src, dst: m.Dst, anomalies: m.SIP.Anomalies(), contacts: m.SIP.Count(sip.HeaderContact)}
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
	r.pending[key] = req
	r.order = append(r.order, key)
}

func (r *Registrar) answer(callID string, req *register, m *Message) {
	status := m.SIP.Status()
	ev := Registration{
		CallID: []byte(callID), AOR: req.text.Get(To), Contact: req.text.Get(Contact), UserAgent: req.text.Get(UserAgent),
		AuthUser: req.text.Get(AuthUser), AuthRealm: req.text.Get(AuthRealm), Expires: -1, Status: status, At: m.At,
		Src: req.src, Dst: req.dst, VLAN: m.VLAN, VLANs: m.VLANs, Anomalies: req.anomalies | m.SIP.Anomalies(),
	}
	if status >= 300 {
		if challenge := status == 401 || status == 407; challenge && !req.hasAuth || status == 423 {
			return // asked for credentials, or for a longer interval: the next REGISTER decides
		}
		ev.Event = Refused
		r.emit(&ev)
		return
	}
	if req.contacts == 0 {
		return // a question for the bindings there are (RFC 3261 section 10.2.3)
	}
	ev.Expires = granted(req, m)
	key := string(ev.AOR) + "\x00" + string(contactKey(ev.Contact))
	known, ok := r.bindings[key]
	ok = ok && known.expires > m.Now
	switch {
	case ev.Expires == 0 || req.star:
		ev.Event, ev.Expires = LogOut, 0
		delete(r.bindings, key)
	case ok && known.src == req.src.IP:
		r.remember(key, req, ev.Expires, m.Now)
		return
	case ok:
		ev.Event = Change
		r.remember(key, req, ev.Expires, m.Now)
	default:
		ev.Event = LogIn
		r.remember(key, req, ev.Expires, m.Now)
	}
	r.emit(&ev)
}

// remember notes a binding. A full table forgets what has expired, at most once a minute; if that is not enough, the
// binding is not remembered and its next refresh is told as a log-in again, which is less wrong than not telling.
func (r *Registrar) remember(key string, req *register, expires, now int64) {
	if expires < 0 {
		expires = 3600
	}
	if _, ok := r.bindings[key]; !ok && len(r.bindings) >= r.cfg.Registrations {
		if now < r.sweepAt {
			return
		}
		r.sweepAt = now + int64(time.Minute)
		maps.DeleteFunc(r.bindings, func(_ string, b binding) bool { return b.expires <= now })
		if len(r.bindings) >= r.cfg.Registrations {
			return
		}
	}
	r.bindings[key] = binding{req.src.IP, now + expires*1e9}
}

// granted is the interval the registrar granted: of the contact in its answer, of Expires, or what was asked.
func granted(req *register, m *Message) int64 {
	want := contactKey(req.text.Get(Contact))
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

// contactKey is the URI of a Contact without parameters.
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
