package main

import (
	"context"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"calltrail/store"
	"calltrail/store/kafka"
	"calltrail/store/spool"
)

// The tests of this file kill the program with SIGKILL at random moments, run it again, and hold what is in Postgres in
// the end to what callgen knows of the calls. A kill counts only when records were in flight.

// crashes is how many kills a test makes: n, or of each of the four ways a quarter of CALLTRAIL_CRASHES.
func crashes(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("CALLTRAIL_CRASHES")
	if text == "" {
		return n
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CALLTRAIL_CRASHES is %q, must be a number from 1", text)
	}
	return max(1, n/4)
}

// chance is a source of random numbers whose seed stands in the log of a failed test.
func chance(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// killReplays kills replays to a target once each has put a random share of the capture's records on the spool, and so
// while there are numbers on the spool that the receiver has not confirmed.
func (s *site) killReplays(rnd *rand.Rand, kills int, to, capture string) {
	s.Helper()
	octets := int64(len(s.ok("replay", "-q", "--events", capture).stdout))
	var flying []int
	for attempt := 0; len(flying) < kills; attempt++ {
		if attempt == 10*kills { // a busy machine looks too late at many
			s.Fatalf("%d kills of %d attempts had records in flight, want %d", len(flying), attempt, kills)
		}
		before := s.spoolOctets()
		p := s.start(nil, "replay", "-q", "--to", to, capture)
		goal := before + 1 + rnd.Int64N(octets)
		if !p.until(s.T, time.Millisecond, func() bool { return s.spoolOctets() >= goal }) || !p.lives(time.Duration(rnd.Int64N(int64(10*time.Millisecond)))) {
			if r := p.wait(s.T); r.status != 0 {
				s.Fatalf("exit status %d:\n%s", r.status, r.stderr)
			}
			continue
		}
		p.kill()
		if depth := s.spoolState().Depth; depth > 0 {
			flying = append(flying, int(depth))
		}
	}
	slices.Sort(flying)
	s.Logf("fault 1: %d kills of replay --to %s", kills, to)
	s.Logf("records in flight: %d to %d, median %d", flying[0], flying[kills-1], flying[kills/2])
}

// Killed at any moment and run again, replay brings every call to Kafka, and the store takes each in once.
func TestReplayToKafkaKilled(t *testing.T) {
	t.Parallel()
	s, rnd := newSite(t), chance(t)
	capture, truth := s.capture(signalling(3000, rnd.Uint64()))
	s.killReplays(rnd, crashes(t, 20), toKafka, capture)
	s.ok("replay", "-q", "--to", "kafka", capture)
	r := s.ok("store", "--once")
	t.Logf("%d entries, stored in %.1f s; %d delivered twice", s.db.entries(), r.took.Seconds(), s.counts(r).Redelivered)
	s.whole(truth)
}

// The same without Kafka.
func TestReplayToPostgresKilled(t *testing.T) {
	t.Parallel()
	s, rnd := newSite(t), chance(t)
	capture, truth := s.capture(signalling(3000, rnd.Uint64()))
	s.killReplays(rnd, crashes(t, 5), toPostgres, capture)
	s.ok("replay", "-q", "--to", "postgres", capture)
	s.whole(truth)
}

// loading is true while a transaction with entries is under way: writing to the ledger is the first thing it does.
func (d *database) loading() bool {
	d.t.Helper()
	return d.number(`SELECT count(*) FROM pg_locks WHERE relation = 'calltrail.ledger'::regclass AND mode = 'RowExclusiveLock' AND granted`) > 0
}

// backlog makes captures, each of other calls, and sends them on until a store has some thousand entries to take in.
type backlog struct {
	*site
	rnd   *rand.Rand
	to    string
	truth []call
	sent  int // entries

	program string // the stores', "" is the one that is shipped
}

// left is how many entries the store has still to take in.
func (b *backlog) left() int {
	b.Helper()
	for b.sent-b.db.entries() < 3000 {
		capture, truth := b.capture(signalling(2000, b.rnd.Uint64()))
		b.ok("replay", "-q", "--to", b.to, capture)
		b.truth, b.sent = append(b.truth, truth...), int(b.spoolState().Last)
	}
	return b.sent - b.db.entries()
}

// killStores kills stores while they have entries to take in: most inside a transaction, the others when some entries
// more than before are committed, which is about when their offsets are.
func (b *backlog) killStores(kills int, command ...string) {
	b.Helper()
	done, inside := 0, 0
	for attempt := 0; done < kills; attempt++ {
		if attempt == 10*kills { // a busy machine looks too late at many
			b.Fatalf("%d kills of %d attempts had records in flight, want %d", done, attempt, kills)
		}
		left, begin := b.left(), b.db.entries()
		goal := begin + 1 + b.rnd.IntN(left/2)
		condition := func() bool { return b.db.entries() >= goal }
		if b.rnd.IntN(4) > 0 {
			condition = b.db.loading
		}
		p := b.launch(b.program, nil, command...)
		if !p.until(b.T, time.Millisecond, condition) || !p.lives(time.Duration(b.rnd.Int64N(int64(30*time.Millisecond)))) {
			if r := p.wait(b.T); r.status != 0 {
				b.Fatalf("exit status %d:\n%s", r.status, r.stderr)
			}
			continue // the machine was busy elsewhere: a spool was all in before its store could be killed
		}
		loading := b.db.loading()
		p.kill()
		if b.db.entries()-begin < left {
			done++
			if loading {
				inside++
			}
		}
	}
	b.Logf("fault 1: %d kills of %s", kills, strings.Join(command[:min(2, len(command))], " "))
	b.Logf("each with entries to come, %d of them inside a transaction with some of them", inside)
}

// Killed at any moment and run again, the store takes every call in once, and the group's offsets are right.
func TestStoreKilled(t *testing.T) {
	t.Parallel()
	b := backlog{site: newSite(t), rnd: chance(t), to: toKafka}
	b.killStores(crashes(t, 20), "store")
	b.ok("store", "--once")
	b.whole(b.truth)

	// Nothing is left behind the offsets, and nothing was left out before them: who reads it all again finds it all there.
	if c := b.counts(b.ok("store", "--once")); c != (counts{}) {
		t.Errorf("behind the offsets: %+v", c)
	}
	if c := b.counts(b.ok("store", "--once", "--group", b.topic+"-again")); c.Redelivered < b.sent || c != (counts{Redelivered: c.Redelivered}) {
		t.Errorf("read again: %+v, want %d or more redelivered and nothing else", c, b.sent)
	}
	b.whole(b.truth)
}

// The control of fault 1: a store that tells Kafka of what it has only fetched loses what it had in hand when it was killed, and
// the same check finds it.
func TestStoreKilledIsNoticed(t *testing.T) {
	t.Parallel()
	b := backlog{site: newSite(t), rnd: chance(t), to: toKafka, program: breached(t, "calltrail/store.breach=acknowledge-first")}
	b.killStores(4, "store")
	b.ok("store", "--once")
	faults := slices.Concat(b.db.chainFaults(), callFaults(b.truth, b.db.calls()))
	if !slices.ContainsFunc(faults, func(f string) bool { return strings.HasPrefix(f, "missing numbers") }) {
		t.Errorf("nothing is missing: %q", faults)
	}
	t.Logf("%d faults, the first %q", len(faults), faults[:min(1, len(faults))])
}

// The same for a spool on this host.
func TestStoreFromSpoolKilled(t *testing.T) {
	t.Parallel()
	b := backlog{site: newSite(t), rnd: chance(t), to: toSpool}
	b.killStores(crashes(t, 5), "store", "--from-spool", b.spool)
	b.ok("store", "--from-spool", b.spool)
	b.whole(b.truth)
}

// counts is what a store says of itself when it ends.
type counts struct{ Stored, Duplicates, Redelivered, Quarantined, Alarms int }

var countsLine = regexp.MustCompile(`"stored":(\d+),"duplicates":(\d+),"redelivered":(\d+),"quarantined":(\d+),"alarms":(\d+)`)

func (s *site) counts(r result) counts {
	s.Helper()
	m := countsLine.FindStringSubmatch(r.stderr)
	if m == nil {
		s.Fatalf("no counts in the log:\n%s", r.stderr)
	}
	var n [5]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // digits
	}
	return counts{n[0], n[1], n[2], n[3], n[4]}
}

// spoilt is a feed that changes what passes.
type spoilt struct {
	store.Feed
	change func([]store.Item) []store.Item
}

// Fetch changes the next batch.
func (f spoilt) Fetch(ctx context.Context) (store.Batch, error) {
	b, err := f.Feed.Fetch(ctx)
	b.Items = f.change(b.Items)
	return b, err
}

// Negative control: a path that loses an entry, or that takes in a record again under other identities, is found out.
func TestSpoiltPathIsNoticed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func([]store.Item) []store.Item
		again  bool // the capture's records are sent once more, with other identities
		want   []string
	}{
		{name: "an entry is lost", want: []string{"missing numbers: 1", "entries more or less than numbers: 1", "missing 1 times"}, change: func(items []store.Item) []store.Item {
			return slices.DeleteFunc(items, func(i store.Item) bool { return i.Seq == 7 })
		}},
		{name: "records are doubled", want: []string{"too many by 1"}, again: true, change: func(items []store.Item) []store.Item { return items }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			capture, truth := s.capture(signalling(20, 1))
			s.ok("replay", "-q", "--to", "spool", capture)
			sp, err := spool.Open(spool.Config{Dir: s.spool, Sensor: replaySensor})
			if err != nil {
				t.Fatal(err)
			}
			if tt.again {
				for body := range strings.Lines(s.ok("replay", "-q", capture).stdout) {
					if _, err := sp.Write(otherIdentities([]byte(strings.TrimSuffix(body, "\n")))); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := sp.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			to, err := kafka.NewPublisher(t.Context(), kafka.Config{Brokers: []string{serverOf(t, "CALLTRAIL_KAFKA_BROKERS")}, RecordsTopic: s.topic})
			if err != nil {
				t.Fatal(err)
			}
			defer to.Close()
			pump, err := store.New(store.Config{}, spoilt{store.SpoolFeed(sp, 0, false), tt.change}, to, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			if err := pump.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := sp.Close(); err != nil {
				t.Fatal(err)
			}
			s.ok("store", "--once")
			faults := slices.Concat(s.db.chainFaults(), callFaults(truth, s.db.calls()))
			for _, want := range tt.want {
				if !slices.ContainsFunc(faults, func(f string) bool { return strings.HasPrefix(f, want) }) {
					t.Errorf("%q is not among the faults %q", want, faults)
				}
			}
		})
	}
}

var (
	recordID = regexp.MustCompile(`"record_id":"([^"]*)"`)
	callUID  = regexp.MustCompile(`"call_uid":"([^"]*)"`)
)

// otherIdentities gives a record another record_id and call_uid of the same day and version.
func otherIdentities(body []byte) []byte {
	for _, member := range []*regexp.Regexp{recordID, callUID} {
		at := member.FindSubmatchIndex(body)
		id := uuid.MustParse(string(body[at[2]:at[3]]))
		id[15] ^= 1
		body = slices.Concat(body[:at[2]], []byte(id.String()), body[at[3]:])
	}
	return body
}
