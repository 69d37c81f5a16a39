package config

import "net/netip"

// Sensor names this installation.
type Sensor struct {
	// Name is the sensor's name in every record and the key of its chain: letters, digits, '.', '_' and '-', at most
	// 64. Empty: the host's name. Changing it begins another chain.
	Name string `yaml:"name"`
	// KeyFile holds the sensor's Ed25519 private key, made by `calltrail key init`; mode 0600. It signs the coverage events
	// and is bound to the chain. Default /var/lib/calltrail/sensor.key.
	KeyFile string `yaml:"key_file"`
}

// Home is the network's own country.
type Home struct {
	// Region is the ISO 3166-1 alpha-2 region by which numbers without a country code are read. Default IN.
	Region string `yaml:"region"`
	// Country is the ISO 3166-1 alpha-2 country whose numbers and addresses count as home for the spoofing
	// indicators. Empty: Region.
	Country string `yaml:"country"`
}

// Own says what belongs to the operator.
type Own struct {
	// Numbers are the operator's number ranges as E.164 prefixes, "+911204". Default none.
	Numbers []string `yaml:"numbers"`
	// Prefixes are the operator's address ranges, CIDR or single addresses. Default none.
	Prefixes []netip.Prefix `yaml:"prefixes"`
	// SBCs are the addresses of the operator's own session border controllers, proxies and gateways. Default none.
	SBCs []netip.Prefix `yaml:"sbcs"`
	// Trunks is a CSV file of the connections to other networks with the columns name, peer, prefix, interface and vlan, a row
	// for each prefix. Empty (default): none.
	Trunks string `yaml:"trunks"`
	// NAT says where taps are, seen from the operator's address translation: "eth0=inside", "eth1=outside". Default: none.
	NAT []string `yaml:"nat"`
}

// Replay is for reading capture files.
type Replay struct {
	// Sensor is the sensor name of replayed records; never a live sensor's. Default "replay".
	Sensor string `yaml:"sensor"`
	// Workers is the number of decode workers. Default 1, which reads packets where they lie; several are dealt copies,
	// wiped after use. 0: one for each CPU. The records do not depend on it.
	Workers int `yaml:"workers"`
}

// Limits bounds every table, in entries: counts, so that the same capture gives the same records on every machine.
// What is pushed out becomes a record that says so.
type Limits struct {
	// Calls is the number of calls in memory, those among them that have ended and are held for late packets. Default
	// 100000.
	Calls int `yaml:"calls"`
	// Registrations is the number of telephones' bindings remembered, to tell a refresh from a log-in. Default 200000.
	Registrations int `yaml:"registrations"`
	// Streams is the number of RTP streams that one worker counts at a time. Default 131072.
	Streams int `yaml:"streams"`
	// Fragments is the number of IP datagrams that one worker puts together at a time. Default 4096.
	Fragments int `yaml:"fragments"`
	// TCPStreams is the number of directions of TCP connections that one worker follows at a time. Default 16384.
	TCPStreams int `yaml:"tcp_streams"`
	// TLSConnections is the number of TLS connections that are followed at a time for their records. Default 65536.
	TLSConnections int `yaml:"tls_connections"`
	// Flows is the number of conversations with STUN, DTLS or the mark of an application that one worker follows at a time, and
	// the number of calls in applications that are put together of them. Default 65536.
	Flows int `yaml:"flows"`
}

// Timers are periods of packet time.
type Timers struct {
	// Checkpoint is the age at which an open call gives its first interim record. Default 10s.
	Checkpoint Duration `yaml:"checkpoint"`
	// InviteTimeout ends a call whose INVITE got no response at all. Default 32s (timer B, 64*T1, RFC 3261 section
	// 17.1.1.2).
	InviteTimeout Duration `yaml:"invite_timeout"`
	// RingTimeout ends a call that rings without a further response. Default 200s (timer C of RFC 3261 section 16.6 is more
	// than 180s).
	RingTimeout Duration `yaml:"ring_timeout"`
	// MaxCallAge ends an answered call that shows no sign of its end. Default 24h.
	MaxCallAge Duration `yaml:"max_call_age"`
	// Settle is the wait between a call's end and its final record, in which late RTP and retransmissions still count.
	// Default 5s.
	Settle Duration `yaml:"settle"`
	// Hold is how long after its final record a call is remembered, so that late messages open nothing new. Default
	// 32s.
	Hold Duration `yaml:"hold"`
	// StreamIdle closes an RTP stream that has been silent for so long. Default 30s.
	StreamIdle Duration `yaml:"stream_idle"`
	// MediaStop ends an answered call whose media were seen, and have been silent for so long: media_timeout. 0: never.
	// Default 5m.
	MediaStop Duration `yaml:"media_stop"`
}

// Events chooses the kinds of records besides calls, registrations and coverage.
type Events struct {
	// Messages gives an event for each MESSAGE request (RFC 3428): that it was sent, by whom and to whom, never its text.
	// Default false.
	Messages bool `yaml:"messages"`
}

// Spool is the sensor's durable, chained queue on local disk.
type Spool struct {
	// Dir holds the segments. Default /var/lib/calltrail/spool. One program at a time uses it.
	Dir string `yaml:"dir"`
	// SegmentBytes closes a segment at this size. Default 64MiB.
	SegmentBytes Size `yaml:"segment_bytes"`
	// KeepBytes is how much acknowledged data is kept for resending. Default 8GiB.
	KeepBytes Size `yaml:"keep_bytes"`
	// KeepAge is how long acknowledged data is kept for resending; the smaller of both counts. Default 7d.
	KeepAge Duration `yaml:"keep_age"`
}

// LegalBasis names, in the operator's words, why each scope is captured live. An empty one is not captured; replay of
// files needs none.
type LegalBasis struct {
	// SIP is for call signalling. Default none.
	SIP string `yaml:"sip"`
	// Media is for RTP headers. Default none.
	Media string `yaml:"media"`
	// App is for calls inside applications. Default none.
	App string `yaml:"app"`
	// Registration is for log-in and log-out of telephones. Default none.
	Registration string `yaml:"registration"`
}
