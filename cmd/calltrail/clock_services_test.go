package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The clock of the machine that stamps packets jumps, again and again in one capture: an hour and ten years, on and back. What
// comes of it goes the whole way into Postgres: every record is stored or, of a day in the far future, kept apart; no duration is
// below zero, though times are those of the packets, whatever they say; nothing is refused for want of a partition.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	const captures = 2
	rnd, stored, all := chance(t), 0, 0
	for i := range captures {
		s, file, jumps := jumpingSite(t, rnd, i)
		lines := strings.Count(s.ok("replay", "-q", "--events", file).stdout, "\n")
		if r := s.ok("replay", "-q", "--to", "postgres", "--log-level", "warn", file); strings.Contains(r.stderr, "partition") {
			t.Errorf("capture %d: %s", i, r.stderr)
		}
		none(t, s.timeFaults())
		kept, apart := s.db.number("SELECT count(*) FROM calltrail.record_body"), s.db.number("SELECT count(*) FROM calltrail.quarantine WHERE reason = 'day_out_of_range'")
		if kept+apart != lines || kept == 0 {
			t.Errorf("capture %d: %d records were stored and %d kept apart of %d", i, kept, apart, lines)
		}
		stored, all = stored+kept, all+jumps
		t.Logf("capture %d: %d jumps, %d records, %d of them of the future and kept apart", i, jumps, lines, apart)
	}
	t.Logf("fault 18: %d captures with jumps of an hour and ten years", captures)
	if stored < 100 || all < 10 {
		t.Errorf("%d records were stored with %d jumps: next to none", stored, all)
	}
}

// The controls of fault 18: a program that writes durations as the clock gives them, and one that makes no partitions.
func TestClockJumpsAreNoticed(t *testing.T) {
	t.Parallel()
	rnd := chance(t)
	t.Run("durations below zero", func(t *testing.T) {
		s, file, _ := jumpingSite(t, rnd, 0)
		r := s.launch(breached(t, "calltrail/cdr/pipeline.breach=raw-durations"), nil, "replay", "-q", "--to", "postgres", file).wait(t)
		faults := s.timeFaults()
		if r.status == 0 && len(faults) == 0 {
			t.Error("nothing was noticed")
		}
		t.Logf("%q", faults)
	})
	t.Run("no partitions", func(t *testing.T) {
		s, file, _ := jumpingSite(t, rnd, 0)
		p := s.launch(breached(t, "calltrail/store/postgres.breach=no-partitions"), nil, "replay", "-q", "--to", "postgres", file)
		if p.lives(5 * time.Second) { // a row without a partition waits for one
			p.kill()
		}
		r := p.wait(t)
		if r.status == 0 && len(s.timeFaults()) == 0 {
			t.Error("nothing was noticed")
		}
		if !strings.Contains(r.stderr, "partition") && s.db.number("SELECT count(*) FROM calltrail.quarantine WHERE reason <> 'day_out_of_range'") == 0 {
			t.Errorf("it does not say what is missing: %s", r.stderr)
		}
	})
}

// timeFaults are the times that cannot be, and the records that were refused for another reason than a day in the future.
func (s *site) timeFaults() (faults []string) {
	s.Helper()
	for what, query := range map[string]string{
		"durations below zero": `SELECT count(*) FROM calltrail.call_record WHERE duration_ms < 0 OR ring_ms < 0`,
		"streams that end before they begin": `SELECT count(*) FROM calltrail.call_record, jsonb_array_elements(media) AS m
			WHERE (m ->> 'last_at')::timestamptz < (m ->> 'first_at')::timestamptz`,
		"refused for another reason": `SELECT count(*) FROM calltrail.quarantine WHERE reason <> 'day_out_of_range'`,
		"missing numbers":            `SELECT coalesce(sum(entries), 0) FROM calltrail.gap`,
	} {
		if n := s.db.number(query); n != 0 {
			faults = append(faults, fmt.Sprintf("%s: %d", what, n))
		}
	}
	return faults
}

// jumpingSite is a site with a capture of calls with media in which the clock jumps now and then, by an hour or ten years, there
// and back.
func jumpingSite(t *testing.T, rnd *rand.Rand, i int) (s *site, file string, jumps int) {
	t.Helper()
	s = newSite(t)
	cfg := signalling(80, rnd.Uint64())
	cfg.RTP = 1 // packet a second: the calls are long
	whole, _ := s.capture(cfg)
	octets, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	const hour, years = 3600, 10 * 365 * 86400
	offset := int64(0)
	for at := 24; at+16 <= len(octets); at += 16 + int(binary.LittleEndian.Uint32(octets[at+8:])) {
		if rnd.IntN(60) == 0 {
			by := []int64{hour, -hour, years, -years}[rnd.IntN(4)]
			if by == years && (i%2 == 0 || at < len(octets)/2) { // time does not fall: all the rest of the capture is in the future
				by = -years
			}
			if offset != 0 {
				by = 0 // back to what it was
			}
			offset = by
			jumps++
		}
		binary.LittleEndian.PutUint32(octets[at:], uint32(int64(binary.LittleEndian.Uint32(octets[at:]))+offset))
	}
	file = filepath.Join(s.dir, "jumps.pcap")
	if err := os.WriteFile(file, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	return s, file, jumps
}
