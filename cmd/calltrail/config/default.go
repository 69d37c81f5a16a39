package config

import (
	"net/netip"
	"time"
)

const (
	day = 24 * time.Hour
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// Default is the configuration without file, environment and flags. It is valid.
func Default() *Config {
	return &Config{
		Sensor: Sensor{KeyFile: "/var/lib/calltrail/sensor.key"},
		Home:   Home{Region: "IN"},
		Capture: Capture{
			Engine:          "afpacket",
			Workers:         1,
			RingBytes:       64 * mib,
			BlockTimeout:    Duration(50 * time.Millisecond),
			Promiscuous:     true,
			SnapLength:      65_535,
			MediaSnapLength: 192,
			Filter:          "wide",
			SIPPorts:        []string{"5060"},
			TLSPorts:        []string{"5061"},
			MediaPorts:      []string{"1024-65535"},
			HEPAllow:        []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		},
		Replay: Replay{Sensor: "replay", Workers: 1},
		Limits: Limits{
			Calls:          100_000,
			Registrations:  200_000,
			Streams:        131_072,
			Fragments:      4096,
			TCPStreams:     16_384,
			TLSConnections: 65_536,
			Flows:          65_536,
		},
		Timers: Timers{
			Checkpoint:    Duration(10 * time.Second),
			InviteTimeout: Duration(32 * time.Second),
			RingTimeout:   Duration(200 * time.Second),
			MaxCallAge:    Duration(day),
			Settle:        Duration(5 * time.Second),
			Hold:          Duration(32 * time.Second),
			StreamIdle:    Duration(30 * time.Second),
			MediaStop:     Duration(5 * time.Minute),
		},
		Spool: Spool{
			Dir:          "/var/lib/calltrail/spool",
			SegmentBytes: 64 * mib,
			KeepBytes:    8 * gib,
			KeepAge:      Duration(7 * day),
		},
		Kafka: Kafka{
			RecordsTopic: "calltrail.records.v1",
			ResendTopic:  "calltrail.resend.v1",
			Partitions:   6,
			Replication:  3,
			Retention:    Duration(7 * day),
			Group:        "calltrail-store",
		},
		Access: Access{Zone: "Asia/Kolkata"},
		Retention: Retention{
			Period: LeastRetention,
			Grace:  Duration(7 * day),
			Notice: Duration(7 * day),
		},
		Metrics: Metrics{Listen: "127.0.0.1:9465", StoreListen: "127.0.0.1:9466", AssignmentsListen: "127.0.0.1:9467"},
		Assignments: Assignments{
			RADIUSAllow: loopback(),
			IPFIXAllow:  loopback(),
			SyslogAllow: loopback(),
			SyslogZone:  "UTC",
			MaxLate:     Duration(7 * day),
		},
		Evidence: Evidence{Template: "dot-ipdr"},
		Log:      Log{Level: "info", Format: "auto"},
	}
}

// loopback is this host alone.
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}
