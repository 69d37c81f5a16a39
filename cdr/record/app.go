package record

// App is what a call in an application shows of itself. It is encrypted: nothing in it was decrypted, and nobody is named.
//
// A Call of kind "app" has it, and no sip: src is the client, dst the other party, or the relay when nothing was seen of that
// party; started_at is the first packet of the call, ended_at the last one, duration_ms the time between them. Its flows are
// joined by what their STUN messages say and by time (docs/applications.md): one call is one record, however many flows it used.
type App struct {
	// Application, by the rules of docs/applications.md; webrtc: one that uses WebRTC, and nothing tells which. Absent when as much
	// speaks for one application as for another, or nothing for any.
	Name string `json:"name,omitempty" schema:"enum=whatsapp|messenger|telegram|signal|teams|zoom|meet|viber|discord|webrtc"`
	// How sure the name is; absent without one. certain: a marker that is registered, or that no other application has. likely:
	// two weak signs together. weak: one weak sign.
	Confidence string `json:"confidence,omitempty" schema:"enum=certain|likely|weak"`
	// Rules of docs/applications.md that hold for the call and speak for its name, or against it: "whatsapp.stun_type".
	Evidence []string `json:"evidence,omitempty" schema:"rule"`
	// What was sent, by the RTP payload types that the application is known to use: with video in it, it is a video call.
	Media string `json:"media" schema:"enum=audio|video|unknown"`
	// End that called the relay, or that sent first: the subscriber's, where it is one.
	Client Addr `json:"client"`
	// Address of the client outside its NAT, as a STUN server told the client (XOR-MAPPED-ADDRESS, RFC 8489).
	Mapped *Addr `json:"mapped,omitempty"`
	// Address of the other party: of the packets that came from it, or that a STUN message named (XOR-PEER-ADDRESS, RFC 8656).
	Peer *Addr `json:"peer,omitempty"`
	// Packets of peer were seen, or it answered. false: the client's application sends to it through a relay, and nothing else
	// is known of it. There whenever peer is.
	PeerSeen *bool `json:"peer_seen,omitempty"`
	// Server in between that carried the media: TURN (RFC 8656), or one of the application's.
	Relay *Addr `json:"relay,omitempty"`
	// Packets with payload from the client, of any content; this and the following counts are absent while the call is open.
	PacketsUp *uint64 `json:"packets_up,omitempty"`
	// The same to the client.
	PacketsDown *uint64 `json:"packets_down,omitempty"`
	// UDP payload (of TURN over TCP: TCP payload) from the client, octets.
	OctetsUp *uint64 `json:"octets_up,omitempty"`
	// The same to the client.
	OctetsDown *uint64 `json:"octets_down,omitempty"`
}
