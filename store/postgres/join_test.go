package postgres

import (
	"context"
	"net/netip"
	"testing"

	"calltrail/cdr/record"
)

// give keeps an assignment: the address, or ports of it as "[1024,2048)", was the subscriber's between two times of 28 May, the
// second excluded.
func (a *asker) give(address, ports, subscriber, from, until string) {
	a.tb.Helper()
	_, err := a.pool.Exec(context.Background(), `INSERT INTO calltrail.assignment (assignment_id, lineage, address, ports, during, start_seen, last_seen_at, subscriber, source)
		SELECT g.id, g.id, $1::text::inet, nullif($2::text, '')::int4range, tstzrange(('2026-05-28 ' || $4 || 'Z')::timestamptz, ('2026-05-28 ' || $5 || 'Z')::timestamptz), true, now(), $3, 'manual'
		  FROM (SELECT gen_random_uuid() AS id) g`, address, ports, subscriber, from, until)
	if err != nil {
		a.tb.Fatal(err)
	}
}

// A caller who is handed over during the call: the media moves to another address, and the first one is given to somebody else at
// once. Each address counts for the time it was used in. Every revision is joined, as it says it; a record that comes again is not.
func TestJoinedAsItLands(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	after := netip.MustParseAddr("2001:db8:7:1::5")
	db.give("203.0.113.1", "", "asha", "09:00", "10:00:31")
	db.give("203.0.113.1", "", "bela", "10:00:31", "11:00") // signalling goes on from there, as far as the record knows
	db.give("2001:db8:7::/48", "", "asha", "10:00:30", "11:00")
	db.give("2001:db8:7:f::/64", "", "esha", "09:00", "11:00")
	db.give("198.51.100.10", "[30000,30010)", "chand", "10:00:05", "10:00:06") // while the call lasted, and gave it back
	db.give("198.51.100.10", "[30010,30020)", "devi", "09:00", "11:00")        // other ports

	final := chain.sample(1) // from 10:00:02 to 10:01:06, media from 10:00:06 on
	media := final.Media[0]
	interim := final
	interim.RecordID, interim.Final, interim.EndedAt, interim.LastSeenAt = ordered(final.StartedAt, 1001), false, 0, final.StartedAt+10_000_000
	open := media
	open.LastAt = 0
	interim.Media = []record.Media{open}
	final.Revision = 2
	moved := media
	media.LastAt = final.StartedAt + 28_000_000 // 10:00:30
	moved.Observed = &record.Flow{Src: record.Addr{IP: after, Port: 40002}, Dst: media.Observed.Dst}
	moved.FirstAt = final.StartedAt + 29_000_000
	final.Media = []record.Media{media, moved}

	items := append(chain.calls(2, 1), chain.call(interim), chain.call(final))
	deliver(t, l, items...)
	const joined = `SELECT r.revision, host(s.ip) AS ip, s.port, string_agg(s.subscriber, ' ' ORDER BY s.subscriber) AS whose
		FROM calltrail.call_subscribers s JOIN calltrail.call_record r USING (day, record_id) WHERE r.call_uid = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`
	const want = `1|203.0.113.1|5060|asha; 1|203.0.113.1|40000|asha; ` +
		`2|2001:db8:7:1::5|40002|asha; 2|203.0.113.1|5060|"asha bela"; 2|203.0.113.1|40000|asha`
	db.want(joined, want, final.CallUID)
	db.want(`SELECT count(*) FROM calltrail.call_subscriber WHERE call_uid <> $1`, "0", final.CallUID)

	// Again, and again under other numbers of the chain: duplicates, which have no addresses.
	deliver(t, l, items...)
	deliver(t, l, chain.call(interim), chain.call(final))
	wantCounts(t, l, Counts{Stored: 3, Redelivered: 3, Duplicates: 2})
	db.want(joined, want, final.CallUID)
	db.want(`SELECT count(*), bool_and(holds) FROM calltrail.call_subscriber`, "6|t")
	// What was known then is what is known now.
	db.want(`SELECT * FROM calltrail.join_subscribers('2026-05-01')`, "0|0")
	db.want(`SELECT added, taken_back FROM calltrail.correct_due(100)`, "0|0")
}

// The loader stores in the isolation that the joins rely on, whatever the server's default is.
func TestLoaderChoosesItsIsolation(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	db := ask(t, c)
	if _, err := db.pool.Exec(context.Background(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	l := open(t, c)
	deliver(t, l, newChain(t).calls(1, 2)...)
	wantCounts(t, l, Counts{Stored: 2})
}
