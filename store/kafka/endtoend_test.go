package kafka

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/postgres" // also registers the database/sql driver the test asks with
	"calltrail/store/postgres/pgtest"
	"calltrail/store/spool"
)

// From numbered entries through the real Kafka into the real Postgres: what was published twice, and read by a group
// that was stopped before it acknowledged, is there once, whole, without a gap.
func TestEntriesReachPostgresOnce(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	c := topics(t, 2)
	ctx := within(t)

	p := publisher(t, c)
	const calls = 400
	for _, sensor := range []string{"edge-1", "edge-2"} {
		items := callEntries(t, sensor, calls)
		for _, part := range [][]store.Item{items[:250], items[200:300], items[:250], items[300:]} {
			if err := p.Deliver(ctx, part); err != nil {
				t.Fatal(err)
			}
		}
	}

	loader, err := postgres.Open(ctx, postgres.Config{DSN: dsn, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(loader.Close)
	cfg := ConsumerConfig{Config: c, Group: c.RecordsTopic, MaxItems: 70, UntilHead: true}

	// A store that is killed between the commit and the acknowledgement.
	killed, err := NewConsumer(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := killed.Fetch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := loader.Deliver(ctx, batch.Items); err != nil {
		t.Fatal(err)
	}
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}

	pump, err := store.New(store.Config{Name: "kafka"}, consumer(t, cfg), loader, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := pump.Run(ctx); err != nil {
		t.Fatal(err)
	}
	want := postgres.Counts{Stored: 2 * calls, Redelivered: 2*(250+100+250+100) - 2*calls + uint64(len(batch.Items))}
	if got := loader.Counts(); got != want {
		t.Errorf("counts\n got %+v\nwant %+v", got, want)
	}

	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var rows, bodies, gaps, received int
	err = db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM calltrail.calls),
		(SELECT count(*) FROM calltrail.entry e JOIN calltrail.record_body b USING (day, record_id) WHERE sha256(b.body) = e.leaf),
		(SELECT count(*) FROM calltrail.gap), (SELECT sum(head_seq) FROM calltrail.ledger)`).Scan(&rows, &bodies, &gaps, &received)
	if err != nil {
		t.Fatal(err)
	}
	if rows != 2*calls || bodies != 2*calls || gaps != 0 || received != 2*calls {
		t.Errorf("%d calls, %d bodies with their hash, %d gaps, %d entries; want %d, %d, 0, %d", rows, bodies, gaps, received, 2*calls, 2*calls, 2*calls)
	}
}

// database makes a migrated database for one test and returns its DSN.
func database(t *testing.T) string {
	t.Helper()
	return pgtest.Database(t, func(dsn string) error {
		_, err := postgres.Migrate(context.Background(), postgres.Config{DSN: dsn}, postgres.Up)
		return err
	})
}

// callEntries makes n chained entries of n calls.
func callEntries(t *testing.T, sensor string, n int) []store.Item {
	t.Helper()
	items := make([]store.Item, n)
	prev := spool.Genesis(sensor, nil)
	for i := range items {
		at := record.Time(1779962400000000 + int64(i)*1000000) // 2026-05-28T10:00:00Z and on
		id := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(sensor), uint64(i)))
		body, err := json.Marshal(record.Call{
			RecordID: uuid.UUID(id[:16]), CallUID: uuid.UUID(id[16:]), Schema: record.SchemaCall, Kind: record.KindSIP, Revision: 1, Final: true,
			Day: at.Day(), Sensor: sensor, StartedAt: at, EndedAt: at + 1, Disposition: record.Busy, Visibility: record.SIPOnly,
			Src: &record.End{IP: netip.MustParseAddr("2001:db8::1"), Port: 5060},
		})
		if err != nil {
			t.Fatal(err)
		}
		e := spool.Entry{Sensor: sensor, Epoch: 1780000000000000, Seq: uint64(i) + 1, Prev: prev, Leaf: sha256.Sum256(body), Body: body}
		e.Hash = spool.Link(e.Prev, e.Epoch, e.Seq, e.Leaf)
		prev = e.Hash
		items[i] = store.Item{Entry: e}
	}
	return items
}
