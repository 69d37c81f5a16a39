package access

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/postgres"
	"calltrail/store/postgres/subscriber"
	"calltrail/store/postgres/watchlist"
	"calltrail/store/spool"
)

const (
	sensor = "edge-1"
	epoch  = 1780000000000000
)

// chain numbers and links records as a spool does.
type chain struct {
	seq  uint64
	prev [sha256.Size]byte
}

func newChain() *chain { return &chain{prev: spool.Genesis(sensor, nil)} }

func (c *chain) item(body []byte) store.Item {
	c.seq++
	e := spool.Entry{Sensor: sensor, Epoch: epoch, Seq: c.seq, Prev: c.prev, Leaf: sha256.Sum256(body), Body: body}
	e.Hash = spool.Link(e.Prev, e.Epoch, e.Seq, e.Leaf)
	c.prev = e.Hash
	return store.Item{Entry: e, Origin: fmt.Sprintf("test %d", c.seq)}
}

// call is call n, a second after the one before: from 0120 4100000+n at 203.0.113.n.
func (c *chain) call(t *testing.T, n int) store.Item {
	t.Helper()
	started := record.Time(time.Date(2026, 5, 28, 10, 0, n, 0, time.UTC).UnixMicro())
	caller, callee := fmt.Sprintf("+91120410%04d", n), fmt.Sprintf("+91112600%04d", n)
	id := func(what string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "%s %d", what, n)) }
	body, err := json.Marshal(&record.Call{
		RecordID: id("record"), Schema: record.SchemaCall, CallUID: id("call"), Revision: 1, Final: true, Kind: record.KindSIP, Day: started.Day(), Sensor: sensor,
		Caller: record.Party{User: caller, Host: "example.net", Number: record.Number{E164: caller, Country: "IN"}},
		Callee: record.Party{User: callee, Host: "example.org", Number: record.Number{E164: callee, Country: "IN"}},
		SIP:    &record.SIP{CallID: fmt.Sprintf("call-%d", n), FromTag: "a", Transport: "udp"},
		Src:    &record.End{IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}), Port: 5060}, Dst: &record.End{IP: netip.MustParseAddr("198.51.100.10"), Port: 5060},
		StartedAt: started, EndedAt: started + 30_000_000, LastSeenAt: started + 30_000_000,
		Disposition: record.Answered, Visibility: record.Full, Observer: record.Observer{Version: "test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.item(body)
}

// load stores calls 1 to n and something that is no record, by the loader itself, as an account.
func (d *database) load(dsn string, n int) *postgres.Loader {
	d.Helper()
	cfg := d.cfg
	cfg.DSN = dsn
	l, err := postgres.Open(d.Context(), cfg)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(l.Close)
	c := newChain()
	var items []store.Item
	for i := range n {
		items = append(items, c.call(d.T, i+1))
	}
	items = append(items, c.item([]byte("no record")))
	for range 2 { // the second time all of it is known
		if err := l.Deliver(d.Context(), items); err != nil {
			d.Fatal(err)
		}
	}
	if got, want := l.Counts(), (postgres.Counts{Stored: uint64(n), Quarantined: 1, Redelivered: uint64(n) + 1}); got != want {
		d.Fatalf("loaded %+v, want %+v", got, want)
	}
	return l
}

// The store runs as a login that owns nothing: records, addresses, chain and quarantine are written, the triggers join subscribers
// and compare watchlists, and what it wrote it may not read back.
func TestStoreAsWriter(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.setUp()
	writer := d.person(Writer)
	_, err := watchlist.Add(t.Context(), d.conn, []watchlist.Entry{{List: "scam", Kind: watchlist.Number, Value: "+911204100002", Source: "police", Reason: "hoax"}}, "tester")
	if err != nil {
		t.Fatal(err)
	}
	// What tells of subscribers is a program of the same role.
	live := d.cfg
	live.DSN = d.dsn(writer)
	leases := "public_ip,inside_ip,subscriber,from,to\n203.0.113.3,100.64.0.3,line-3,2026-05-28T09:00:00Z,2026-05-28T11:00:00Z\n"
	if _, err := subscriber.Import(t.Context(), live, subscriber.Options{Format: subscriber.CGNAT}, []subscriber.File{{Name: "nat.csv", Data: strings.NewReader(leases)}}); err != nil {
		t.Fatal(err)
	}
	l := d.load(live.DSN, 5)
	if _, err := l.Missing(t.Context(), 10); err != nil {
		t.Error(err)
	}
	if h, err := l.Holdings(t.Context()); err != nil || h.Quarantined != 1 {
		t.Errorf("holdings: %+v, %v", h, err)
	}
	d.want(`SELECT concat_ws(' ', (SELECT count(*) FROM calltrail.call_record), (SELECT count(*) FROM calltrail.record_body), (SELECT count(*) FROM calltrail.endpoint),
		(SELECT count(*) FROM calltrail.entry), (SELECT count(*) FROM calltrail.quarantine), (SELECT count(*) FROM calltrail.watchlist_hit), (SELECT count(*) FROM calltrail.call_subscriber))`, "5 5 10 6 1 1 1")
	d.want(`SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 'call_record_20260525'`, d.conn.Config().User)

	own := d.as(live.DSN)
	for _, statement := range []string{
		`SELECT caller_e164 FROM calltrail.call_record`, `SELECT body FROM calltrail.record_body`, `SELECT * FROM calltrail.endpoint`, `SELECT * FROM calltrail.calls`,
		`SELECT * FROM calltrail.call_record_20260525`, `INSERT INTO calltrail.endpoint_20260525 SELECT * FROM calltrail.endpoint_20260525`, `SELECT body FROM calltrail.quarantine`,
		`SELECT * FROM calltrail.watchlist_entry`, `SELECT * FROM calltrail.call_subscriber`, `DELETE FROM calltrail.call_record`, `UPDATE calltrail.entry SET leaf = hash`,
		`TRUNCATE calltrail.ledger`, `SELECT calltrail.ask('calls_of_number', '{}')`, `DROP TABLE calltrail.call_record_20260525`,
	} {
		_, err := own.Exec(t.Context(), statement)
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "42501" {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
}

// A grant that somebody gave by mistake shows nothing: not on tables, not on partitions, not by views. The control is the same
// grant where row security is off.
func TestMistakenGrantShowsNothing(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.setUp()
	d.load(d.cfg.DSN, 3)
	// Something in each table of persons that the loader does not fill is not needed: what counts is that call records, bodies,
	// addresses and the quarantine have rows, and that every other table is protected in the same way.
	analyst := d.as(d.dsn(d.person(Analyst)))
	relations := d.rows(d.conn, `SELECT 'calltrail.' || c.relname FROM pg_class c WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1`)
	for _, r := range relations {
		if _, err := analyst.Exec(t.Context(), "SELECT * FROM "+r); err == nil && r != "calltrail.schema_version" && r != "calltrail.setting" {
			t.Errorf("%s can be read without a grant", r)
		}
	}
	d.exec(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA calltrail TO ` + Analyst)
	d.exec(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA calltrail TO ` + Analyst)
	shown := func() (list []string) {
		for _, r := range relations {
			var n int
			if err := analyst.QueryRow(t.Context(), "SELECT count(*) FROM "+r).Scan(&n); err != nil {
				t.Fatalf("%s: %v", r, err)
			}
			if n > 0 {
				list = append(list, strings.TrimPrefix(r, "calltrail."))
			}
		}
		return list
	}
	// What is left is of no person: chains, spans of days, settings.
	if got, want := strings.Join(shown(), " "), "entry ledger partition schema_version setting"; got != want {
		t.Errorf("with a mistaken grant the analyst sees %s, want %s", got, want)
	}
	if tag, err := analyst.Exec(t.Context(), `DELETE FROM calltrail.call_record_20260525`); err != nil || tag.RowsAffected() != 0 {
		t.Errorf("deleted from a partition: %v, %v", tag, err)
	}
	if _, err := analyst.Exec(t.Context(), `INSERT INTO calltrail.endpoint_20260525 VALUES ('2026-05-28', gen_random_uuid(), NULL, '192.0.2.1', 1, '{via}', now(), now())`); err == nil ||
		!strings.Contains(err.Error(), "row-level security") {
		t.Errorf("inserted into a partition: %v", err)
	}

	// The control: with row security off on one partition and one view as it was before, the same grant shows rows.
	t.Run("without row security", func(t *testing.T) {
		d.exec(`ALTER TABLE calltrail.call_record_20260525 DISABLE ROW LEVEL SECURITY`)
		d.exec(`ALTER VIEW calltrail.calls RESET (security_invoker)`)
		if got, want := strings.Join(shown(), " "), "call_record_20260525 calls entry ledger partition schema_version setting"; got != want {
			t.Errorf("the analyst sees %s, want %s: the test shows nothing", got, want)
		}
	})
	s, err := Look(t.Context(), d.conn)
	if err != nil || s.Differ == 0 || strings.Join(s.Unprotected, " ") != "call_record_20260525 calls" {
		t.Errorf("status says %+v, %v", s, err)
	}

	// The rights given anew take the mistake away, and protect what was not.
	if err := Apply(t.Context(), d.conn); err != nil {
		t.Fatal(err)
	}
	if s, err := Look(t.Context(), d.conn); err != nil || s.Differ != 0 || len(s.Unprotected) > 0 || s.Channel != "" {
		t.Errorf("after that status says %+v, %v", s, err)
	}
	// A table whose rights nobody has touched yet has its owner's without a word in the catalogue: that is no difference.
	d.exec(`SET allow_system_table_mods = on`)
	d.exec(`UPDATE pg_class SET relacl = NULL WHERE oid = 'calltrail.watchlist_entry'::regclass`)
	if s, err := Look(t.Context(), d.conn); err != nil || s.Differ != 0 {
		t.Errorf("untouched, status says %+v, %v", s, err)
	}
	if _, err := analyst.Exec(context.Background(), `SELECT FROM calltrail.call_record_20260525`); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("after that: %v", err)
	}
}
