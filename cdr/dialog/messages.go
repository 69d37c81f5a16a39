package dialog

import (
	"slices"

	"calltrail/decode"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// MessageEvent says that a MESSAGE (RFC 3428) was sent: one for each, however often it was transmitted, over however many
// hops, with or without a challenge in between. There is nothing of its body in it. Its slices are valid during the call of
// the function it is given to.
type MessageEvent struct {
	CallID              []byte
	FromTag             []byte
	From, To            []byte // redacted, as all URIs
	RequestURI          []byte // nil when only the answer was seen
	PAssertedIdentity   []byte
	UserAgent           []byte
	AuthUser, AuthRealm []byte
	// Status is the final response nearest to the sender; 0 when none was seen in 32 s. A 401 or 407 means that the sender did
	// not try again.
	Status int
	// At is the time of the request, AnsweredAt that of the final response, 0 without; nanoseconds since 1970.
	At, AnsweredAt int64
	// OnlyAnswer says that the request was not seen: At is the time of the answer, Src and Dst are its ends turned round.
	OnlyAnswer bool
	// Within says that it was sent inside a dialog, of a call for instance.
	Within    bool
	Src, Dst  decode.Endpoint // of the request nearest to its sender, as the rest
	Relayed   bool            // it had a second Via: Src is a proxy's
	VLAN      [2]uint16
	VLANs     uint8
	Tap       uint16
	Transport sip.Transport
	Tunnels   []tunnel.Header // outermost first, at most tunnel.MaxDepth
	Anomalies sip.Anomaly
	Carriage  Carriage
	Evicted   bool // told before its answer, because too many waited for theirs
	Cut       bool // told before its answer, because the input ended
}

// Messages follows MESSAGE transactions. One goroutine uses it.
type Messages struct {
	// Evicted counts those that were told early because too many waited.
	Evicted uint64

	cfg     Config
	emit    func(*MessageEvent)
	known   map[messageKey]*sending
	waiting []dueSending // for an answer, by deadline; among them some that have had it
	held    []dueSending // answered, so that copies are no new ones
	open    int          // of known, those without an answer
}

// messageKey names a MESSAGE among those of its sender. Another number of the same Call-ID and tag is another message,
// but for one that repeats it with credentials.
type messageKey struct {
	callID, fromTag string
	cseq            uint32
}

// dueSending is a MESSAGE with a deadline that it had once; another one may have the key since.
type dueSending struct {
	at  int64
	key messageKey
	s   *sending
}

// sending is a MESSAGE that waits for its answer, or that was answered a short time ago.
type sending struct {
	told     bool // nothing else is kept then
	deadline int64
	branch   uint64 // of the newest request
	vias     uint16 // fewest of its requests
	low      uint16 // final response on a hop behind, and when
	lowAt    int64
	text     Text
	event    MessageEvent // without text
}

// Bounds of what waits for an answer, with its text, and of all that is remembered.
const (
	maxUnanswered = 8192
	maxMessages   = 32768
)

// NewMessages returns an empty one. emit is given the events.
func NewMessages(cfg Config, emit func(*MessageEvent)) *Messages {
	return &Messages{cfg: cfg.withDefaults(), emit: emit, known: map[messageKey]*sending{}}
}

// Len is the number of messages remembered.
func (t *Messages) Len() int { return len(t.known) }

// NextTimer is the deadline of the MESSAGE that has waited longest, or an earlier one; ok is false when none waits.
func (t *Messages) NextTimer() (at int64, ok bool) {
	if len(t.waiting) == 0 {
		return 0, false
	}
	return t.waiting[0].at, true
}

// Advance lets packet time pass: what has waited too long before now for its answer is told without one.
func (t *Messages) Advance(now int64) {
	for len(t.waiting) > 0 && t.waiting[0].at < now {
		t.next(false)
	}
	for len(t.held) > 0 && t.held[0].at < now {
		t.forget()
	}
}

// Finish tells of all that wait for their answers: the input has ended.
func (t *Messages) Finish() {
	for len(t.waiting) > 0 {
		t.waiting[0].s.event.Cut = true
		t.next(false)
	}
	clear(t.known)
	t.held = nil
}

// next takes the first out of those that wait, and tells of it if it does still.
func (t *Messages) next(evicted bool) {
	d := t.waiting[0]
	t.waiting[0] = dueSending{}
	t.waiting = t.waiting[1:]
	if !d.waits() {
		return
	}
	e := &d.s.event
	if e.Status == 0 && d.s.low != 0 {
		e.Status, e.AnsweredAt = int(d.s.low), d.s.lowAt
	}
	e.Evicted = evicted
	if evicted {
		t.Evicted++
	}
	t.tell(d.key, d.s, d.at)
}

// forget lets go of the one that has been held longest.
func (t *Messages) forget() {
	if d := t.held[0]; t.known[d.key] == d.s {
		delete(t.known, d.key)
	}
	t.held[0] = dueSending{}
	t.held = t.held[1:]
}

// tell makes the event of s. From now on it is remembered by its key alone.
func (t *Messages) tell(key messageKey, s *sending, now int64) {
	e := s.event
	e.CallID, e.FromTag = []byte(key.callID), []byte(key.fromTag)
	e.From, e.To, e.RequestURI = s.text.Get(From), s.text.Get(To), s.text.Get(RequestURI)
	e.PAssertedIdentity, e.UserAgent = s.text.Get(PAssertedIdentity), s.text.Get(UserAgent)
	e.AuthUser, e.AuthRealm = s.text.Get(AuthUser), s.text.Get(AuthRealm)
	*s = sending{told: true}
	t.open--
	t.held = append(t.held, dueSending{now + int64(t.cfg.Hold), key, s})
	t.emit(&e)
}

// wait adds a message, or gives it more time.
func (t *Messages) wait(key messageKey, s *sending, now int64) {
	s.deadline = now + int64(t.cfg.InviteTimeout) // Timer F is as long (RFC 3261 section 17.1.2.2)
	t.waiting = append(t.waiting, dueSending{s.deadline, key, s})
}

// add makes room and remembers a new message.
func (t *Messages) add(key messageKey, m *Message) *sending {
	for t.open >= maxUnanswered && len(t.waiting) > 0 {
		t.next(true)
	}
	for len(t.known) >= maxMessages && len(t.held) > 0 {
		t.forget()
	}
	if len(t.waiting) >= maxMessages {
		t.waiting = slices.DeleteFunc(t.waiting, func(d dueSending) bool { return !d.waits() })
	}
	s := &sending{event: MessageEvent{At: m.At}}
	t.known[key] = s
	t.open++
	t.wait(key, s, m.Now)
	return s
}

// waits says that the deadline is still that of the message.
func (d *dueSending) waits() bool { return !d.s.told && d.s.deadline == d.at }

// Handle takes in a MESSAGE or a response to one; Advance must have been called with its time before.
func (t *Messages) Handle(m *Message) {
	key := messageKey{string(m.SIP.CallID()), string(m.SIP.FromTag()), m.SIP.CSeq()}
	if m.SIP.IsRequest() {
		t.request(key, m)
	} else if m.SIP.Status() >= 200 {
		t.answer(key, m)
	}
}

func (t *Messages) request(key messageKey, m *Message) {
	s, vias := t.known[key], uint16(m.SIP.ViaCount()) //nolint:gosec // at most the lines of one message
	credentials := m.SIP.Value(sip.HeaderAuthorization) != nil || m.SIP.Value(sip.HeaderProxyAuthorization) != nil
	switch {
	case s == nil && credentials:
		if s = t.challenged(key, m.Now); s == nil {
			s = t.add(key, m)
		}
	case s == nil:
		s = t.add(key, m)
	case s.told:
		return
	case challenge(s.event.Status) && credentials && vias <= s.vias && branchOf(m.SIP) != s.branch:
		t.again(key, s, m.Now) // under the same number
	case vias >= s.vias && !s.event.OnlyAnswer:
		s.event.Carriage |= m.Carriage
		return // a retransmission, or the same on a further hop
	}
	s.take(vias, m)
}

// take keeps what the request says that is nearest to the sender.
func (s *sending) take(vias uint16, m *Message) {
	s.vias, s.branch = vias, branchOf(m.SIP)
	s.text.redacted(From, m.SIP.Value(sip.HeaderFrom))
	s.text.redacted(To, m.SIP.Value(sip.HeaderTo))
	s.text.redacted(RequestURI, m.SIP.RequestURI())
	s.text.redacted(PAssertedIdentity, m.SIP.Value(sip.HeaderPAssertedIdentity))
	s.text.verbatim(UserAgent, m.SIP.Value(sip.HeaderUserAgent))
	s.text.credentials(m.SIP)
	e := &s.event
	e.OnlyAnswer, e.Within = false, len(m.SIP.ToTag()) > 0
	e.Src, e.Dst, e.Relayed = m.Src, m.Dst, vias > 1
	e.ends(m)
}

// ends keeps how the message came, whichever way it went.
func (e *MessageEvent) ends(m *Message) {
	e.VLAN, e.VLANs, e.Tap, e.Transport = m.VLAN, m.VLANs, m.Tap, m.Transport
	e.Tunnels = slices.Clone(m.Tunnels[:min(len(m.Tunnels), tunnel.MaxDepth)])
	e.Anomalies |= m.SIP.Anomalies()
	e.Carriage |= m.Carriage
}

func challenge(status int) bool { return status == 401 || status == 407 }

// challenged finds the message that was refused for lack of credentials and is now sent with some, under the next number.
func (t *Messages) challenged(key messageKey, now int64) *sending {
	old := key
	old.cseq--
	s := t.known[old]
	if s == nil || s.told || !challenge(s.event.Status) {
		return nil
	}
	delete(t.known, old)
	t.known[key] = s
	t.again(key, s, now)
	return s
}

// again lets a challenged message wait for its next answer.
func (t *Messages) again(key messageKey, s *sending, now int64) {
	s.event.Status, s.event.AnsweredAt, s.low = 0, 0, 0
	t.wait(key, s, now)
}

func (t *Messages) answer(key messageKey, m *Message) {
	s, vias := t.known[key], uint16(m.SIP.ViaCount()) //nolint:gosec // at most the lines of one message
	if s == nil {
		s = t.add(key, m)
		s.vias = vias
		s.text.redacted(From, m.SIP.Value(sip.HeaderFrom))
		s.text.redacted(To, m.SIP.Value(sip.HeaderTo))
		s.event.OnlyAnswer = true
		s.event.Src, s.event.Dst, s.event.Relayed = m.Dst, m.Src, vias > 1
		s.event.ends(m)
	}
	status := m.SIP.Status()
	switch {
	case s.told || s.event.Status != 0:
		return // a copy
	case vias > s.vias:
		s.low, s.lowAt = uint16(status), m.At //nolint:gosec // 200-699
		return
	}
	s.event.Status, s.event.AnsweredAt = status, m.At
	s.event.Anomalies |= m.SIP.Anomalies()
	s.event.Carriage |= m.Carriage
	if !challenge(status) {
		t.tell(key, s, m.Now)
	}
}
