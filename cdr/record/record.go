// Package record is the call-detail record: its fields, its identity and its bytes.
//
// In: what cdr/pipeline knows of a call. Out: one JSON object in a fixed order of members, the exact bytes that are
// hashed, spooled, sent, stored and shown to a court. A leaf: it imports nothing of ours, and everything downstream
// imports it. The field list is docs/record.md, its JSON Schema docs/record.schema.json.
//
// Unknown is absent or null, never "" or 0. Text is UTF-8 without NUL (see Clean).
package record

import (
	"net/netip"

	"github.com/google/uuid"
)

// Names of the object formats, the member "schema".
const (
	SchemaCall         = "calltrail.call.v1"
	SchemaRegistration = "calltrail.registration.v1"
)

// Kind says what was observed.
type Kind string

// Kinds of records and events.
const (
	KindSIP          Kind = "sip"
	KindMedia        Kind = "media"
	KindApp          Kind = "app"
	KindTLS          Kind = "tls"
	KindRegistration Kind = "registration"
)

// Disposition is how a call ended; the table in docs/record.md maps SIP status codes to it.
type Disposition string

// Dispositions.
const (
	Answered   Disposition = "answered"
	Busy       Disposition = "busy"
	NoAnswer   Disposition = "no_answer"
	Cancelled  Disposition = "cancelled"
	Rejected   Disposition = "rejected"
	Redirected Disposition = "redirected"
	Failed     Disposition = "failed"
	InProgress Disposition = "in_progress"
	Unknown    Disposition = "unknown"
)

// EndedBy names who or what ended a call.
type EndedBy string

// Enders.
const (
	ByCaller       EndedBy = "caller"
	ByCallee       EndedBy = "callee"
	ByNetwork      EndedBy = "network"
	ByTimeout      EndedBy = "timeout"
	ByMediaTimeout EndedBy = "media_timeout"
	ByUnknown      EndedBy = "unknown"
)

// Visibility says how much of a call the tap saw.
type Visibility string

// Visibilities.
const (
	Full      Visibility = "full"       // signalling both ways, and media
	SIPOnly   Visibility = "sip_only"   // signalling both ways, no media
	MediaOnly Visibility = "media_only" // media without signalling
	OneWay    Visibility = "one_way"    // signalling of one direction only
	Encrypted Visibility = "encrypted"  // nothing readable but addresses, times and volume
)

// Call is one revision of the record of one call leg. Pointers and empty slices are absent members; a member
// marked "null" is always there.
type Call struct {
	RecordID uuid.UUID `json:"record_id"`
	Schema   string    `json:"schema"`
	CallUID  uuid.UUID `json:"call_uid"`
	Revision int       `json:"revision"` // 1, 2, 3 … within call_uid
	Final    bool      `json:"final"`
	Kind     Kind      `json:"kind"`
	Day      string    `json:"day"` // UTC date of started_at, YYYY-MM-DD: the partition key
	Sensor   string    `json:"sensor"`
	Tap      *string   `json:"tap"` // interface; null in replay

	LegalBasis string `json:"legal_basis,omitempty"`

	GroupUID    *uuid.UUID `json:"group_uid,omitempty"`
	GroupMethod string     `json:"group_method,omitempty"` // call_id, session_id, icid, sdp_origin, heuristic

	Direction string `json:"direction,omitempty"` // originating, terminating, on_net, transit, unknown

	Caller    Party      `json:"caller"`
	Asserted  *Asserted  `json:"asserted,omitempty"`
	AuthUser  string     `json:"auth_user,omitempty"`  // username of (Proxy-)Authorization
	AuthRealm string     `json:"auth_realm,omitempty"` // its realm
	Privacy   string     `json:"privacy,omitempty"`    // RFC 3323
	Callee    Party      `json:"callee"`
	ReqURI    string     `json:"request_uri,omitempty"` // Request-URI of the first INVITE
	Connected *Connected `json:"connected,omitempty"`
	Redirects []Redirect `json:"redirects,omitempty"`

	SIP *SIP `json:"sip,omitempty"`

	Src    *End      `json:"src,omitempty"`
	Dst    *End      `json:"dst,omitempty"`
	SrcVia *Addr     `json:"src_via,omitempty"` // inside address of the caller when its top Via differs from src
	Path   []Hop     `json:"path,omitempty"`
	Tunnel []Tunnel  `json:"tunnel,omitempty"`
	VLAN   []uint16  `json:"vlan,omitempty"` // 802.1Q ids, outermost first
	Cell   *CellInfo `json:"cell,omitempty"`

	StartedAt  Time   `json:"started_at"`
	RingingAt  Time   `json:"ringing_at"`  // null: never rang
	AnsweredAt Time   `json:"answered_at"` // null: never answered
	EndedAt    Time   `json:"ended_at"`    // null: open
	RingMS     *int64 `json:"ring_ms"`     // ringing_at to answered_at, or to ended_at of a call not answered; milliseconds
	DurationMS *int64 `json:"duration_ms"` // answered_at to ended_at; milliseconds
	LastSeenAt Time   `json:"last_seen_at"`

	Disposition Disposition `json:"disposition"`
	EndedBy     EndedBy     `json:"ended_by,omitempty"`
	Visibility  Visibility  `json:"visibility"`
	Flags       []string    `json:"flags,omitempty"` // docs/record.md lists them

	Media []Media `json:"media,omitempty"`

	Passport   *Passport   `json:"passport,omitempty"`
	Indicators []Indicator `json:"indicators,omitempty"`

	// Octets keeps what Clean had to escape.
	Octets []Octets `json:"octets,omitempty"`

	Observer Observer `json:"observer"`
}

// Party is one side of a call as its header named it, and what its number tells.
type Party struct {
	Raw     string `json:"raw,omitempty"`     // the header's value as sent, redacted
	Display string `json:"display,omitempty"` // display-name, unquoted and unescaped
	User    string `json:"user,omitempty"`    // user part as sent; of a tel: URI the number
	Host    string `json:"host,omitempty"`
	Number
}

// Number is what a telephone number tells by itself. Nothing here is a place of registration: portability is not
// known from a number.
type Number struct {
	E164         string `json:"e164,omitempty"`          // +CC…, when the user part is a valid number
	Country      string `json:"country,omitempty"`       // ISO 3166-1 alpha-2
	RangeRegion  string `json:"range_region,omitempty"`  // region the number's range was allotted to
	RangeCarrier string `json:"range_carrier,omitempty"` // operator the range was allotted to
	NumberType   string `json:"number_type,omitempty"`   // fixed_line, mobile, fixed_line_or_mobile, toll_free, premium_rate, voip, …
}

// Asserted is the identity a network asserted for the caller.
type Asserted struct {
	Raw     string `json:"raw"`
	Header  string `json:"header"` // pai, rpid, ppi
	E164    string `json:"e164,omitempty"`
	Country string `json:"country,omitempty"`
}

// Connected is who answered: P-Asserted-Identity of the 2xx.
type Connected struct {
	Raw  string `json:"raw"`
	E164 string `json:"e164,omitempty"`
}

// Redirect is one step of a diverted call.
type Redirect struct {
	Raw    string `json:"raw"`
	E164   string `json:"e164,omitempty"`
	Reason string `json:"reason,omitempty"`
	Source string `json:"source"` // diversion, history_info, 3xx, refer
}

// SIP is what only signalling knows.
type SIP struct {
	CallID      string    `json:"call_id"`
	FromTag     string    `json:"from_tag,omitempty"`
	ToTag       string    `json:"to_tag,omitempty"`
	SessionID   string    `json:"session_id,omitempty"`
	ICID        string    `json:"icid,omitempty"`
	Transport   string    `json:"transport"` // udp, tcp, tls, ws, wss, sctp
	UserAgent   string    `json:"user_agent,omitempty"`
	ServerAgent string    `json:"server_agent,omitempty"`
	InstanceID  string    `json:"instance_id,omitempty"`
	Via         []string  `json:"via,omitempty"`
	Contact     string    `json:"contact,omitempty"`
	Methods     Methods   `json:"methods,omitempty"`
	Attempts    []Attempt `json:"attempts,omitempty"`
	Emergency   bool      `json:"emergency,omitempty"`
	Status      *int      `json:"status"` // final response to the INVITE; null: none was seen
	Reason      string    `json:"reason,omitempty"`
	Q850        *int      `json:"q850,omitempty"` // cause of a Reason header (RFC 3326)
}

// Methods counts requests by method in the order first seen; its JSON is an object, {"INVITE":2,"ACK":1}.
type Methods []Method

// Method counts the requests of one method, every transmission of them.
type Method struct {
	Name  string
	Count int
}

// Attempt is one final response that did not end the call (401, 407, a 3xx that was followed …).
type Attempt struct {
	Status int  `json:"status"`
	At     Time `json:"at"`
}

// Addr is an address and port.
type Addr struct {
	IP   netip.Addr `json:"ip"`
	Port uint16     `json:"port"`
}

// End is one end of the first INVITE's packet, with what the databases know of its address.
type End struct {
	IP       netip.Addr `json:"ip"`
	Port     uint16     `json:"port"`
	Location *Location  `json:"location,omitempty"`
	ASNumber uint32     `json:"as_number,omitempty"`
	ASOrg    string     `json:"as_org,omitempty"`
	Network  string     `json:"network,omitempty"` // hosting, vpn, tor, mobile, isp
	Role     string     `json:"role,omitempty"`    // subscriber, trunk, own_sbc, foreign
}

// Location is a place with the way it was found. Coordinates are WGS84 degrees.
type Location struct {
	Country     string   `json:"country,omitempty"`     // ISO 3166-1 alpha-2
	Subdivision string   `json:"subdivision,omitempty"` // ISO 3166-2 without the country
	City        string   `json:"city,omitempty"`
	Latitude    *float64 `json:"latitude,omitempty"`
	Longitude   *float64 `json:"longitude,omitempty"`
	AccuracyKM  *uint16  `json:"accuracy_km,omitempty"`
	Method      string   `json:"method"`       // pidf_lo, cell, access_line, geoip
	Of          string   `json:"of,omitempty"` // endpoint, last_hop
}

// CellInfo is the access cell of P-Access-Network-Info (RFC 7315).
type CellInfo struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Hop is one transmission of the INVITE seen on this tap.
type Hop struct {
	Src Addr `json:"src"`
	Dst Addr `json:"dst"`
	At  Time `json:"at"`
}

// Tunnel is one layer the packet came through.
type Tunnel struct {
	Type string      `json:"type"`
	ID   *uint32     `json:"id,omitempty"`
	Src  *netip.Addr `json:"src,omitempty"`
	Dst  *netip.Addr `json:"dst,omitempty"`
}

// Media is one SSRC in one direction of a call, or a medium that was signalled and never seen.
type Media struct {
	Type        string    `json:"type,omitempty"`  // audio, video, …: the m= line's media
	Codec       string    `json:"codec,omitempty"` // encoding name, rtpmap or RFC 3551
	PayloadType *uint8    `json:"payload_type,omitempty"`
	SSRC        *uint32   `json:"ssrc,omitempty"`
	Signalled   *Addr     `json:"signalled,omitempty"` // where SDP asked for it
	Observed    *Flow     `json:"observed,omitempty"`  // where it went
	Location    *Location `json:"location,omitempty"`  // of the observed source
	FirstAt     Time      `json:"first_at,omitzero"`
	LastAt      Time      `json:"last_at,omitzero"`
	Packets     *uint64   `json:"packets,omitempty"` // each sequence number once
	Octets      *uint64   `json:"octets,omitempty"`  // RTP payload of those
	Lost        *uint64   `json:"lost,omitempty"`    // RFC 3550 A.3: expected less received, never below 0
	Duplicates  *uint64   `json:"duplicates,omitempty"`
	JitterMS    *float64  `json:"jitter_ms,omitempty"` // RFC 3550 A.8 at the end; absent when the clock rate is unknown
	Encrypted   bool      `json:"encrypted,omitempty"` // SRTP was signalled
	Direction   string    `json:"direction,omitempty"` // from_caller, from_callee
}

// Flow is a pair of observed ends.
type Flow struct {
	Src Addr `json:"src"`
	Dst Addr `json:"dst"`
}

// Passport is a parsed PASSporT (RFC 8225).
type Passport struct {
	Orig     string   `json:"orig,omitempty"`
	Dest     []string `json:"dest,omitempty"`
	Attest   string   `json:"attest,omitempty"`
	OrigID   string   `json:"origid,omitempty"`
	IAT      Time     `json:"iat,omitzero"`
	Verified *bool    `json:"verified,omitempty"`
}

// Indicator is one spoofing rule that holds for the call. It is a fact to look into, not a verdict.
type Indicator struct {
	Rule   string `json:"rule"`
	Detail string `json:"detail,omitempty"`
}

// Octets keeps the bytes of a value whose text had to be escaped.
type Octets struct {
	Field  string `json:"field"`  // member path, "caller.raw"
	Base64 string `json:"base64"` // RFC 4648 section 4
}

// Observer is what depends on who looked, not on what was seen. It is outside of record_id.
type Observer struct {
	Version    string     `json:"version"`
	ConfigHash string     `json:"config_hash,omitempty"`
	File       string     `json:"file,omitempty"`
	Clock      *Clock     `json:"clock"` // null in replay
	Databases  []Database `json:"databases,omitempty"`
	Ruleset    string     `json:"ruleset,omitempty"`
}

// Clock is the state of the sensor's clock.
type Clock struct {
	Source    string `json:"source"`
	Reference string `json:"reference,omitempty"`
	Synced    bool   `json:"synced"`
	OffsetUS  int64  `json:"offset_us"`
	ErrorUS   int64  `json:"error_us"`
}

// Database is one database a look-up used.
type Database struct {
	Type  string `json:"type"`  // as the database names itself, "GeoLite2-City"
	Built Time   `json:"built"` // its build time
}

// Registration is a REGISTER that was accepted or refused: log-in, log-out or a change of contact.
type Registration struct {
	RecordID   uuid.UUID `json:"record_id"`
	Schema     string    `json:"schema"`
	Kind       Kind      `json:"kind"`
	Day        string    `json:"day"`
	Sensor     string    `json:"sensor"`
	Tap        *string   `json:"tap"`
	LegalBasis string    `json:"legal_basis,omitempty"`
	Event      string    `json:"event"` // login, logout, change, refused
	AOR        Party     `json:"aor"`   // address of record: To
	Contact    string    `json:"contact,omitempty"`
	ExpiresS   *int64    `json:"expires_s"` // seconds granted; null when refused or not said
	Status     int       `json:"status"`
	AuthUser   string    `json:"auth_user,omitempty"`
	AuthRealm  string    `json:"auth_realm,omitempty"`
	UserAgent  string    `json:"user_agent,omitempty"`
	CallID     string    `json:"call_id"`
	Src        *End      `json:"src,omitempty"`
	Dst        *End      `json:"dst,omitempty"`
	VLAN       []uint16  `json:"vlan,omitempty"`
	At         Time      `json:"at"` // of the response
	Octets     []Octets  `json:"octets,omitempty"`
	Observer   Observer  `json:"observer"`
}
