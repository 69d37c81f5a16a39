package record

import "github.com/google/uuid"

// Call is one revision of the record of one call leg.
//
// A nil pointer, an empty slice and a zero value are absent members, but those without omitempty: they are always there,
// and null when nothing is known.
type Call struct {
	// Identity of this revision, a hash of what was observed.
	RecordID uuid.UUID `json:"record_id"`
	// Format of the record.
	Schema string `json:"schema" schema:"const=calltrail.call.v1"`
	// Identity of the call leg, the same in all its revisions.
	CallUID uuid.UUID `json:"call_uid"`
	// 1, 2, 3 … within call_uid; the newest one is the call.
	Revision int `json:"revision" schema:"min=1"`
	// The call had ended when this revision was made. What turns up later makes a further revision.
	Final bool `json:"final"`
	// What was observed.
	Kind Kind `json:"kind" schema:"enum=sip|media|app|tls"`
	// UTC date of started_at, the partition key of the store.
	Day string `json:"day" schema:"date"`
	// Sensor that made the record; replay uses a name of its own.
	Sensor string `json:"sensor" schema:"maxLength=255"`
	// Interface the packets were taken from; null when they were read from a capture file.
	Tap *string `json:"tap"`
	// Legal basis the operator configured for capturing this kind; absent in replay.
	LegalBasis string `json:"legal_basis,omitempty"`

	// Joins the legs of one call: forks, both sides of a back-to-back user agent.
	GroupUID *uuid.UUID `json:"group_uid,omitempty"`
	// What the legs were joined by.
	GroupMethod string `json:"group_method,omitempty" schema:"enum=call_id|session_id|icid|sdp_origin|heuristic"`

	// Which way the call goes, by the operator's prefixes, numbers and trunks. Of kinds tls, app and media nobody knows who called: on_net, transit or unknown.
	Direction string `json:"direction,omitempty" schema:"enum=originating|terminating|on_net|transit|unknown"`
	// Trunk the call came by into the operator's network; of kinds tls, app and media the one that src is on.
	Ingress *Link `json:"ingress,omitempty"`
	// Trunk it left by; of kinds tls, app and media the one that dst is on.
	Egress *Link `json:"egress,omitempty"`

	// Calling party: From of the INVITE.
	Caller Party `json:"caller"`
	// Identity that a network asserted for the caller.
	Asserted *Asserted `json:"asserted,omitempty"`
	// User name of Proxy-Authorization or Authorization.
	AuthUser string `json:"auth_user,omitempty"`
	// Realm of the same header.
	AuthRealm string `json:"auth_realm,omitempty"`
	// Privacy header (RFC 3323).
	Privacy string `json:"privacy,omitempty"`
	// Called party: To of the INVITE.
	Callee Party `json:"callee"`
	// Request-URI of the INVITE, redacted.
	ReqURI string `json:"request_uri,omitempty"`
	// Who answered: P-Asserted-Identity of the 2xx.
	Connected *Connected `json:"connected,omitempty"`
	// Diversions, in the order of the headers.
	Redirects []Redirect `json:"redirects,omitempty"`

	// What else the call's signalling says.
	SIP *SIP `json:"sip,omitempty"`
	// What a connection with encrypted signalling shows; only of kind tls.
	TLS *TLS `json:"tls,omitempty"`
	// What a call in an application shows; only of kind app.
	App *App `json:"app,omitempty"`

	// Source of the INVITE's packet on the hop nearest to the caller; of kind tls and app the client, of kind media the end that
	// sent first.
	Src *End `json:"src,omitempty"`
	// Destination of that packet; of the other kinds the other end.
	Dst *End `json:"dst,omitempty"`
	// Address the caller gave itself in its top Via, when it is not src: inside a NAT.
	SrcVia *Addr `json:"src_via,omitempty"`
	// Hops of the INVITE seen on this tap, when there was more than one.
	Path []Hop `json:"path,omitempty"`
	// Tunnels the packet came through, outermost first.
	Tunnel []Tunnel `json:"tunnel,omitempty"`
	// 802.1Q VLAN ids, outermost first.
	VLAN []uint16 `json:"vlan,omitempty" schema:"max=4095"`
	// Access network and cell that the caller's telephone or its network named.
	Cell *CellInfo `json:"cell,omitempty"`
	// Place that the caller's side wrote, where src.location has another: it was not believed, or others know better.
	Stated *Location `json:"stated_location,omitempty"`

	// First INVITE, or the first message seen of the call; of the other kinds its first packet.
	StartedAt Time `json:"started_at"`
	// First 180 to 183 with a To tag; null: never rang.
	RingingAt Time `json:"ringing_at"`
	// First 2xx to the INVITE; null: no answer was seen.
	AnsweredAt Time `json:"answered_at"`
	// BYE, or the final response of a call not answered, or the time-out; null: open when this revision was made.
	EndedAt Time `json:"ended_at"`
	// Milliseconds from ringing_at to answered_at, or to ended_at of a call not answered.
	RingMS *int64 `json:"ring_ms" schema:"min=0"`
	// Milliseconds from answered_at to ended_at; where no answer can be seen (tls, media, app) from started_at.
	DurationMS *int64 `json:"duration_ms" schema:"min=0"`
	// Last packet of the call: signalling, or counted media.
	LastSeenAt Time `json:"last_seen_at"`

	// How the call ended.
	Disposition Disposition `json:"disposition"`
	// Who or what ended it; absent while it is open.
	EndedBy EndedBy `json:"ended_by,omitempty"`
	// How much of the call was seen.
	Visibility Visibility `json:"visibility"`
	// What a reader must know of how the call was seen.
	Flags []string `json:"flags,omitempty" schema:"name"`

	// RTP and T.38 streams of the call, then the addresses that were announced and at which nothing was seen.
	Media []Media `json:"media,omitempty"`

	// PASSporT of the Identity header.
	Passport *Passport `json:"passport,omitempty"`
	// Rules of docs/indicators.md that hold for the call.
	Indicators []Indicator `json:"indicators,omitempty"`

	// Octets of values whose text had to be escaped.
	Octets []Octets `json:"octets,omitempty"`

	// Who looked, with what.
	Observer Observer `json:"observer"`
}
