package watchlist

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/postgres"
	"calltrail/store/postgres/pgtest"
	"calltrail/store/spool"
)

// world is a database of its own on the real server, with a loader and the chain it is fed from.
type world struct {
	*testing.T
	config postgres.Config
	conn   *pgx.Conn
	loader *postgres.Loader
	seq    uint64
	prev   [sha256.Size]byte
}

const (
	sensor = "edge-1"
	epoch  = 1780000000000000
)

// ten is when the tests' calls begin.
var ten = time.Date(2026, 5, 28, 10, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	t.Helper()
	dsn := pgtest.Database(t, func(dsn string) error {
		_, err := postgres.Migrate(context.Background(), postgres.Config{DSN: dsn, Logger: zerolog.Nop()}, postgres.Up)
		return err
	})
	w := &world{T: t, config: postgres.Config{DSN: dsn, Logger: zerolog.Nop()}, prev: spool.Genesis(sensor, nil)}
	var err error
	if w.loader, err = postgres.Open(t.Context(), w.config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.loader.Close)
	w.conn = w.connect()
	return w
}

// connect opens another connection.
func (w *world) connect() *pgx.Conn {
	w.Helper()
	conn, err := postgres.Connect(w.Context(), w.config)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// land stores records as the loader does, in one transaction.
func (w *world) land(calls ...record.Call) {
	w.Helper()
	items := make([]store.Item, len(calls))
	for i := range calls {
		body, err := json.Marshal(&calls[i])
		if err != nil {
			w.Fatal(err)
		}
		w.seq++
		e := spool.Entry{Sensor: sensor, Epoch: epoch, Seq: w.seq, Prev: w.prev, Leaf: sha256.Sum256(body), Body: body}
		e.Hash = spool.Link(e.Prev, e.Epoch, e.Seq, e.Leaf)
		w.prev = e.Hash
		items[i] = store.Item{Entry: e, Origin: fmt.Sprintf("test %d", w.seq)}
	}
	before := w.loader.Counts().Stored
	if err := w.loader.Deliver(w.Context(), items); err != nil {
		w.Fatal(err)
	}
	if stored := w.loader.Counts().Stored - before; stored != uint64(len(calls)) {
		w.Fatalf("%d of %d records were stored", stored, len(calls))
	}
}

func (w *world) add(entries ...Entry) Change {
	w.Helper()
	for i := range entries {
		entries[i] = known(w, entries[i])
	}
	c, err := Add(w.Context(), w.conn, entries, "tester")
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// known fills in what a test does not say, and normalises.
func known(tb testing.TB, e Entry) Entry {
	tb.Helper()
	if e.List == "" {
		e.List = "scam"
	}
	e.Source, e.Reason = "police", "hoax calls"
	e, err := e.Normalise(indian)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// indian reads what the tests write as numbers.
func indian(s string) (string, bool) {
	if strings.HasPrefix(s, "0") {
		s = "+91" + s[1:]
	}
	return s, len(s) >= 8 && s[0] == '+' && strings.Trim(s[1:], "0123456789") == ""
}

// rows is the answer of a query whose rows are one text each.
func (w *world) rows(query string) []string {
	w.Helper()
	rows, err := w.conn.Query(w.Context(), query)
	if err != nil {
		w.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.Fatalf("%s: %v", query, err)
	}
	return list
}

func (w *world) want(query, answer string) {
	w.Helper()
	if got := strings.Join(w.rows(query), "; "); got != answer {
		w.Errorf("%s\n got %s\nwant %s", query, got, answer)
	}
}

// sample is call n, a second after the one before: from 0120 4100000+n at 203.0.113.n to +911126000000+n at 198.51.100.10.
func sample(n int) record.Call {
	at := ten.Add(time.Duration(n) * time.Second)
	started := record.Time(at.UnixMicro())
	caller, callee := fmt.Sprintf("+91120410%04d", n), fmt.Sprintf("+91112600%04d", n)
	src := netip.AddrFrom4([4]byte{203, 0, 113, byte(n)})
	return record.Call{
		RecordID: uid(n, 1, started), Schema: record.SchemaCall, CallUID: uid(n, 0, 0), Revision: 1, Final: true, Kind: record.KindSIP, Day: started.Day(), Sensor: sensor,
		Caller: record.Party{User: caller, Host: "Example.NET", Number: record.Number{E164: caller, Country: "IN"}},
		Callee: record.Party{User: callee, Host: "example.org", Number: record.Number{E164: callee, Country: "IN"}},
		ReqURI: "sip:" + callee + "@example.org:5060;user=phone",
		SIP:    &record.SIP{CallID: fmt.Sprintf("call-%d", n), FromTag: "a", Transport: "udp", UserAgent: "Example/1.0", ServerAgent: "Gateway_7", Contact: "<sip:anna@" + src.String() + ">"},
		Src:    &record.End{IP: src, Port: 5060}, Dst: &record.End{IP: netip.MustParseAddr("198.51.100.10"), Port: 5060},
		StartedAt: started, EndedAt: started + 30_000_000, LastSeenAt: started + 30_000_000,
		Disposition: record.Answered, Visibility: record.Full, Observer: record.Observer{Version: "test"},
	}
}

func uid(n, revision int, at record.Time) uuid.UUID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d", n, revision))
	u := uuid.UUID(sum[:16])
	if at > 0 {
		binary.BigEndian.PutUint64(u[:8], uint64(at/1000)<<16|uint64(binary.BigEndian.Uint16(u[6:8])))
	}
	return u
}
