package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// problemsOf loads and validates as `calltrail check` does.
func problemsOf(t *testing.T, o Options) []string {
	t.Helper()
	c, err := Load(o)
	var problems Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	problems = append(problems, c.Validate()...)
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = strings.ReplaceAll(p.String(), filepath.Dir(o.File)+"/", "")
	}
	return lines
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		// structure
		{"a: [", "c.yaml:1:4: not YAML: sequence end token ']' not found"},
		{"log:\n  level: info\n  level: warn\n", `c.yaml:3:3: not YAML: mapping key "level" already defined at [2:3]`},
		{"- a\n", `c.yaml:1:1: not a mapping; write sections such as "log:" with indented keys`},
		{"log: {}\n---\nkafka: {}\n", "c.yaml:3:6: a second document in one file; join them"},
		{"log: info\n", "c.yaml:1:6: log: text where a section's keys belong; write them indented below log:"},
		{"log:\n  level: &x info\n", "c.yaml:2:10: log.level: an anchor, alias or tag (not used here) where text belongs; put it in quotes"},
		{"log: {level: \"a\x00b\"}\n", "c.yaml: holds a NUL octet; a configuration is YAML text in UTF-8"},
		// unknown keys
		{"kafak:\n  brokers: []\n", "c.yaml:1:1: kafak: unknown section; did you mean kafka?"},
		{"log:\n  leval: info\n", "c.yaml:2:3: log.leval: unknown key; did you mean log.level?"},
		{"brokers: []\n", "c.yaml:1:1: brokers: unknown section; did you mean kafka.brokers?"},
		{"log:\n  brokers: []\n", "c.yaml:2:3: log.brokers: unknown key; did you mean kafka.brokers?"},
		{"log:\n  colour: yes\n", "c.yaml:2:3: log.colour: unknown key; remove it"},
		{"weather: {}\n", "c.yaml:1:1: weather: unknown section; remove it"},
		// types
		{"kafka:\n  brokers: one:9092\n", "c.yaml:2:12: kafka.brokers: text where a list belongs; write [a, b]"},
		{"kafka:\n  partitions: \"6\"\n", "c.yaml:2:15: kafka.partitions: text where a whole number belongs; write digits only, without quotes"},
		{"kafka:\n  partitions: 1.5\n", "c.yaml:2:15: kafka.partitions: a fraction where a whole number belongs; write digits only, without quotes"},
		{"log:\n  level: true\n", "c.yaml:2:10: log.level: true or false where text belongs; put it in quotes"},
		{"log:\n  level: {a: b}\n", "c.yaml:2:10: log.level: a mapping where text belongs; put it in quotes"},
		{"postgres:\n  allow_unsafe_server: \"true\"\n", "c.yaml:2:24: postgres.allow_unsafe_server: text where true or false belongs; write one of them, without quotes"},
		{"timers:\n  checkpoint: 10\n", "c.yaml:2:15: timers.checkpoint: a number where a duration belongs; write it with a unit, 10s, 5m, 24h or 7d"},
		{"timers:\n  checkpoint: soon\n", `c.yaml:2:15: timers.checkpoint: "soon" is not a duration; write a number with a unit, 10s, 5m, 24h or 7d`},
		{"spool:\n  keep_bytes: 8GB\n", `c.yaml:2:15: spool.keep_bytes: "8GB" is not a size; write a number of octets or with KiB, MiB or GiB`},
		{"own:\n  prefixes:\n    - 192.0.2.0/24\n    - 192.0.2.1/24\n", `c.yaml:4:7: own.prefixes[1]: "192.0.2.1/24" has bits set behind its length; write 192.0.2.0/24`},
		{"own:\n  prefixes: [here]\n", `c.yaml:2:14: own.prefixes[0]: "here" is not an address range; write it as 192.0.2.0/24 or 2001:db8::/32`},
		// values
		{"sensor: {name: a b}\n", `c.yaml:1:16: sensor.name: "a b" is not a sensor name; use at most 64 letters, digits, '.', '_' and '-'`},
		{"sensor: {name: replay}\n", "default: replay.sensor: is the live sensor's name, so that replayed records would break its chain; choose another"},
		{"replay: {sensor: \"\"}\n", `c.yaml:1:18: replay.sensor: "" is not a sensor name; use at most 64 letters, digits, '.', '_' and '-'`},
		{"replay: {workers: -1}\n", "c.yaml:1:19: replay.workers: -1 is out of range; write 0 (one for each CPU) to 1024"},
		{"home: {region: India}\n", `c.yaml:1:16: home.region: "India" is not a region; write two capital letters of ISO 3166-1, such as IN`},
		{"home: {country: in}\n", `c.yaml:1:17: home.country: "in" is not a country; write two capital letters of ISO 3166-1, such as IN`},
		{"own: {numbers: [\"+911204\", 0120]}\n", `c.yaml:1:28: own.numbers[1]: "0120" is not an E.164 prefix; write '+' and 1 to 15 digits, country code first`},
		{"spoof: {barred_prefixes: [\"+9x\"]}\n", `c.yaml:1:27: spoof.barred_prefixes[0]: "+9x" is not the beginning of a number; write digits, with or without '+' before them`},
		{"spoof: {barred_from_abroad: [\"\"]}\n", `c.yaml:1:30: spoof.barred_from_abroad[0]: "" is not the beginning of a number; write digits, with or without '+' before them`},
		{"own: {prefixes: [\"::ffff:192.0.2.1/128\"]}\n", `c.yaml:1:18: own.prefixes[0]: "::ffff:192.0.2.1/128" is IPv4 inside IPv6; write IPv4 addresses in their own form`},
		{"spoof: {scanner_agents: [a]}\n", `c.yaml:1:26: spoof.scanner_agents[0]: "a" is too short to mark a scanner; write at least 3 characters`},
		{"limits: {calls: 0}\n", "c.yaml:1:17: limits.calls: 0 is out of range; write 16 to 67108864"},
		{"timers: {checkpoint: 10ms}\n", "c.yaml:1:22: timers.checkpoint: 10ms is out of range; write 1s to 1d"},
		{"timers: {max_call_age: 1s}\n", "c.yaml:1:24: timers.max_call_age: 1s is out of range; write 1m0s to 30d"},
		{"timers: {settle: 40s}\n", "default: timers.stream_idle: 30s is less than timers.settle (40s), so that a call's last packets could count apart; raise it"},
		{"limits: {fragments: 1}\n", "c.yaml:1:21: limits.fragments: 1 is out of range; write 16 to 67108864"},
		{"limits: {tcp_streams: 0}\n", "c.yaml:1:23: limits.tcp_streams: 0 is out of range; write 16 to 67108864"},
		{"limits: {tls_connections: 0}\n", "c.yaml:1:27: limits.tls_connections: 0 is out of range; write 16 to 67108864"},
		{"limits: {flows: 0}\n", "c.yaml:1:17: limits.flows: 0 is out of range; write 16 to 67108864"},
		{"timers: {media_stop: 10s}\n", "c.yaml:1:22: timers.media_stop: 10s is out of range; write 1m0s to 1d"},
		{"timers: {media_stop: 1m, stream_idle: 2m}\n", "c.yaml:1:22: timers.media_stop: 1m0s is less than timers.stream_idle (2m0s), which is when silence shows; raise it, or write 0s for never"},
		{"capture: {tls_ports: [sips]}\n", `c.yaml:1:23: capture.tls_ports[0]: "sips" is not a port or a range of ports; write 5060 or 5060-5080`},
		{"capture: {websocket_ports: [\"0\"]}\n", `c.yaml:1:29: capture.websocket_ports[0]: "0" is not a port or a range of ports; write 5060 or 5060-5080`},
		{"capture: {hep_udp: \":9060\"}\n", `c.yaml:1:20: capture.hep_udp: ":9060" is not an address to listen on; write host:port, such as 192.0.2.10:9060`},
		{"capture: {hep_tcp: 192.0.2.10}\n", `c.yaml:1:20: capture.hep_tcp: "192.0.2.10" is not an address to listen on; write host:port, such as 192.0.2.10:9060`},
		{"capture: {hep_udp: \"192.0.2.10:9060\", hep_allow: []}\n", "c.yaml:1:50: capture.hep_allow: is empty, so that no capture agent would be heard; name their addresses"},
		{"capture: {hep_allow: [agent1]}\n", `c.yaml:1:23: capture.hep_allow[0]: "agent1" is not an address range; write it as 192.0.2.0/24 or 2001:db8::/32`},
		{"capture: {interfaces: [hep], hep_tcp: \"192.0.2.10:9060\"}\n", `c.yaml:1:24: capture.interfaces[0]: "hep" is how records name what capture agents send; give the interface another name`},
		{"events: {messages: 1}\n", "c.yaml:1:20: events.messages: a number where true or false belongs; write one of them, without quotes"},
		{"spoof: {certificates: /nonexistent/pems}\n", "c.yaml:1:23: spoof.certificates: /nonexistent/pems does not exist; correct the path or remove the key"},
		{"spoof: {certificates: /dev/null}\n", "c.yaml:1:23: spoof.certificates: /dev/null is not a folder; name the one that holds the files"},
		{"spool: {dir: \"\"}\n", "c.yaml:1:14: spool.dir: is empty; name a directory on a local disk"},
		{"spool: {segment_bytes: 1}\n", "c.yaml:1:24: spool.segment_bytes: 1 is out of range; write 1MiB to 1GiB"},
		{"spool: {keep_bytes: 1MiB}\n", "c.yaml:1:21: spool.keep_bytes: 1MiB is less than one segment (64MiB); raise it"},
		{"kafka: {brokers: [\"one:9092\", two]}\n", `c.yaml:1:31: kafka.brokers[1]: "two" is not a broker's address; write host:port, such as kafka1:9092`},
		{"kafka: {records_topic: a/b}\n", `c.yaml:1:24: kafka.records_topic: "a/b" is not a topic; use at most 249 letters, digits, '.', '_' and '-'`},
		{"kafka: {resend_topic: calltrail.records.v1}\n", "c.yaml:1:23: kafka.resend_topic: is the records topic too; name another"},
		{"kafka: {group: \"\"}\n", `c.yaml:1:16: kafka.group: "" is not a group; use at most 249 letters, digits, '.', '_' and '-'`},
		{"kafka: {partitions: 0}\n", "c.yaml:1:21: kafka.partitions: 0 is out of range; write 1 to 1000"},
		{"kafka: {replication: 10}\n", "c.yaml:1:22: kafka.replication: 10 is out of range; write 3, or 1 for a laboratory with one broker"},
		{"kafka: {retention: 1m}\n", "c.yaml:1:20: kafka.retention: 1m0s is out of range; write 1h0m0s to 3650d"},
		{"postgres: {dsn: db1}\n", "c.yaml:1:17: postgres.dsn: not a connection string; write postgres://user@host:5432/database, or host=… user=… dbname=…"},
		{"log: {level: loud}\n", `c.yaml:1:14: log.level: "loud" is not known; write one of trace, debug, info, warn, error`},
		{"log: {format: xml}\n", `c.yaml:1:15: log.format: "xml" is not known; write one of auto, console, json`},
		{"geo: {city: /nonexistent/city.mmdb}\n", "c.yaml:1:13: geo.city: /nonexistent/city.mmdb does not exist; correct the path or remove the key"},
		{"geo: {asn: /}\n", "c.yaml:1:12: geo.asn: / is not a regular file; name the database itself"},
	} {
		got := problemsOf(t, Options{File: write(t, tt.text)})
		if len(got) != 1 || got[0] != tt.want {
			t.Errorf("%q\ngives %q\nwant  %q", tt.text, got, tt.want)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	file := write(t, "log:\n  leval: x\n  format: xml\nkafka:\n  partitions: many\n  replication: 0\n")
	if got := problemsOf(t, Options{File: file}); len(got) != 4 {
		t.Errorf("%d problems of 4: %q", len(got), got)
	}
}

func TestProblemsOfOtherLayers(t *testing.T) {
	got := problemsOf(t, Options{
		File:      os.DevNull,
		Environ:   []string{"CALLTRAIL_KAFKA_PARTITIONS=many", "CALLTRAIL_KAFKA_BROKERS=one:9092,two"},
		Overrides: []Override{{"log.level", "loud", "--log-level"}},
	})
	want := []string{
		`environment CALLTRAIL_KAFKA_PARTITIONS: kafka.partitions: "many" is not a whole number; write digits only`,
		`environment CALLTRAIL_KAFKA_BROKERS: kafka.brokers[1]: "two" is not a broker's address; write host:port, such as kafka1:9092`,
		`--log-level: log.level: "loud" is not known; write one of trace, debug, info, warn, error`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("gives\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"kafka", "kafka", 0}, {"kafak", "kafka", 1}, {"levl", "level", 1}, {"kitten", "sitting", 3}, {"", "abc", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
	if n := nearest(strings.Repeat("x", 1000), []string{"level"}); n != "" {
		t.Errorf("a long name is near %q", n)
	}
}

func FuzzFile(f *testing.F) {
	for _, s := range []string{"log: {level: warn}\n", "own:\n  prefixes: [192.0.2.0/24]\n", "a: [", "? a\n: b\n", "log: !!str {}\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		c := Default()
		c.origins = make(map[string]origin)
		if problems := c.layFile("c.yaml", data); problems == nil {
			_ = c.ValidateValues()
			_ = c.Hash()
		}
	})
}
