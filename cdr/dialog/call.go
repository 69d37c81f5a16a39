package dialog

import (
	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/pidf"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// state is how far a call has come.
type state uint8

const (
	calling  state = iota // INVITE seen
	ringing               // a provisional response seen
	answered              // a 2xx to the INVITE seen, or a dialog found in its middle
	ended                 // BYE, final response or time-out
)

// Ender says who or what ended a call.
type Ender uint8

// Enders.
const (
	EndedNot Ender = iota
	EndedByCaller
	EndedByCallee
	EndedByTimeout      // its session timer ran out (RFC 4028), it was never answered, or it reached the highest age
	EndedByMediaTimeout // its media stopped: Config.MediaStop
)

// Flag is a set of things a reader of the record must know.
type Flag uint32

// Flags of a call. docs/record.md explains each.
const (
	MidCall             Flag = 1 << iota // seen from the middle: the first INVITE is missing
	Evicted                              // pushed out of a full table before its end
	CaptureEnd                           // still open when the input ended
	UnverifiedEnd                        // a BYE or CANCEL from someone who is no participant; it ended nothing
	AckMissing                           // answered, and no ACK seen
	CancelRace                           // CANCEL and a 2xx crossed: answered
	ByeUnanswered                        // the BYE had no 2xx or 481
	ForkDropped                          // a further branch that answered and was hung up at once
	LateAnswer                           // a 2xx after the call had been given up
	Truncated                            // something was longer or more than a record holds
	Retagged                             // tried again with another From tag
	DownstreamState                      // the outcome was seen only on a hop behind the first
	Shutdown                             // still open when the program was stopped
	SensorRestart                        // taken up again after the program had been stopped or had died
	FragmentsOverlapped                  // a message of it came in fragments with different octets for one place: FragmentOverlap
	SegmentsOverlapped                   // or in segments of a stream: StreamOverlap
	StreamGapped                         // octets of the stream before a message of it were never seen: StreamGap
	WentOn                               // it went on after an end: media after a BYE that was not agreed to, or after our time-out
)

var flagNames = [...]string{
	"mid_call", "evicted", "capture_end", "unverified_end", "ack_missing", "cancel_race", "bye_unanswered", "fork_dropped",
	"late_answer", "truncated", "retagged", "downstream_only", "shutdown", "sensor_restart", "fragment_overlap", "stream_overlap",
	"stream_gap", "went_on",
}

// carried are the flags of what befell a message on its way.
func carried(how Carriage) (f Flag) {
	if how&FragmentOverlap != 0 {
		f |= FragmentsOverlapped
	}
	if how&StreamOverlap != 0 {
		f |= SegmentsOverlapped
	}
	if how&StreamGap != 0 {
		f |= StreamGapped
	}
	return f
}

// Names yields the names of the flags in f.
func (f Flag) Names(yield func(string) bool) {
	for i, name := range flagNames {
		if f&(1<<i) != 0 && !yield(name) {
			return
		}
	}
}

// Bounds of what one call keeps.
const (
	maxTransactions = 24
	maxHops         = 32
	maxAttempts     = 32
	maxVias         = 32
	maxRedirects    = 32
)

// Hop is one transmission path of the first INVITE.
type Hop struct {
	Src, Dst decode.Endpoint
	At       int64
}

// Attempt is a final response that the caller answered with a further INVITE.
type Attempt struct {
	Status int
	At     int64
}

// MethodCount counts requests of a method.
type MethodCount struct {
	Method sip.Method
	Count  int
}

// transaction is one request on one hop (RFC 3261 section 17.1.3: branch and method of the CSeq; the number too, as
// RFC 2543 programs repeat branches).
type transaction struct {
	branch     uint64
	cseq       uint32
	round      uint32 // of its offer
	attempt    uint32 // of the call, 0 for a request inside the dialog
	status     uint16 // final response, 0 before
	vias       uint16
	method     sip.Method
	fromCaller bool
	offer      bool // the request carried a session description
	src, dst   decode.Endpoint
}

// Call is one call leg: one Call-ID and From tag. It belongs to the Table; who gets one from Emit reads it before
// returning.
type Call struct {
	CallID   string
	FirstTag string // From tag of the first INVITE
	FromTag  string // From tag of the newest one
	ToTag    string

	// Branch is the To tag of a further branch that answered, "" for the first.
	Branch string
	// Forked says that there is more than one leg with this Call-ID and From tag.
	Forked bool

	// Times in nanoseconds since 1970-01-01T00:00:00Z; 0 is never.
	Started, Ringing, Answered, Ended, LastSeen int64

	// Src and Dst are the ends of the INVITE on the hop nearest to the caller; SrcVia is the sent-by of its top Via.
	Src, Dst decode.Endpoint
	SrcVia   decode.Endpoint
	VLAN     [2]uint16
	VLANs    uint8
	Tap      uint16

	// Transport and Tunnels are those of that INVITE; Tunnels is outermost first, at most tunnel.MaxDepth.
	Transport sip.Transport
	Tunnels   []tunnel.Header
	// IdentityAt is the time of the INVITE that Text's Identity is of, 0 without: a PASSporT is good for a minute.
	IdentityAt int64
	// Location is the place that the INVITE names for the caller, nil when it names none.
	Location *pidf.Location
	// Group is what the call belongs to with others; Table.Join sets it.
	Group Group

	Status    int // final response to the INVITE, 0 for none
	Q850      int // cause, -1 for none
	EndedBy   Ender
	Flags     Flag
	Anomalies sip.Anomaly
	// Seen says of which party messages were seen.
	Seen [2]bool

	Hops     []Hop
	Attempts []Attempt
	Methods  []MethodCount
	Text     Text
	Media    media.Session

	// Revision counts the records made of the call so far.
	Revision int
	// Done says that its final record is made.
	Done bool
	// Kept is the owner's: what it holds for the call until the call is forgotten.
	Kept []byte

	state        state
	cancelled    int64  // time of the CANCEL, 0 without
	endedNow     int64  // packet time at which the end was noted
	byeStatus    uint16 // 2xx or 481 to a BYE, which confirms it; 0 before
	acked        bool
	byeKept      bool   // it is known for the next start that its BYE was not agreed to
	endKept      bool   // restored after its end: whether that was answered is not known
	viewed       bool   // an interim record has been made
	invited      bool   // an INVITE of the attempt has been seen
	attempt      uint32 // INVITEs of one number and From tag; 0 while neither an INVITE nor an answer to it was seen
	inviteSeq    uint32
	inviteVias   uint16 // fewest Vias among the messages of the attempt
	srcVias      uint16 // Vias of the INVITE that Src and Dst are of
	lowStatus    uint16 // final response seen on a hop behind the first only
	lowAt        int64
	transactions []transaction
	rounds       uint32
	answers      [2]answerRound

	// Deadlines in packet time, 0 for none.
	checkpointAt, timeoutAt, finalAt, forgetAt int64
	keepAt                                     int64 // of the next snapshot
	mediaAt                                    int64 // when to see whether its media has stopped
	lifeAt                                     int64 // packet time of its newest message, to half a second
	order                                      uint64
	due                                        int64 // the earliest deadline, which is in the timers
	position                                   int   // there
	gone                                       bool
	stale                                      bool // to be saved
	line                                       lineName
	before, after                              *Call // in that line
}

// answerRound is the newest round of addresses that a party gave in an answer: the copies of the answer, and the same
// one on further hops, belong to it.
type answerRound struct {
	cseq   uint32
	round  uint32
	status uint16 // 0 for an ACK
	method sip.Method
}

func (a answerRound) is(m *sip.Message) bool {
	return a.round != 0 && a.cseq == m.CSeq() && int(a.status) == m.Status() && a.method == m.Method()
}

// Open says that the call has not ended.
func (c *Call) Open() bool { return c.state != ended }

// inDialog says that the call was answered, seen or not, or found in its middle.
func (c *Call) inDialog() bool { return c.Answered != 0 || c.Flags&MidCall != 0 && c.attempt == 0 }

// hungUp says that a party's BYE ended the call, and that no 2xx to it was seen.
func (c *Call) hungUp() bool {
	return c.state == ended && (c.EndedBy == EndedByCaller || c.EndedBy == EndedByCallee) && c.inDialog() && c.byeStatus/100 != 2
}

// gaveUp says that our timers alone ended the call: what is seen of it later shows that it goes on.
func (c *Call) gaveUp() bool {
	return c.state == ended && c.inDialog() && (c.EndedBy == EndedByTimeout || c.EndedBy == EndedByMediaTimeout)
}

// over says that the end of the call is certain, and its record made.
func (c *Call) over() bool { return c.Done && c.Answered != 0 && !c.hungUp() && !c.gaveUp() }

// Established says that the call was answered, whether or not the answer was seen.
func (c *Call) Established() bool {
	return c.Answered != 0 || c.Flags&MidCall != 0 && (c.Status/100 == 2 || c.byeStatus/100 == 2)
}

// match says how well the tags of a message fit a leg.
type match uint8

const (
	noMatch     match = iota
	otherBranch       // the From tag of a further branch, whose To tag is another one
	otherTag          // the From tag of the call, and another To tag
	compatible        // the From tag, and no To tag to compare
	sameTags
)

// party says which side sent a message with these tags, and how well they are the dialog's.
func (c *Call) party(from, to []byte, request bool) (p media.Party, how match) {
	mine, other := from, to
	switch {
	case string(from) == c.FromTag || c.Flags&Retagged != 0 && string(from) == c.FirstTag:
		p = media.Caller
	case len(to) > 0 && string(to) == c.FromTag:
		p, mine, other = media.Callee, to, from
	default:
		return 0, noMatch
	}
	switch {
	case len(other) == 0 && c.Branch != "":
		how = otherBranch // an INVITE or CANCEL is the first leg's
	case len(other) == 0 || c.ToTag == "":
		how = compatible
	case string(other) == c.ToTag && string(mine) == c.FromTag:
		how = sameTags
	case c.Branch != "":
		how = otherBranch
	default:
		how = otherTag
	}
	if !request {
		// A response carries the tags of its request and comes from the other side.
		p = p.Other()
	}
	return p, how
}

// transaction is the newest one of that name.
func (c *Call) transaction(branch uint64, cseq uint32, method sip.Method) *transaction {
	for i := len(c.transactions) - 1; i >= 0; i-- {
		if t := &c.transactions[i]; t.branch == branch && t.cseq == cseq && t.method == method {
			return t
		}
	}
	return nil
}

// addTransaction keeps the newest ones: the first INVITE's own fields are in the Call.
func (c *Call) addTransaction(t transaction) *transaction {
	if len(c.transactions) >= maxTransactions {
		copy(c.transactions, c.transactions[1:])
		c.transactions = c.transactions[:maxTransactions-1]
	}
	c.transactions = append(c.transactions, t)
	return &c.transactions[len(c.transactions)-1]
}

func (c *Call) count(m sip.Method) {
	for i := range c.Methods {
		if c.Methods[i].Method == m {
			c.Methods[i].Count++
			return
		}
	}
	c.Methods = append(c.Methods, MethodCount{m, 1}) // bounded by the number of methods
}

// participant says that ip has taken part in the call's signalling, or that a party named it for requests inside the
// dialog: those may take the direct way (RFC 3261 section 12.2.1.1).
func (c *Call) participant(ip [16]byte) bool {
	if c.met(ip) {
		return true
	}
	for i := range c.transactions {
		if t := &c.transactions[i]; t.src.IP == ip || t.dst.IP == ip {
			return true
		}
	}
	for _, f := range [...]Field{Contact, RemoteTarget} {
		if contact, err := sip.ParseContact(c.Text.Get(f)); err == nil {
			if uri, err := sip.ParseURI(contact.URI); err == nil && endpointOf(uri.Host, 0).IP == ip {
				return true
			}
		}
	}
	return false
}
