package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	_ "unsafe" // for the breaches of other packages

	"calltrail/store/kafka/kafkatest"
	"calltrail/store/postgres"
	"calltrail/store/postgres/pgtest"
	"calltrail/store/proxytest"
)

// loaderBreach is the loader's, which no program sets: see store/postgres.
//
//go:linkname loaderBreach calltrail/store/postgres.breach
var loaderBreach string

// storeBreach is the pump's and the answering sensor's: see store.
//
//go:linkname storeBreach calltrail/store.breach
var storeBreach string

// breakLoader breaks a promise of the loader for one test. Nothing else may run beside it.
func breakLoader(t *testing.T, what string) {
	loaderBreach = what
	t.Cleanup(func() { loaderBreach = "" }) // after the path has ended: it is made later
}

// ways are the two to Postgres: by Kafka, and from the spool directly.
var ways = []struct {
	name  string
	start func(*path)
}{
	{"kafka", func(p *path) { p.sensor(nil); p.store() }},
	{"direct", func(p *path) { p.direct() }},
}

// ownPostgres makes a migrated server that a test may kill, and a path whose loader reaches it through a proxy, which asks about
// each COMMIT.
func ownPostgres(t *testing.T, cluster *kafkatest.Cluster, limit int, o pgtest.Options, atCommit func(proxytest.Commit) proxytest.Verdict) (*path, *pgtest.Server, *proxytest.Proxy) {
	t.Helper()
	server := pgtest.New(t, o)
	server.Start()
	dsn := server.DSN("sslmode=disable")
	if _, err := postgres.Migrate(context.Background(), postgres.Config{DSN: dsn}, postgres.Up); err != nil {
		t.Fatal(err)
	}
	proxy := proxytest.New(t)
	proxy.AtCommit(atCommit)
	proxy.To(server.Address())
	p := newPathTo(t, cluster, limit, dsn, strings.Replace(dsn, server.Address(), proxy.Address(), 1))
	return p, server, proxy
}

// committed is how far the way has acknowledged: the spool's cursor, or the group's offsets. The records begin at offset 0.
func (p *path) committed(way string) int {
	p.t.Helper()
	if way == "direct" {
		return int(p.spool.Stats().Acked)
	}
	behind, err := Lag(p.ctx, p.cfg, p.cfg.RecordsTopic)
	if err != nil {
		return 0 // the group's coordinator is away
	}
	return int(latest(p.t, p.cfg, p.cfg.RecordsTopic, 0)+latest(p.t, p.cfg, p.cfg.RecordsTopic, 1)) - int(behind)
}

// unkept says what is wrong with what was stored in the end: everything once, nothing put aside.
func (p *path) unkept(quarantined int) string {
	p.t.Helper()
	want := state(0, p.spooled, p.spooled-quarantined)
	if got := p.stored(); got != want {
		return fmt.Sprintf("there are %s, want %s", got, want)
	}
	var aside, calls int
	if err := p.db.QueryRowContext(p.ctx, `SELECT (SELECT count(*) FROM calltrail.quarantine), (SELECT count(*) FROM calltrail.call_record)`).Scan(&aside, &calls); err != nil {
		p.t.Fatal(err)
	}
	if aside != quarantined || calls != p.spooled-quarantined {
		return fmt.Sprintf("%d in quarantine, %d calls; want %d and %d", aside, calls, quarantined, p.spooled-quarantined)
	}
	return ""
}

// cutter cuts connections at COMMIT by chance.
type cutter struct {
	rnd           *rand.Rand
	before, after atomic.Int64
}

func (c *cutter) verdict(proxytest.Commit) proxytest.Verdict {
	// The proxy asks one at a time: a pump has one transaction in hand.
	switch c.rnd.IntN(4) {
	case 0:
		c.before.Add(1)
		return proxytest.CutBefore
	case 1:
		c.after.Add(1)
		return proxytest.CutAfter
	}
	return proxytest.Pass
}

// Postgres is killed under load, and its connections are cut at COMMIT: before the server hears of it, and after it has done it
// (fault 11). Nothing is acknowledged that is not there; in the end each record is there once. So it is by Kafka and directly.
func postgresDies(t *testing.T, cluster *kafkatest.Cluster) {
	const each = 20
	rounds := number(t, "CALLTRAIL_CUTS", 20)
	const more = 100 // rounds at most, until chance and the machine have let each fault happen
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			cut := &cutter{rnd: chance(t)}
			p, server, proxy := ownPostgres(t, cluster, each*(rounds+more), pgtest.Options{}, cut.verdict)
			way.start(p)
			kills := 0
			for i := range rounds {
				p.append(each)
				time.Sleep(20 * time.Millisecond) // so that the records are many transactions
				if i%10 == 5 {
					server.Kill()
					committed := p.committed(way.name)
					server.Start()
					kills++
					if there := p.entries(); there < committed {
						t.Errorf("%d records are acknowledged and %d there after the server was killed", committed, there)
					}
				}
			}
			p.mustBecome(p.whole(), time.Minute)
			bitten := func() bool {
				return cut.before.Load() > 0 && cut.after.Load() > 0 && proxy.Lost() > 0 && p.loader.Counts().Redelivered > 0
			}
			for i := 0; i < more && !bitten(); i++ { // a slow machine has made few transactions of them
				p.append(each)
				p.mustBecome(p.whole(), time.Minute)
			}
			if fault := p.unkept(0); fault != "" {
				t.Error(fault)
			}
			before, after := cut.before.Load(), cut.after.Load()
			if !bitten() {
				t.Errorf("%d and %d cuts before and after COMMIT, %d answers lost, counts %+v: the faults did not bite", before, after, proxy.Lost(), p.loader.Counts())
			}
			t.Logf("fault 11: %d cuts at COMMIT (%d after it), %d kills, %d records, %s", before+after, after, kills, p.spooled, way.name)
		})
	}
	t.Run("control: an error is success", func(t *testing.T) {
		breakLoader(t, "unsure")
		p, _, _ := ownPostgres(t, cluster, 5*each, pgtest.Options{}, first(proxytest.CutBefore))
		p.direct()
		p.append(5 * each)
		for p.spool.Stats().Acked != 5*each {
			p.pause("the acknowledgement")
		}
		noticed(t, p.unkept(0))
	})
	t.Run("control: nothing tells what is there", func(t *testing.T) {
		breakLoader(t, "dedupe")
		p, _, _ := ownPostgres(t, cluster, 5*each, pgtest.Options{}, first(proxytest.CutAfter))
		if _, err := p.db.ExecContext(p.ctx, "ALTER TABLE calltrail.entry DROP CONSTRAINT entry_pkey"); err != nil {
			t.Fatal(err)
		}
		p.direct()
		p.append(5 * each)
		for p.spool.Stats().Acked != 5*each {
			p.pause("the acknowledgement")
		}
		noticed(t, p.unkept(0))
	})
}

// first gives a verdict on the first COMMIT, and lets the others pass.
func first(v proxytest.Verdict) func(proxytest.Commit) proxytest.Verdict {
	var seen atomic.Bool
	return func(proxytest.Commit) proxytest.Verdict {
		if seen.Swap(true) {
			return proxytest.Pass
		}
		return v
	}
}

func noticed(t *testing.T, fault string) {
	t.Helper()
	if fault == "" {
		t.Fatal("the check noticed nothing")
	}
	t.Logf("noticed: %s", fault)
}

func (p *path) entries() (n int) {
	p.t.Helper()
	if err := p.db.QueryRowContext(p.ctx, "SELECT count(*) FROM calltrail.entry").Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// Postgres' disk is full, a table is locked by somebody, a partition is gone, among records that cannot be stored (fault 12).
// Nothing is acknowledged meanwhile; then the bad ones are in quarantine and the rest is there, by Kafka and directly.
func postgresTrouble(t *testing.T, cluster *kafkatest.Cluster) {
	const each = 40
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			folder, fill, free := smallDisk(t)
			p, server, _ := ownPostgres(t, cluster, 5*each, pgtest.Options{Folder: folder}, nil)
			way.start(p)
			p.append(each)
			p.mustBecome(p.whole(), time.Minute)
			before := p.settled(way.name, each)

			fill()
			p.append(each)
			p.failing(way.name, before)
			free()
			server.Kill() // without room for its log the server has ended, or is about to
			server.Start()
			p.mustBecome(p.whole(), time.Minute)
			before = p.settled(way.name, 2*each)

			// Poison among the rest: the exact octets are the sensor's, so they keep their numbers.
			p.bodies[2*each+3].Body = []byte(strings.Replace(string(p.bodies[2*each+3].Body), `"busy"`, `"bu\u0000sy"`, 1))
			p.bodies[2*each+9].Body = []byte(strings.Replace(string(p.bodies[2*each+9].Body), `"busy"`, "\"bu\xffsy\"", 1))
			lock, err := p.db.BeginTx(p.ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := lock.ExecContext(p.ctx, "LOCK TABLE calltrail.call_record IN ACCESS EXCLUSIVE MODE"); err != nil {
				t.Fatal(err)
			}
			p.append(each)
			for waiting := 0; waiting == 0; {
				if err := p.db.QueryRowContext(p.ctx, "SELECT count(*) FROM pg_locks WHERE NOT granted").Scan(&waiting); err != nil {
					t.Fatal(err)
				}
			}
			if got := p.committed(way.name); got != before {
				t.Errorf("%d records are acknowledged while a lock keeps them out, %d before", got, before)
			}
			// The partition goes, and the database's own list of partitions says that it is there.
			if _, err := lock.ExecContext(p.ctx, "ALTER TABLE calltrail.call_record DETACH PARTITION calltrail.call_record_20260525"); err != nil {
				t.Fatal(err)
			}
			if err := lock.Commit(); err != nil {
				t.Fatal(err)
			}
			p.failing(way.name, before)
			if _, err := p.db.ExecContext(p.ctx, "ALTER TABLE calltrail.call_record ATTACH PARTITION calltrail.call_record_20260525 FOR VALUES FROM ('2026-05-25') TO ('2026-06-01')"); err != nil {
				t.Fatal(err)
			}
			p.mustBecome(state(0, 3*each, 3*each-2), time.Minute)
			if fault := p.unkept(2); fault != "" {
				t.Error(fault)
			}
			t.Logf("fault 12: disk full, lock held, partition missing, 2 poison records of %d, %s", p.spooled, way.name)
		})
	}
	t.Run("control: an error is success", func(t *testing.T) {
		breakLoader(t, "unsure")
		folder, fill, free := smallDisk(t)
		p, server, _ := ownPostgres(t, cluster, 2*each, pgtest.Options{Folder: folder}, nil)
		p.direct()
		p.append(each)
		p.mustBecome(p.whole(), time.Minute)
		fill()
		p.append(each)
		for p.spool.Stats().Acked != 2*each {
			p.pause("the acknowledgement of what a full disk refused")
		}
		free()
		server.Kill()
		server.Start()
		noticed(t, p.unkept(0))
	})
}

// settled waits until so many are acknowledged.
func (p *path) settled(way string, n int) int {
	p.t.Helper()
	for p.committed(way) != n {
		p.pause("the acknowledgement")
	}
	return n
}

// failing waits until the loader was refused, and fails the test when anything was acknowledged.
func (p *path) failing(way string, before int) {
	p.t.Helper()
	for was := p.loading.Stats().Retries; p.loading.Stats().Retries < was+3; {
		p.pause("refusals")
	}
	if got := p.committed(way); got != before {
		p.t.Errorf("%d records are acknowledged while they cannot be stored, %d before", got, before)
	}
}

// smallDisk makes a small file system; fill takes its room, free gives it back.
func smallDisk(t *testing.T) (dir string, fill, free func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a small file system is mounted by root alone")
	}
	dir, err := os.MkdirTemp("", "calltrail-disk-") // Postgres' account could not enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=192m,mode=0755"); err != nil {
		t.Fatalf("mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
		_ = os.Remove(dir)
	})
	file := filepath.Join(dir, "filler")
	fill = func() {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() //nolint:errcheck // nothing of it matters
		for page := make([]byte, 4096); ; {
			if _, err := f.Write(page); err != nil {
				return // full
			}
		}
	}
	free = func() {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	return dir, fill, free
}
