package record

// TLS is what a connection with encrypted signalling shows of itself. Nothing in it was decrypted.
//
// A Call of kind "tls" has it, and no sip: src is the client, dst the server, nobody is named. started_at is the first TLS
// record that was seen of the connection, ended_at its end or time-out, duration_ms the time between them.
type TLS struct {
	// Name the client asked for: server_name of its hello (RFC 6066 section 3).
	ServerName string `json:"server_name,omitempty"`
	// Protocols the client offered, in its order (ALPN, RFC 7301): "http/1.1" of a WebSocket …
	ALPN []string `json:"alpn,omitempty"`
	// Highest version the client offered; the server may have chosen a lower one: "1.2", "1.3".
	Version string `json:"version,omitempty"`
	// TCP segments with payload from client to server; this and the following counts are absent while the connection is open.
	PacketsUp *uint64 `json:"packets_up,omitempty"`
	// The same from server to client.
	PacketsDown *uint64 `json:"packets_down,omitempty"`
	// TCP payload from client to server, octets.
	OctetsUp *uint64 `json:"octets_up,omitempty"`
	// The same from server to client.
	OctetsDown *uint64 `json:"octets_down,omitempty"`
}
