// Package config is calltrail's configuration: one YAML file, laid over built-in defaults and under the environment
// and the command line.
//
// In: the file, environment variables CALLTRAIL_SECTION_KEY, values of flags. Out: a Config, or every problem found,
// each with its place and what to do. Called by the commands of cmd/calltrail, which map a section to the
// configuration of the package it is for. It imports nothing of ours, opens no connection and prints nothing;
// passwords never enter a Config from the file, its hash or an error.
//
// deploy/config/calltrail.yaml shows every key with its default; a test holds the two together.
package config

import (
	"net/netip"
	"reflect"
	"slices"
)

// Config is the effective configuration. Every section is a struct of plain values; the yaml tag is the key's name in
// the file, and CALLTRAIL_<SECTION>_<KEY> in upper case its environment variable.
type Config struct {
	Sensor      Sensor      `yaml:"sensor"`
	Home        Home        `yaml:"home"`
	Own         Own         `yaml:"own"`
	Capture     Capture     `yaml:"capture"`
	Replay      Replay      `yaml:"replay"`
	Limits      Limits      `yaml:"limits"`
	Timers      Timers      `yaml:"timers"`
	Geo         Geo         `yaml:"geo"`
	Spoof       Spoof       `yaml:"spoof"`
	Events      Events      `yaml:"events"`
	Spool       Spool       `yaml:"spool"`
	Kafka       Kafka       `yaml:"kafka"`
	Postgres    Postgres    `yaml:"postgres"`
	Metrics     Metrics     `yaml:"metrics"`
	Assignments Assignments `yaml:"assignments"`
	LegalBasis  LegalBasis  `yaml:"legal_basis"`
	Watchlist   Watchlist   `yaml:"watchlist"`
	Log         Log         `yaml:"log"`

	file    string            // path of the file read, or ""
	origins map[string]origin // by key path; absent: the default
}

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

// Capture is for live traffic.
type Capture struct {
	// Interfaces are the taps, by the names of the network interfaces. Default none.
	Interfaces []string `yaml:"interfaces"`
	// Engine takes the packets: afpacket (TPACKET_V3), or libpcap where the program was built with it. Default afpacket.
	Engine string `yaml:"engine"`
	// Workers decode the packets of one interface, spread by the kernel (PACKET_FANOUT_HASH). Default 1.
	Workers int `yaml:"workers"`
	// RingBytes is the memory shared with the kernel, for each worker. Default 64MiB.
	RingBytes Size `yaml:"ring_bytes"`
	// BlockTimeout is how long the kernel may keep a block of the ring that is not full. Default 50ms.
	BlockTimeout Duration `yaml:"block_timeout"`
	// Promiscuous takes packets that are not addressed to the host, as a tap needs. Default true.
	Promiscuous bool `yaml:"promiscuous"`
	// SnapLength is how many octets of a packet are kept. Below 65535, long SIP messages are cut. Default 65535.
	SnapLength int `yaml:"snap_length"`
	// MediaSnapLength is how many octets are kept of a packet that looks like RTP: headers, not sound. Default 192.
	MediaSnapLength int `yaml:"media_snap_length"`
	// Filter turns away in the kernel what cannot be VoIP: wide (by the first bits of the payload), or narrow (by
	// SIPPorts, MediaPorts and Prefixes). Default wide.
	Filter string `yaml:"filter"`
	// AppMedia lets wide pass all UDP between ports above 1023, cut like media: that of applications that hide their media
	// (Telegram, Zoom), and T.38, looks like nothing. BitTorrent, games and VPNs are copied too: it costs. Default false.
	AppMedia bool `yaml:"app_media"`
	// SIPPorts are the ports of SIP over TCP and, in narrow, over UDP: "5060" or "5060-5080". Default 5060.
	SIPPorts []string `yaml:"sip_ports"`
	// TLSPorts are the TCP ports of SIP over TLS, in the form of SIPPorts. Default 5061.
	TLSPorts []string `yaml:"tls_ports"`
	// WebSocketPorts are the TCP ports of SIP over WebSocket (RFC 7118), in the form of SIPPorts: that of the proxy itself
	// where something before it ends the TLS. Default none, because the usual ones are the web's.
	WebSocketPorts []string `yaml:"websocket_ports"`
	// MediaPorts are the UDP ports of media in narrow, in the form of SIPPorts. Default 1024-65535.
	MediaPorts []string `yaml:"media_ports"`
	// Prefixes are the address ranges looked at in narrow; either end counts. Empty (default): all.
	Prefixes []netip.Prefix `yaml:"prefixes"`
	// HEPUDP and HEPTCP are host:port addresses on which capture agents are listened to (HEPv3). Empty (default): off.
	HEPUDP string `yaml:"hep_udp"`
	HEPTCP string `yaml:"hep_tcp"`
	// HEPAllow are the address ranges that agents may send from. HEP has no authentication: whoever can send from there can
	// make calls up. Default 127.0.0.0/8 and ::1, this host alone.
	HEPAllow []netip.Prefix `yaml:"hep_allow"`
}

// HEP says whether capture agents are listened to.
func (c *Capture) HEP() bool { return c.HEPUDP != "" || c.HEPTCP != "" }

// HEPTap is the name of the tap that capture agents make, beside the interfaces.
const HEPTap = "hep"

// Taps are the names of all taps: the interfaces, and HEPTap when capture agents are listened to.
func (c *Capture) Taps() []string {
	taps := slices.Clone(c.Interfaces)
	if c.HEP() {
		taps = append(taps, HEPTap)
	}
	return taps
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

// Geo names the databases that turn addresses into places and networks. Each is read again when its file changes.
type Geo struct {
	// City is a GeoIP2-format city database (.mmdb). Empty (default): no places.
	City string `yaml:"city"`
	// ASN is a GeoIP2-format ASN database (.mmdb). Empty (default): no networks.
	ASN string `yaml:"asn"`
	// Anonymiser is a GeoIP2-format Anonymous-IP database (.mmdb). Empty (default): none.
	Anonymiser string `yaml:"anonymiser"`
	// Networks is a CSV file of the operator's own knowledge: an AS number or a prefix, and its class (hosting, vpn, tor, mobile,
	// isp). Empty (default): none.
	Networks string `yaml:"networks"`
	// Cells is a CSV file of mobile cells with the columns mcc, mnc, area, ci, lat, lon, range_m and date. Empty (default): none.
	Cells string `yaml:"cells"`
	// AccessLines is a CSV file of the operator's own access networks with the columns prefix, latitude, longitude, range_m, date and
	// name. It counts for addresses that are subscribers' (own.prefixes). Empty (default): none.
	AccessLines string `yaml:"access_lines"`
}

// Spoof configures the spoofing indicators.
type Spoof struct {
	// BarredPrefixes are beginnings of caller numbers barred on every call, as sent or international. Default none.
	BarredPrefixes []string `yaml:"barred_prefixes"`
	// BarredFromAbroad are beginnings of caller numbers barred when the source is abroad. Empty (default): for India the
	// list of its international gateways, +11, 011, 11 and +911 to +915; elsewhere none.
	BarredFromAbroad []string `yaml:"barred_from_abroad"`
	// ScannerAgents are parts of User-Agent values, in any case, that mark a scanner. Empty (default): the built-in list.
	ScannerAgents []string `yaml:"scanner_agents"`
	// RequireAttestation marks a call without PASSporT (RFC 8225) from a source that is not the operator's own. Default
	// false.
	RequireAttestation bool `yaml:"require_attestation"`
	// Certificates is a folder of PEM certificates (*.pem, *.crt) by which PASSporTs are verified; nothing is ever fetched.
	// Empty (default): PASSporTs are read and not verified.
	Certificates string `yaml:"certificates"`
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

// Kafka is the bus between sensors and store.
type Kafka struct {
	// Brokers are host:port addresses to begin with. Empty (default): no Kafka.
	Brokers []string `yaml:"brokers"`
	// TLS encrypts the connections to the brokers and checks their certificates, names and dates. Default false.
	TLS bool `yaml:"tls"`
	// CAFile holds the certificates (PEM) that the brokers' must descend from. Empty (default): those of the operating system.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile (PEM; the key mode 0600 or 0640) are our own certificate, for brokers that ask for one. Default none.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// User is the account for SASL/SCRAM-SHA-512, which needs TLS. Empty (default): none.
	User string `yaml:"user"`
	// PasswordFile holds the account's password and nothing else; mode 0600 or 0640.
	PasswordFile string `yaml:"password_file"`
	// RecordsTopic carries records and events, keyed by sensor. Default calltrail.records.v1.
	RecordsTopic string `yaml:"records_topic"`
	// ResendTopic carries requests for missing sequence numbers. Default calltrail.resend.v1.
	ResendTopic string `yaml:"resend_topic"`
	// Partitions of the records topic when `kafka init` makes it. Default 6. A sensor's records stay in one; more
	// partitions than sensors and stores bring nothing.
	Partitions int `yaml:"partitions"`
	// Replication is the number of copies of each partition when `kafka init` makes it. Default 3; 1 for a laboratory.
	Replication int `yaml:"replication"`
	// Retention is how long Kafka keeps records, whether read or not. Default 7d.
	Retention Duration `yaml:"retention"`
	// Group is the consumer group of `store`. Default calltrail-store.
	Group string `yaml:"group"`
}

// Postgres is where records are retained.
type Postgres struct {
	// DSN is a libpq connection string or URL. Empty (default): no Postgres. In the file it holds no password.
	DSN string `yaml:"dsn"`
	// PasswordFile holds the password and nothing else; not readable by others. Empty (default): none.
	PasswordFile string `yaml:"password_file"`
	// AllowUnsafeServer lets the store use a server with fsync or synchronous_commit off, where an acknowledged
	// record can be lost. Default false; for laboratories.
	AllowUnsafeServer bool `yaml:"allow_unsafe_server"`
}

// Metrics is what the running programs show of themselves over HTTP: /metrics for Prometheus, /healthz, and /status for
// `calltrail status`.
type Metrics struct {
	// Listen is the address of `capture`. Empty: none. Default 127.0.0.1:9465.
	Listen string `yaml:"listen"`
	// StoreListen is the address of `store`. Empty: none. Default 127.0.0.1:9466.
	StoreListen string `yaml:"store_listen"`
	// AssignmentsListen is the address of `assignments listen`. Empty: none. Default 127.0.0.1:9467.
	AssignmentsListen string `yaml:"assignments_listen"`
}

// Assignments is what `calltrail assignments listen` hears live of which subscriber has which address.
type Assignments struct {
	// RADIUSListen is the host:port address, UDP, for copies of accounting requests (RFC 2866). Empty (default): off.
	RADIUSListen string `yaml:"radius_listen"`
	// RADIUSSecretFile holds the secret shared with the senders and nothing else; not readable by others. Needed with RADIUSListen.
	RADIUSSecretFile string `yaml:"radius_secret_file"`
	// RADIUSAllow are the address ranges that requests may come from. Default 127.0.0.0/8 and ::1, this host alone.
	RADIUSAllow []netip.Prefix `yaml:"radius_allow"`
	// IPFIXListen is the host:port address, UDP, for NAT events in IPFIX (RFC 7011, RFC 8158). Empty (default): off.
	IPFIXListen string `yaml:"ipfix_listen"`
	// IPFIXAllow are the address ranges that exporters may send from. IPFIX over UDP has no authentication: whoever can send from
	// there can make assignments up. Default 127.0.0.0/8 and ::1.
	IPFIXAllow []netip.Prefix `yaml:"ipfix_allow"`
	// SyslogListen is the host:port address, UDP, for log lines of a NAT (RFC 5424, RFC 3164). Empty (default): off.
	SyslogListen string `yaml:"syslog_listen"`
	// SyslogAllow are the address ranges that lines may come from; syslog over UDP has no authentication either. Default 127.0.0.0/8
	// and ::1.
	SyslogAllow []netip.Prefix `yaml:"syslog_allow"`
	// SyslogZone is that of times which name none, as those of RFC 3164: UTC, Asia/Kolkata … Default UTC.
	SyslogZone string `yaml:"syslog_zone"`
	// MaxLate is how old what is told may be, by the clock of whoever tells; an older time is not believed, and that of arrival taken.
	// Default 7d.
	MaxLate Duration `yaml:"max_late"`
}

// Listens says whether anything is listened to.
func (a *Assignments) Listens() bool {
	return a.RADIUSListen != "" || a.IPFIXListen != "" || a.SyslogListen != ""
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

// Watchlist is what `calltrail store` tells of the hits of watchlists beyond its own database.
type Watchlist struct {
	// AlertsTopic is the Kafka topic new hits are published to, calltrail.alerts.v1 say. Empty (default): none. A live alert
	// on a named target may need an interception order; see docs/law.md.
	AlertsTopic string `yaml:"alerts_topic"`
	// AlertsValues adds to an alert what was found (a number, an address) and when. Default false: references only.
	AlertsValues bool `yaml:"alerts_values"`
}

// Log is the program's own log, on standard error.
type Log struct {
	// Level is the least that is written: trace, debug, info, warn or error. Default info.
	Level string `yaml:"level"`
	// Format is auto (text on a terminal, JSON otherwise), console or json. Default auto.
	Format string `yaml:"format"`
}

// HomeCountry is Home.Country, or Home.Region when that is empty.
func (c *Config) HomeCountry() string {
	if c.Home.Country != "" {
		return c.Home.Country
	}
	return c.Home.Region
}

// File is the path of the configuration file that was read, or "" when there was none.
func (c *Config) File() string { return c.file }

// key is one leaf of Config.
type key struct {
	path  string // "kafka.records_topic"
	index []int  // for reflect.Value.FieldByIndex
}

// keys lists every key in the order of the structs. The structs are two levels deep: section and key.
var keys = listKeys()

func listKeys() []key {
	var out []key
	for section := range reflect.TypeFor[Config]().Fields() {
		name := section.Tag.Get("yaml")
		if name == "" {
			continue
		}
		for field := range section.Type.Fields() {
			out = append(out, key{
				path:  name + "." + field.Tag.Get("yaml"),
				index: append(append([]int{}, section.Index...), field.Index...),
			})
		}
	}
	return out
}

func findKey(path string) (key, bool) {
	for _, k := range keys {
		if k.path == path {
			return k, true
		}
	}
	return key{}, false
}

func (c *Config) field(k key) reflect.Value {
	return reflect.ValueOf(c).Elem().FieldByIndex(k.index)
}
