package app

// Name is an application.
type Name uint8

// Applications. Unknown is the zero value: nothing says which.
const (
	Unknown Name = iota
	WhatsApp
	Messenger
	Telegram
	Signal
	Teams // and Skype
	Zoom
	Meet
	Viber
	Discord
	WebRTC // some application that uses WebRTC
	NumNames
)

var names = [NumNames]string{
	"", "whatsapp", "messenger", "telegram", "signal", "teams", "zoom", "meet", "viber", "discord", "webrtc",
}

// String is the name as records have it, "" for Unknown.
func (n Name) String() string {
	if n >= NumNames {
		return ""
	}
	return names[n]
}

// Confidence says how sure a name is.
type Confidence uint8

// Confidences, in their order.
const (
	None    Confidence = iota
	Weak               // one weak sign
	Likely             // two weak signs together
	Certain            // a registered or unique marker
)

var confidences = [...]string{"", "weak", "likely", "certain"}

// String is the confidence as records have it, "" for None.
func (c Confidence) String() string {
	if int(c) >= len(confidences) {
		return ""
	}
	return confidences[c]
}

// Medium is what a call carries.
type Medium uint8

// Media.
const (
	MediumUnknown Medium = iota
	Audio
	Video
)

var media = [...]string{"unknown", "audio", "video"}

// String is the medium as records have it.
func (m Medium) String() string {
	if int(m) >= len(media) {
		return media[0]
	}
	return media[m]
}

// ID is the number of a rule: its place in the table. It may change from one version to the next; names do not.
type ID uint8

// MaxRules is the most that a Marks can hold.
const MaxRules = 128

// Marks is a set of rules that matched. It is comparable and needs no room of its own.
type Marks [2]uint64

// Add puts a rule into the set.
func (m *Marks) Add(id ID) { m[id>>6&1] |= 1 << (id & 63) }

// Has says that a rule is in the set.
func (m Marks) Has(id ID) bool { return m[id>>6&1]>>(id&63)&1 != 0 }

// Join adds all of another set.
func (m *Marks) Join(o Marks) { m[0] |= o[0]; m[1] |= o[1] }

// Empty says that no rule matched.
func (m Marks) Empty() bool { return m == Marks{} }

// Kind is what a mark was seen in. Two weak marks make an application likely when they are of different kinds: two of one kind
// are one fact seen twice.
type Kind uint8

// Kinds of marks.
const (
	STUNMark    Kind = iota + 1 // message type, attribute or REALM
	PayloadMark                 // octets of a UDP payload
	PortMark                    // a port
	TypeMark                    // RTP payload type
	NetworkMark                 // address prefix or AS number
	DTLSMark                    // a DTLS handshake
	RTPMark                     // RTP, whatever its payload type
)

// Rule is one mark of an application: a row of the table.
type Rule struct {
	// Name does not change from one version to the next: it is the evidence in records.
	Name string
	App  Name
	// Confidence of a judgement that rests on this mark alone. None: it names nothing and supports nothing, it tells the medium.
	Confidence Confidence
	Kind       Kind
	// Attempt says that the mark belongs to the set-up of a call: one that nobody answers, or without media, is an attempt.
	Attempt bool
	// Support says that many programs show the mark: alone it names nothing, beside a weak mark of another kind it makes likely.
	Support bool
	// Medium that the mark speaks of.
	Medium Medium
	// Pair is the name of the rule together with which this one is certain; "" for none.
	Pair string
	// What it is, and where that is known from.
	What, Source string

	stunTypes  []span // message types
	attributes []span // attribute types
	realms     []string
	stunPorts  []span // of STUN Bindings
	username   bool   // with stunPorts: only with USERNAME
	ice        bool   // a connectivity check
	uuids      bool   // USERNAME is two UUIDs
	old        bool   // in messages without the magic cookie too
	ports      []span // of whatever; with attributes, of the STUN message
	types      []uint8
	prefixes   []string
	as         []uint32
	patterns   []pattern // any of them
	told       bool      // set by who follows the conversation
}

// span is a range of numbers, both ends in it.
type span struct{ low, high uint16 }

func (s span) has(n uint16) bool { return n-s.low <= s.high-s.low }

// either says that one of two ports is in s.
func (s span) either(a, b uint16) bool { return s.has(a) || s.has(b) }

// pattern is what a payload must be. is are at most 4 octets, at offset 0 or 2; none with offset 0 for any.
type pattern struct {
	at     int
	is     string
	length int  // of the whole payload on the wire; 0 for any
	on     span // one of the ports; the zero span for any
	check  func(b []byte, wireLen int, srcPort, dstPort uint16) bool
}
