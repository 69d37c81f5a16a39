package record

import "github.com/google/uuid"

// Registration is a REGISTER that was accepted or refused: log-in, log-out or a change of contact. Refreshes are not
// kept, for they would be a trail of movement.
type Registration struct {
	// Identity of the event, a hash of what was observed.
	RecordID uuid.UUID `json:"record_id"`
	// Format of the event.
	Schema string `json:"schema" schema:"const=calltrail.registration.v1"`
	// What was observed.
	Kind Kind `json:"kind" schema:"const=registration"`
	// UTC date of at, the partition key of the store.
	Day string `json:"day" schema:"date"`
	// Sensor that made the record; replay uses a name of its own.
	Sensor string `json:"sensor" schema:"maxLength=255"`
	// Interface the packets were taken from; null when they were read from a capture file.
	Tap *string `json:"tap"`
	// Legal basis the operator configured for capturing registrations; absent in replay.
	LegalBasis string `json:"legal_basis,omitempty"`
	// What the REGISTER did.
	Event string `json:"event" schema:"enum=login|logout|change|refused"`
	// Address of record: To.
	AOR Party `json:"aor"`
	// Contact of the request, redacted.
	Contact string `json:"contact,omitempty"`
	// Seconds granted; null: refused, or not said.
	ExpiresS *int64 `json:"expires_s" schema:"min=0"`
	// Status code of the final response.
	Status int `json:"status" schema:"min=100 max=699"`
	// User name of Authorization or Proxy-Authorization.
	AuthUser string `json:"auth_user,omitempty"`
	// Realm of the same header.
	AuthRealm string `json:"auth_realm,omitempty"`
	// User-Agent of the request.
	UserAgent string `json:"user_agent,omitempty"`
	// Call-ID.
	CallID string `json:"call_id"`
	// Transport of the request on this tap.
	Transport string `json:"transport,omitempty" schema:"enum=udp|tcp|tls|ws|wss|sctp"`
	// Source of the request's packet.
	Src *End `json:"src,omitempty"`
	// Destination of that packet.
	Dst *End `json:"dst,omitempty"`
	// Tunnels the packet came through, outermost first.
	Tunnel []Tunnel `json:"tunnel,omitempty"`
	// 802.1Q VLAN ids, outermost first.
	VLAN []uint16 `json:"vlan,omitempty" schema:"max=4095"`
	// When the response was seen.
	At Time `json:"at"`
	// What a reader must know of how the event was seen.
	Flags []string `json:"flags,omitempty" schema:"name"`
	// Octets of values whose text had to be escaped.
	Octets []Octets `json:"octets,omitempty"`
	// Who looked, with what.
	Observer Observer `json:"observer"`
}
