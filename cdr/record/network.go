package record

import "net/netip"

// Addr is an address and port.
type Addr struct {
	// IPv4 or IPv6 address.
	IP netip.Addr `json:"ip"`
	// UDP or TCP port.
	Port uint16 `json:"port"`
}

// Flow is a pair of observed ends.
type Flow struct {
	// Where the packets came from.
	Src Addr `json:"src"`
	// Where they went.
	Dst Addr `json:"dst"`
}

// End is one end of the INVITE's packet, with what the databases know of its address.
type End struct {
	// IPv4 or IPv6 address.
	IP netip.Addr `json:"ip"`
	// UDP or TCP port.
	Port uint16 `json:"port"`
	// Where it is; of the caller the best that is known (docs/record.md, Places).
	Location *Location `json:"location,omitempty"`
	// Autonomous system of the address.
	ASNumber uint32 `json:"as_number,omitempty" schema:"min=1"`
	// Name of that system.
	ASOrg string `json:"as_org,omitempty"`
	// What the network is, by the operator's list of autonomous systems.
	Network string `json:"network,omitempty" schema:"enum=hosting|vpn|tor|mobile|isp"`
	// What the address is to the operator, by configured prefixes; on a trunk it is a gateway, not the caller.
	Role string `json:"role,omitempty" schema:"enum=subscriber|trunk|own_sbc|foreign"`
}

// Link is a trunk to another network, as configured.
type Link struct {
	// Network at its other end.
	Peer string `json:"peer,omitempty"`
	// Its name.
	Trunk string `json:"trunk"`
	// Interface it is bound to.
	Interface string `json:"interface,omitempty"`
}

// Location is a place with the way it was found.
type Location struct {
	// Country of the place.
	Country string `json:"country,omitempty" schema:"country"`
	// ISO 3166-2 subdivision without the country.
	Subdivision string `json:"subdivision,omitempty"`
	// City, in English.
	City string `json:"city,omitempty"`
	// WGS84 degrees, north is positive.
	Latitude *float64 `json:"latitude,omitempty" schema:"min=-90 max=90"`
	// WGS84 degrees, east is positive.
	Longitude *float64 `json:"longitude,omitempty" schema:"min=-180 max=180"`
	// Radius around the coordinates, kilometres.
	AccuracyKM *uint16 `json:"accuracy_km,omitempty"`
	// How the place was found: PIDF-LO (RFC 6442), cell, access line of the operator's, or a database of addresses.
	Method string `json:"method" schema:"enum=pidf_lo|cell|access_line|geoip"`
	// Whose place it is: the end's own, or that of the last server, relay or VPN before the tap.
	Of string `json:"of,omitempty" schema:"enum=endpoint|last_hop"`
	// Day that the operator's list gives for it, of a cell or access line; the date of a database of addresses is in observer.
	Dated string `json:"dated,omitempty" schema:"date"`
	// Name of the access line.
	Line string `json:"line,omitempty"`
	// Who says so, of a PIDF-LO or cell: the caller's side, which chooses its words, or a network that serves it.
	SaidBy string `json:"said_by,omitempty" schema:"enum=caller|network"`
}

// CellInfo is the access network of P-Access-Network-Info (RFC 7315 section 5.4), with its cell where it names one: id has it
// as sent, the others what it is made of by its type (3GPP TS 24.229 section 7.2A.4), digits as sent.
type CellInfo struct {
	// Access type, "3GPP-E-UTRAN-FDD".
	Type string `json:"type"`
	// Cell, or of another network the access node, as sent.
	ID string `json:"id,omitempty"`
	// Mobile country code.
	MCC string `json:"mcc,omitempty" schema:"mcc"`
	// Mobile network code, of two or three digits.
	MNC string `json:"mnc,omitempty" schema:"mnc"`
	// Location area code (GSM, UMTS) or tracking area code (LTE, 5G).
	Area string `json:"area,omitempty" schema:"hexdigits"`
	// Cell identity: of GSM the CI within its area, of UMTS, LTE (ECI) and 5G (NCI) that within the network.
	Cell string `json:"ci,omitempty" schema:"hexdigits"`
	// It is marked as written by the network, not by the telephone. A telephone can write that, too: it is relied upon only where
	// src.location has said_by network.
	NetworkProvided bool `json:"network_provided,omitempty"`
}

// Hop is one transmission of the INVITE seen on this tap.
type Hop struct {
	// Where it came from.
	Src Addr `json:"src"`
	// Where it went.
	Dst Addr `json:"dst"`
	// When it was seen.
	At Time `json:"at"`
}

// Tunnel is one layer the packet came through.
type Tunnel struct {
	// Protocol of the tunnel, "gre", "vxlan", "gtpu" …
	Type string `json:"type"`
	// Its session: VXLAN network identifier, GTP-U tunnel endpoint, GRE key …
	ID *uint32 `json:"id,omitempty"`
	// Outer source address.
	Src *netip.Addr `json:"src,omitempty"`
	// Outer destination address.
	Dst *netip.Addr `json:"dst,omitempty"`
}

// Media is one SSRC in one direction of a call, the T.38 of one direction, or a medium that was signalled and never seen.
type Media struct {
	// Media type of the m= line; image for T.38.
	Type string `json:"type,omitempty" schema:"enum=audio|video|text|application|message|image|other"`
	// Encoding name, by rtpmap or RFC 3551; t38 for T.38.
	Codec string `json:"codec,omitempty"`
	// RTP payload type; T.38 has none.
	PayloadType *uint8 `json:"payload_type,omitempty" schema:"max=127"`
	// RTP synchronisation source; T.38 has none.
	SSRC *uint32 `json:"ssrc,omitempty"`
	// Where the session description asked for it.
	Signalled *Addr `json:"signalled,omitempty"`
	// Where it came from and went.
	Observed *Flow `json:"observed,omitempty"`
	// Place of the observed source.
	Location *Location `json:"location,omitempty"`
	// First packet.
	FirstAt Time `json:"first_at,omitzero"`
	// Last packet; absent while the stream is open.
	LastAt Time `json:"last_at,omitzero"`
	// Packets, each sequence number once; this and the following counts are absent while the stream is open.
	Packets *uint64 `json:"packets,omitempty"`
	// Octets of RTP payload in those; of T.38, of UDPTL.
	Octets *uint64 `json:"octets,omitempty"`
	// RFC 3550 A.3: packets expected less packets received, never below 0.
	Lost *uint64 `json:"lost,omitempty"`
	// Packets whose sequence number had been seen: copies that a mirror port makes, too.
	Duplicates *uint64 `json:"duplicates,omitempty"`
	// RFC 3550 A.8 at the end, milliseconds; absent when the clock rate is not known.
	JitterMS *float64 `json:"jitter_ms,omitempty" schema:"min=0"`
	// SRTP was signalled.
	Encrypted bool `json:"encrypted,omitempty"`
	// Who sends it. Where nobody is known to have called: up is from src of the record (the client of kind app; of kind media the
	// end that sent first), down is to it, whichever hop of the way it was seen on.
	Direction string `json:"direction,omitempty" schema:"enum=from_caller|from_callee|up|down"`
	// Canonical name of the sender (CNAME of its RTCP, RFC 3550 section 6.5.1), which can name a device or a user; absent when it
	// is a random one (RFC 7022).
	CName string `json:"cname,omitempty"`
	// Its source is none of the call's parties', and it went to the call's port all the same. It is listed, and nothing else in
	// the record rests on it.
	Foreign bool `json:"foreign,omitempty"`
}
