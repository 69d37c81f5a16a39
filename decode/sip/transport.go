package sip

// Transport is what carried a message: the transport parameter of a Via (RFC 3261 section 20.42, RFC 4168, RFC 7118).
type Transport uint8

// Transports.
const (
	UDP  Transport = iota
	TCP            // RFC 3261 section 18
	SCTP           // RFC 4168
	WS             // WebSocket over TCP, RFC 7118
	TLS            // RFC 3261 section 26.2.1; this and the next only an agent at one of their ends can tell
	WSS            // WebSocket over TLS, RFC 7118
)

var transports = [...]string{UDP: "udp", TCP: "tcp", SCTP: "sctp", WS: "ws", TLS: "tls", WSS: "wss"}

// String returns the transport's name as a record has it.
func (t Transport) String() string {
	if int(t) >= len(transports) {
		return ""
	}
	return transports[t]
}

// ParseTransport reads the transport of a Via, in any letter case; ok is false for another one.
func ParseTransport(token []byte) (t Transport, ok bool) {
	for i, name := range transports {
		if equalFold(token, name) {
			return Transport(i), true
		}
	}
	return UDP, false
}
