package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/record"
	"calltrail/store/spool"
)

// Events through spool, store and Postgres, and out again by the command and by SQL: what was lossy or never spoken of
// is told, and the exit status says whether all is complete.
func TestCoverageCommand(t *testing.T) {
	t.Parallel()
	const owner = "replay" // of spools that store reads by default
	s := newSite(t)
	ten := time.Date(2026, 5, 28, 10, 0, 0, 0, time.UTC)
	sp, err := spool.Open(spool.Config{Dir: s.spool, Sensor: owner})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		for _, tap := range []string{"eth0", "eth1"} {
			minute := record.Time(ten.Add(time.Duration(n) * time.Minute).UnixMicro())
			c := record.Coverage{
				Schema: record.SchemaCoverage, Kind: record.KindCoverage, Day: minute.Day(), Sensor: owner, Tap: tap,
				Minute: minute, From: minute, To: minute + 60_000_000, State: "complete", Packets: 1000,
				Head:     record.ChainHead{Hash: strings.Repeat("0f", 32), KeyID: "0123456789abcdef", Signature: "c2lnbmVk"},
				Observer: record.Observer{Version: "test"},
			}
			switch {
			case tap == "eth1" && n == 4:
				c.State, c.KernelDrops = "lossy", 1204
			case tap == "eth0" && n == 7:
				continue
			case tap == "eth1" && n == 9:
				c.Ignored, c.Decoded = map[string]uint64{"h323": 1234}, map[string]uint64{"tls": 1}
			}
			if n == 9 {
				c.Evicted = map[string]uint64{"tcp_connections": 2}
			}
			if _, _, err := sp.Append(c.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
	s.ok("store", "--from-spool", s.spool)
	for _, fault := range s.db.chainFaults() {
		t.Error(fault)
	}

	ask := func(status int, args ...string) string {
		t.Helper()
		r := s.run(append([]string{"coverage", "--zone", "UTC", "--from", "2026-05-28 10:00"}, args...)...)
		// What a program reads has rows only.
		lines := 0
		if slices.Contains(args, "csv") {
			lines = 4
		}
		if r.status != status || strings.Count(r.stderr, "\n") != lines || lines > 0 && !strings.HasPrefix(r.stderr, "\nreplay eth1, 2026-05-28 10:09 to") {
			t.Errorf("coverage %v: exit status %d, want %d, and %d lines of remarks: %s", args, r.status, status, lines, r.stderr)
		}
		return r.stdout
	}
	const table = `TIME UTC                   SENSOR  TAP   STATE     MINUTES  WHAT WAS MISSED
2026-05-28 10:00 to 10:07  replay  eth0  complete  7        -
2026-05-28 10:07 to 10:08  replay  eth0  absent    1        no event
2026-05-28 10:08 to 10:10  replay  eth0  complete  2        -
2026-05-28 10:00 to 10:04  replay  eth1  complete  4        -
2026-05-28 10:04 to 10:05  replay  eth1  lossy     1        1,204 packets dropped by the kernel
2026-05-28 10:05 to 10:10  replay  eth1  complete  5        -

2 taps, 18 of 20 minutes complete, 1 lossy, 1 absent
2026-05-28 10:00:00 to 2026-05-28 10:10:00 UTC

replay eth1, 2026-05-28 10:09 to 2026-05-28 10:10: H.323 was seen (1,234 packets) and is not decoded: its calls are not in the log
replay eth1, 2026-05-28 10:09 to 2026-05-28 10:10: encrypted signalling was seen (1 packet of TLS): its calls are not in the log, only its connections, as records of kind tls
replay, 2026-05-28 10:09 to 2026-05-28 10:10: 2 TCP connections with SIP were pushed out of memory (limits.tcp_streams): a message that was not whole is lost
`
	if got := ask(exitDamaged, "--to", "2026-05-28 10:10"); got != table {
		t.Errorf("gives\n%s\nwant\n%s", got, table)
	}
	if got := ask(exitOK, "--to", "2026-05-28T10:04:00Z", "--tap", "eth1", "--format", "jsonl"); strings.Count(got, `"state":"complete"`) != 4 {
		t.Errorf("gives\n%s", got)
	}
	if got := ask(exitDamaged, "--to", "2026-05-28 10:10", "--gaps", "--format", "csv"); strings.Count(got, "\r\n") != 3 ||
		!strings.Contains(got, "replay,eth0,2026-05-28 10:07,absent,0,0,") || !strings.Contains(got, "replay,eth1,2026-05-28 10:04,lossy,60,1,1000,0,0,1204,") {
		t.Errorf("gives\n%s", got)
	}
	if got := ask(exitDamaged, "--to", "2026-05-28 10:10", "--tap", "eth7"); !strings.Contains(got, "no such tap is known") {
		t.Errorf("gives\n%s", got)
	}
	// Without --zone times are India's, and stand there in UTC, too.
	if r := s.run("coverage", "--from", "2026-05-28 15:30", "--to", "2026-05-28 15:34", "--tap", "eth1"); r.status != exitOK ||
		!strings.HasPrefix(r.stdout, "TIME IST ") || !strings.HasSuffix(r.stdout, "\n2026-05-28 15:30:00 to 2026-05-28 15:34:00 IST, which is 2026-05-28 10:00:00 to 2026-05-28 10:04:00 UTC\n") {
		t.Errorf("exit status %d, gives\n%s%s", r.status, r.stdout, r.stderr)
	}
	s.db.want(`SELECT calltrail.coverage_note('2026-05-28 10:00Z', '2026-05-28 10:10Z')`,
		"2026-05-28 10:00 to 2026-05-28 10:10 UTC: 2 taps, 18 of 20 minutes complete; 1 lossy (replay eth1 10:04); 1 absent (replay eth0 10:07); "+
			"H.323 was seen (1,234 packets) and is not decoded: its calls are not in the log; encrypted signalling was seen (1 packet of TLS): its calls are not in the log, "+
			"only its connections, as records of kind tls; 2 TCP connections with SIP were pushed out of memory (limits.tcp_streams): a message that was not whole is lost")
	s.db.want(`SELECT tap, complete, lossy, absent FROM calltrail.coverage_summary('2026-05-28 10:00Z', '2026-05-28 10:10Z')`, "eth0|9|0|1 eth1|9|1|0")
}
