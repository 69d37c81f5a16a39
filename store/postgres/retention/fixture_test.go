package retention

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/evidence"
	"calltrail/store/postgres"
	"calltrail/store/postgres/pgtest"
	"calltrail/store/spool"
)

const (
	sensor = "noida-1"
	// monday begins the first week of the tests' calls, years ago.
	monday = record.Time(1678060800000000) // 2023-03-06T00:00:00Z
	day    = record.Time(24 * 3600 * 1e6)
	held   = "+911204100001"
)

// log is a sensor with its spool and key, and a database that takes what it writes.
type log struct {
	testing.TB
	cfg      postgres.Config
	conn     *pgx.Conn
	loader   *postgres.Loader
	spool    *spool.Spool
	signer   *evidence.Signer // of the sensor
	deletion *evidence.Signer
	own      []evidence.Statement
	records  int
}

func newLog(t *testing.T) *log {
	t.Helper()
	dsn := pgtest.Database(t, func(dsn string) error {
		_, err := postgres.Migrate(context.Background(), postgres.Config{DSN: dsn, Logger: zerolog.Nop()}, postgres.Up)
		return err
	})
	l := &log{TB: t, cfg: postgres.Config{DSN: dsn, Logger: zerolog.Nop()}, signer: newSigner(t), deletion: newSigner(t)}
	l.own = []evidence.Statement{
		{Schema: evidence.SchemaKey, Kind: evidence.Trust, Use: evidence.ForSensor, Name: sensor, PublicKey: l.signer.PublicKey()},
		{Schema: evidence.SchemaKey, Kind: evidence.Trust, Use: evidence.ForDeletion, Name: "retention", PublicKey: l.deletion.PublicKey()},
	}
	var err error
	if l.spool, err = spool.Open(spool.Config{Dir: filepath.Join(t.TempDir(), "spool"), Sensor: sensor, PublicKey: l.signer.PublicKey()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.spool.Close() })
	if l.loader, err = postgres.Open(t.Context(), l.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.loader.Close)
	if l.conn, err = postgres.Connect(t.Context(), l.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.conn.Close(context.Background()) })
	l.exec(`UPDATE calltrail.setting SET retention_notice_days = 0`)
	return l
}

func newSigner(t *testing.T) *evidence.Signer {
	t.Helper()
	s, err := evidence.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (l *log) exec(statement string, args ...any) {
	l.Helper()
	if _, err := l.conn.Exec(context.Background(), statement, args...); err != nil {
		l.Fatalf("%s: %v", statement, err)
	}
}

// ask returns the rows of a query as text.
func (l *log) ask(query string, args ...any) string {
	l.Helper()
	var got string
	if err := l.conn.QueryRow(context.Background(), `SELECT coalesce(string_agg(regexp_replace(trim('()' from q::text), ',', '|', 'g'), '; '), '') FROM (`+query+`) AS q`, args...).Scan(&got); err != nil {
		l.Fatalf("%s: %v", query, err)
	}
	return got
}

func (l *log) write(body []byte) {
	l.Helper()
	if _, _, err := l.spool.Append(body); err != nil {
		l.Fatal(err)
	}
}

// call writes a revision of a call from a number, and returns its bytes.
func (l *log) call(name, from string, at record.Time, revision int, final bool) []byte {
	l.Helper()
	l.records++
	id := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(name), uint64(l.records)))
	uid := sha256.Sum256([]byte(name))
	c := record.Call{
		RecordID: uuid.UUID(id[:16]), CallUID: uuid.UUID(uid[:16]), Schema: record.SchemaCall, Kind: record.KindSIP, Revision: revision, Final: final,
		Day: at.Day(), Sensor: sensor, StartedAt: at, Disposition: record.Busy, Visibility: record.SIPOnly,
		Caller: record.Party{Raw: "<sip:" + from + "@198.51.100.7>", User: from, Host: "198.51.100.7", Number: record.Number{E164: from, Country: "IN"}},
		Src:    &record.End{IP: netip.MustParseAddr("198.51.100.7"), Port: 5060},
	}
	if final {
		c.EndedAt = at + 1e6
	}
	body := c.Append(nil)
	l.write(body)
	return body
}

// cover writes a coverage event with the signed head, as the sensor does.
func (l *log) cover(at record.Time) {
	l.Helper()
	head := l.spool.Head()
	c := record.Coverage{
		Schema: record.SchemaCoverage, Kind: record.KindCoverage, Sensor: sensor, Day: at.Day(), Tap: "eth1", Minute: at, From: at, To: at + 60e6, State: "complete", Packets: 10, Octets: 1000,
		Decoded: map[string]uint64{"sip": 10},
		Head: record.ChainHead{
			Epoch: head.Epoch, Seq: head.Seq, Hash: hex.EncodeToString(head.Hash[:]), KeyID: l.signer.KeyID(),
			Signature: base64.StdEncoding.EncodeToString(l.signer.SignHead(sensor, head.Epoch, head.Seq, head.Hash)),
		},
		Observer: record.Observer{Version: "test"},
	}
	l.write(c.Append(nil))
}

// load takes what is new off the spool.
func (l *log) load() {
	l.Helper()
	feed := store.SpoolFeed(l.spool, 17, false)
	for {
		b, err := feed.Fetch(context.Background())
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = l.loader.Deliver(context.Background(), b.Items)
		}
		if err == nil {
			err = feed.Ack(context.Background(), b)
		}
		if err != nil {
			l.Fatal(err)
		}
	}
}

// weeks writes the calls of n weeks, twelve each: those of a week's last day are written among the next week's, as calls are that go
// on over midnight. In each week one call, of two revisions, is from the held number.
func (l *log) weeks(n int) {
	l.Helper()
	var late []func()
	for week := range n {
		at := monday + record.Time(week)*7*day
		for i := range 12 {
			name := fmt.Sprintf("w%d-%d", week, i)
			if i == 5 {
				l.call(name, held, at+record.Time(i)*day/2, 1, false)
				l.call(name, held, at+record.Time(i)*day/2, 2, true)
				continue
			}
			body := l.call(name, fmt.Sprintf("+91120420%04d", week*100+i), at+record.Time(i)*day/2, 1, true)
			if i == 7 {
				l.write(body) // the same again: a duplicate
			}
			if i == 1 && len(late) > 0 {
				for _, do := range late {
					do()
				}
				late = nil
			}
			if i%3 == 0 {
				l.cover(at + record.Time(i)*day/2)
			}
		}
		last := at + 7*day - 1e6
		for k := range 3 {
			late = append(late, func() { l.call(fmt.Sprintf("late%d-%d", week, k), "+911204300001", last, 1, true) })
		}
	}
	for _, do := range late {
		do()
	}
	// The present, that the last head covers all.
	now := record.TimeOf(time.Now().Add(-time.Hour).UnixNano())
	l.call("today", "+911204400001", now, 1, true)
	l.cover(now)
	l.cover(now + 60e6)
	l.load()
}

// verify is what the operator finds out with his own keys.
func (l *log) verify() (faults []string) {
	l.Helper()
	r, err := postgres.Verify(context.Background(), l.cfg, postgres.VerifyQuery{Own: l.own})
	if err != nil {
		l.Fatal(err)
	}
	for _, f := range r.Faults {
		faults = append(faults, fmt.Sprintf("%s %d-%d %s", f.Kind, f.Seq, f.Last, f.Text))
	}
	for _, s := range r.Remarks {
		faults = append(faults, "remark: "+s)
	}
	return faults
}

func (l *log) options() Options {
	return Options{Signer: l.deletion, Reason: "older than 730 days", By: "compliance officer"}
}

// due plans, gives notice, and returns the plan as it is then.
func (l *log) due() []Span {
	l.Helper()
	spans, err := Plan(context.Background(), l.conn, 0)
	if err == nil {
		err = Notice(context.Background(), l.conn, 0, spans)
	}
	if err == nil {
		spans, err = Plan(context.Background(), l.conn, 0)
	}
	if err != nil {
		l.Fatal(err)
	}
	return spans
}

func (l *log) run() (list []Done) {
	l.Helper()
	if _, err := Run(context.Background(), l.conn, l.options(), func(d Done) { list = append(list, d) }); err != nil {
		l.Fatal(err)
	}
	return list
}
