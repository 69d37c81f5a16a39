package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// Validate finds everything wrong with the configuration: its values, and the files that it names. It returns nil when
// all is well.
func (c *Config) Validate() Problems {
	return append(c.ValidateValues(), c.validateFiles()...)
}

// ValidateValues is Validate without a look at the disk: what every command asks before it starts.
func (c *Config) ValidateValues() Problems {
	v := validator{cfg: c}
	v.names()
	v.numbers()
	v.limits()
	v.capture()
	v.timers()
	v.spool()
	v.kafka()
	v.postgres()
	v.retention()
	v.metrics()
	v.assignments()
	v.choices()
	return v.problems
}

type validator struct {
	cfg      *Config
	problems Problems
}

// fail reports a problem of one key, or of an element of it ("own.numbers[0]").
func (v *validator) fail(path, format string, args ...any) {
	v.problems = append(v.problems, Problem{
		Where: v.cfg.origin(path).String(),
		Key:   path,
		What:  fmt.Sprintf(format, args...),
	})
}

func (v *validator) names() {
	c := v.cfg
	if c.Sensor.Name != "" && !isName(c.Sensor.Name, 64) {
		v.fail("sensor.name", "%q is not a sensor name; use at most 64 letters, digits, '.', '_' and '-'", c.Sensor.Name)
	}
	switch {
	case !isName(c.Replay.Sensor, 64):
		v.fail("replay.sensor", "%q is not a sensor name; use at most 64 letters, digits, '.', '_' and '-'", c.Replay.Sensor)
	case c.Replay.Sensor == c.Sensor.Name:
		v.fail("replay.sensor", "is the live sensor's name, so that replayed records would break its chain; choose another")
	}
	if !isRegion(c.Home.Region) {
		v.fail("home.region", "%q is not a region; write two capital letters of ISO 3166-1, such as IN", c.Home.Region)
	}
	if c.Home.Country != "" && !isRegion(c.Home.Country) {
		v.fail("home.country", "%q is not a country; write two capital letters of ISO 3166-1, such as IN", c.Home.Country)
	}
}

func (v *validator) numbers() {
	c := v.cfg
	for i, n := range c.Own.Numbers {
		if !isE164Prefix(n) {
			v.fail(fmt.Sprintf("own.numbers[%d]", i), "%q is not an E.164 prefix; write '+' and 1 to 15 digits, country code first", n)
		}
	}
	v.dialled("spoof.barred_prefixes", c.Spoof.BarredPrefixes)
	v.dialled("spoof.barred_from_abroad", c.Spoof.BarredFromAbroad)
	for i, a := range c.Spoof.ScannerAgents {
		if len(strings.TrimSpace(a)) < 3 {
			v.fail(fmt.Sprintf("spoof.scanner_agents[%d]", i), "%q is too short to mark a scanner; write at least 3 characters", a)
		}
	}
}

func (v *validator) dialled(path string, prefixes []string) {
	for i, p := range prefixes {
		if !isDialled(p) {
			v.fail(fmt.Sprintf("%s[%d]", path, i), "%q is not the beginning of a number; write digits, with or without '+' before them", p)
		}
	}
}

func (v *validator) limits() {
	l := v.cfg.Limits
	for _, x := range []struct {
		path string
		n    int
	}{
		{"limits.calls", l.Calls},
		{"limits.registrations", l.Registrations},
		{"limits.streams", l.Streams},
		{"limits.fragments", l.Fragments},
		{"limits.tcp_streams", l.TCPStreams},
		{"limits.tls_connections", l.TLSConnections},
		{"limits.flows", l.Flows},
	} {
		const least, most = 16, 1 << 26
		if x.n < least || x.n > most {
			v.fail(x.path, "%d is out of range; write %d to %d", x.n, least, most)
		}
	}
	const workers = 1024
	if n := v.cfg.Replay.Workers; n < 0 || n > workers {
		v.fail("replay.workers", "%d is out of range; write 0 (one for each CPU) to %d", n, workers)
	}
}

func (v *validator) timers() {
	t := v.cfg.Timers
	for _, x := range []struct {
		path        string
		d           Duration
		least, most time.Duration
	}{
		{"timers.checkpoint", t.Checkpoint, time.Second, day},
		{"timers.invite_timeout", t.InviteTimeout, 5 * time.Second, 10 * time.Minute},
		{"timers.ring_timeout", t.RingTimeout, 10 * time.Second, time.Hour},
		{"timers.max_call_age", t.MaxCallAge, time.Minute, 30 * day},
		{"timers.settle", t.Settle, 2500 * time.Millisecond, time.Minute}, // the streams of a call are cut 2 s after its end
		{"timers.hold", t.Hold, time.Second, 10 * time.Minute},
		{"timers.stream_idle", t.StreamIdle, time.Second, time.Hour},
	} {
		v.between(x.path, x.d, x.least, x.most)
	}
	if t.StreamIdle < t.Settle {
		v.fail("timers.stream_idle", "%s is less than timers.settle (%s), so that a call's last packets could count apart; raise it", t.StreamIdle, t.Settle)
	}
	if t.MediaStop != 0 {
		v.between("timers.media_stop", t.MediaStop, time.Minute, day)
		if t.MediaStop.Std() >= time.Minute && t.MediaStop < t.StreamIdle {
			v.fail("timers.media_stop", "%s is less than timers.stream_idle (%s), which is when silence shows; raise it, or write 0s for never", t.MediaStop, t.StreamIdle)
		}
	}
}

func (v *validator) between(path string, d Duration, least, most time.Duration) {
	if d.Std() < least || d.Std() > most {
		v.fail(path, "%s is out of range; write %s to %s", d, Duration(least), Duration(most))
	}
}

func (v *validator) spool() {
	s := v.cfg.Spool
	if s.Dir == "" {
		v.fail("spool.dir", "is empty; name a directory on a local disk")
	}
	if s.SegmentBytes < mib || s.SegmentBytes > gib {
		v.fail("spool.segment_bytes", "%s is out of range; write 1MiB to 1GiB", s.SegmentBytes)
	}
	if s.KeepBytes < s.SegmentBytes {
		v.fail("spool.keep_bytes", "%s is less than one segment (%s); raise it", s.KeepBytes, s.SegmentBytes)
	}
	v.between("spool.keep_age", s.KeepAge, 0, 3650*day)
}

func (v *validator) kafka() {
	k := v.cfg.Kafka
	for i, b := range k.Brokers {
		if !isHostPort(b) {
			v.fail(fmt.Sprintf("kafka.brokers[%d]", i), "%q is not a broker's address; write host:port, such as kafka1:9092", b)
		}
	}
	for _, x := range []struct{ path, value string }{
		{"kafka.ca_file", k.CAFile}, {"kafka.cert_file", k.CertFile}, {"kafka.key_file", k.KeyFile}, {"kafka.user", k.User}, {"kafka.password_file", k.PasswordFile},
	} {
		if x.value != "" && !k.TLS {
			v.fail(x.path, "is of no use without TLS, in which the brokers prove who they are; set kafka.tls: true")
		}
	}
	switch {
	case (k.CertFile == "") != (k.KeyFile == ""):
		v.fail("kafka.cert_file", "and kafka.key_file belong together; set both or none")
	case k.User != "" && k.PasswordFile == "":
		v.fail("kafka.user", "has no password; write it alone into a file of mode 0600 and name that in kafka.password_file")
	case k.User == "" && k.PasswordFile != "":
		v.fail("kafka.password_file", "is of no account; set kafka.user")
	}
	v.topic("kafka.records_topic", k.RecordsTopic)
	v.topic("kafka.resend_topic", k.ResendTopic)
	if alerts := v.cfg.Watchlist.AlertsTopic; alerts != "" {
		v.topic("watchlist.alerts_topic", alerts)
		if alerts == k.RecordsTopic || alerts == k.ResendTopic {
			v.fail("watchlist.alerts_topic", "is a topic of records too; name another")
		}
	}
	if anchors := v.cfg.Evidence.AnchorTopic; anchors != "" {
		v.topic("evidence.anchor_topic", anchors)
		if anchors == k.RecordsTopic || anchors == k.ResendTopic || anchors == v.cfg.Watchlist.AlertsTopic {
			v.fail("evidence.anchor_topic", "carries something else; name another")
		}
	}
	if k.RecordsTopic == k.ResendTopic {
		v.fail("kafka.resend_topic", "is the records topic too; name another")
	}
	if !isName(k.Group, 249) {
		v.fail("kafka.group", "%q is not a group; use at most 249 letters, digits, '.', '_' and '-'", k.Group)
	}
	if k.Partitions < 1 || k.Partitions > 1000 {
		v.fail("kafka.partitions", "%d is out of range; write 1 to 1000", k.Partitions)
	}
	if k.Replication < 1 || k.Replication > 9 {
		v.fail("kafka.replication", "%d is out of range; write 3, or 1 for a laboratory with one broker", k.Replication)
	}
	v.between("kafka.retention", k.Retention, time.Hour, 3650*day)
}

func (v *validator) topic(path, name string) {
	if !isName(name, 249) || name == "." || name == ".." {
		v.fail(path, "%q is not a topic; use at most 249 letters, digits, '.', '_' and '-'", name)
	}
}

func (v *validator) postgres() {
	v.dsn("postgres", v.cfg.Postgres.DSN, v.cfg.Postgres.PasswordFile)
	v.dsn("access", v.cfg.Access.DSN, v.cfg.Access.PasswordFile)
	if _, err := time.LoadLocation(v.cfg.Access.Zone); err != nil || v.cfg.Access.Zone == "" {
		v.fail("access.zone", "%q is not a time zone; write UTC, or a name such as Asia/Kolkata", v.cfg.Access.Zone)
	}
}

// dsn looks at the keys dsn and password_file of a section.
func (v *validator) dsn(section, dsn, passwordFile string) {
	_, secret, err := splitDSN(dsn)
	path := section + ".dsn"
	switch {
	case dsn == "":
	case err != nil:
		v.fail(path, "%s", err)
	case !isURL(dsn) && !strings.Contains(dsn, "="):
		v.fail(path, "not a connection string; write postgres://user@host:5432/database, or host=… user=… dbname=…")
	case secret && v.cfg.origin(path).layer == fromFile:
		v.fail(path, "holds a password; write it alone into a file of mode 0600 and name that in %s.password_file", section)
	case secret && passwordFile != "":
		v.fail(section+".password_file", "is set while %s holds a password already; keep one of them", path)
	}
}

func (v *validator) choices() {
	v.oneOf("capture.engine", v.cfg.Capture.Engine, "afpacket", "libpcap")
	v.oneOf("capture.filter", v.cfg.Capture.Filter, "wide", "narrow")
	v.oneOf("evidence.template", v.cfg.Evidence.Template, "dot-ipdr", "dot-cdr")
	v.oneOf("log.level", v.cfg.Log.Level, "trace", "debug", "info", "warn", "error")
	v.oneOf("log.format", v.cfg.Log.Format, "auto", "console", "json")
}

func (v *validator) oneOf(path, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		v.fail(path, "%q is not known; write one of %s", value, strings.Join(choices, ", "))
	}
}

// validateFiles looks at the files that the configuration names.
func (c *Config) validateFiles() Problems {
	v := validator{cfg: c}
	if _, err := c.Postgres.Password(); err != nil {
		v.fail("postgres.password_file", "%s", strings.TrimPrefix(err.Error(), "postgres.password_file: "))
	}
	if _, err := c.Access.Password(); err != nil {
		v.fail("access.password_file", "%s", strings.TrimPrefix(err.Error(), "access.password_file: "))
	}
	if _, err := c.Kafka.Password(); err != nil {
		v.fail("kafka.password_file", "%s", strings.TrimPrefix(err.Error(), "kafka.password_file: "))
	}
	for _, x := range []struct{ path, file string }{
		{"kafka.ca_file", c.Kafka.CAFile},
		{"kafka.cert_file", c.Kafka.CertFile},
		{"kafka.key_file", c.Kafka.KeyFile},
		{"geo.city", c.Geo.City},
		{"geo.asn", c.Geo.ASN},
		{"geo.anonymiser", c.Geo.Anonymiser},
		{"geo.networks", c.Geo.Networks},
		{"geo.cells", c.Geo.Cells},
		{"geo.access_lines", c.Geo.AccessLines},
		{"own.trunks", c.Own.Trunks},
		{"evidence.template_file", c.Evidence.TemplateFile},
	} {
		if x.file == "" {
			continue
		}
		info, err := os.Stat(x.file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			v.fail(x.path, "%s does not exist; correct the path or remove the key", x.file)
		case err != nil:
			v.fail(x.path, "%s", err)
		case !info.Mode().IsRegular():
			v.fail(x.path, "%s is not a regular file; name the database itself", x.file)
		}
	}
	if _, err := c.Assignments.RADIUSSecret(); err != nil {
		v.fail("assignments.radius_secret_file", "%s", strings.TrimPrefix(err.Error(), "assignments.radius_secret_file: "))
	}
	v.folder("spoof.certificates", c.Spoof.Certificates)
	return v.problems
}

// folder sees that a folder can be read; "" names none.
func (v *validator) folder(path, name string) {
	if name == "" {
		return
	}
	switch info, err := os.Stat(name); {
	case errors.Is(err, fs.ErrNotExist):
		v.fail(path, "%s does not exist; correct the path or remove the key", name)
	case err != nil:
		v.fail(path, "%s", err)
	case !info.IsDir():
		v.fail(path, "%s is not a folder; name the one that holds the files", name)
	}
}
