package record

import "github.com/google/uuid"

// Message says that one SIP MESSAGE (RFC 3428) was sent: from whom to whom, when, and what became of it. Never its text.
type Message struct {
	// Identity of the event, a hash of what was observed.
	RecordID uuid.UUID `json:"record_id"`
	// Format of the event.
	Schema string `json:"schema" schema:"const=calltrail.message.v1"`
	// What was observed.
	Kind Kind `json:"kind" schema:"const=message"`
	// UTC date of at, the partition key of the store.
	Day string `json:"day" schema:"date"`
	// Sensor that made the record; replay uses a name of its own.
	Sensor string `json:"sensor" schema:"maxLength=255"`
	// Interface the packets were taken from; null when they were read from a capture file.
	Tap *string `json:"tap"`
	// Legal basis the operator configured for capturing messages; absent in replay.
	LegalBasis string `json:"legal_basis,omitempty"`
	// Sender: From.
	Caller Party `json:"caller"`
	// Identity that a network asserted for the sender.
	Asserted *Asserted `json:"asserted,omitempty"`
	// Recipient: To.
	Callee Party `json:"callee"`
	// Request-URI, redacted.
	ReqURI string `json:"request_uri,omitempty"`
	// Call-ID.
	CallID string `json:"call_id"`
	// Transport of the request on this tap.
	Transport string `json:"transport" schema:"enum=udp|tcp|tls|ws|wss|sctp"`
	// User-Agent of the request.
	UserAgent string `json:"user_agent,omitempty"`
	// Status code of the final response; null: none was seen.
	Status *int `json:"status" schema:"min=100 max=699"`
	// Source of the request's packet.
	Src *End `json:"src,omitempty"`
	// Destination of that packet.
	Dst *End `json:"dst,omitempty"`
	// Tunnels the packet came through, outermost first.
	Tunnel []Tunnel `json:"tunnel,omitempty"`
	// 802.1Q VLAN ids, outermost first.
	VLAN []uint16 `json:"vlan,omitempty" schema:"max=4095"`
	// When the request was seen.
	At Time `json:"at"`
	// What a reader must know of how the event was seen.
	Flags []string `json:"flags,omitempty" schema:"name"`
	// Octets of values whose text had to be escaped.
	Octets []Octets `json:"octets,omitempty"`
	// Who looked, with what.
	Observer Observer `json:"observer"`
}
