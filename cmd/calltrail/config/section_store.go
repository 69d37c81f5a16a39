package config

import "net/netip"

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
