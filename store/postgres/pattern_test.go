package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// leg is one row of call_record, as far as patterns look at it. What is empty is NULL, but for what row fills in.
type leg struct {
	at       float64 // seconds after 10:00
	id       int     // the call_uid; 0: that of its place in the list
	revision int
	interim  bool
	group    int // 0: the leg has a group of its own, -1: NULL
	kind     string

	caller, callee         string // E.164; something else is a user name or an extension; "-": NULL
	src, dst, role, sensor string
	country, network       string
	disposition            string // answered
	ms                     int64  // duration of an answered call; of another one, until it ended
	emergency              bool
}

// patternDay is the day of all legs of these tests.
const patternDay = "2026-05-28"

// Each pattern row by row: what it finds, and what it does not for want of one call, one number, a microsecond. All share a database,
// and each case has it to itself, in a transaction that is rolled back.
func TestPatterns(t *testing.T) {
	t.Parallel()
	db := ask(t, migrated(t))
	for _, day := range []string{patternDay, "2026-05-24"} {
		if err := db.exec(`SELECT calltrail.ensure_partitions('` + day + `', '` + day + `')`); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]func(*testing.T, *asker){
		"refused": patternsRefuse, "sources_with_many_numbers": sourcesWithManyNumbers, "numbers_from_many_countries": numbersFromManyCountries,
		"fan_out_to_one_callee": fanOutToOneCallee, "fan_out_from_one_caller": fanOutFromOneCaller, "short_call_bursts": shortCallBursts, "sequential_numbers": sequentialNumbers,
	} {
		t.Run(name, func(t *testing.T) { test(t, db) })
	}
}

const insertLeg = `
INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, group_uid, caller_user, caller_host, caller_e164, callee_user, callee_host, callee_e164,
       src_ip, dst_ip, src_role, src_location_country, src_as_number, src_network, disposition, duration_ms, started_at, ended_at, sip_emergency, visibility, flags, received_at)
SELECT (s.at AT TIME ZONE 'UTC')::date, md5('record' || $1::integer)::uuid, 'calltrail.call.v1', lpad($2::text, 32, '0')::uuid, $3, $4, $5, $6, CASE WHEN $7::integer >= 0 THEN md5('group' || $7::integer)::uuid END,
       $8::text, 'example.net', CASE WHEN $8 LIKE '+%' THEN $8 END, $9::text, 'example.org', CASE WHEN $9 LIKE '+%' THEN $9 END,
       $10::inet, $11::inet, $12, $13, 64500, $14, $15, CASE WHEN $15 = 'answered' AND $4 THEN $16::bigint END, s.at, CASE WHEN $4 THEN s.at + $16::bigint * interval '1 ms' END, $17, 'full', '{}', now()
  FROM (SELECT timestamptz '2026-05-28 10:00Z' + $18::double precision * interval '1 second' AS at) s`

// found asks in a transaction with these legs only; the answer is written as asker.want has it.
func found(t *testing.T, db *asker, legs []leg, query string) string {
	t.Helper()
	ctx := context.Background()
	tx, err := db.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	var batch pgx.Batch
	for i, l := range legs {
		id := max(l.id, 0)
		if id == 0 {
			id = 1000 + i
		}
		if l.group == 0 {
			l.group = id
		}
		if l.revision == 0 {
			l.revision = 1
		}
		batch.Queue(insertLeg, i, fmt.Sprint(id), l.revision, !l.interim, or(l.kind, "sip"), or(l.sensor, "edge-1"), l.group, null(or(l.caller, "+912225550100")), null(or(l.callee, "+911205550170")),
			null(or(l.src, "198.51.100.7")), null(or(l.dst, "192.0.2.10")), null(l.role), null(or(l.country, "IN")), null(l.network), or(l.disposition, "answered"), l.ms, l.emergency, l.at)
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		t.Fatal(err)
	}
	var got string
	err = tx.QueryRow(ctx, `SELECT coalesce(string_agg(regexp_replace(trim('()' from q::text), ',', '|', 'g'), '; '), '') FROM (`+query+`) AS q`).Scan(&got)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return got
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func null(s string) *string {
	if s == "-" || s == "" {
		return nil
	}
	return &s
}

// many makes n legs, each as make says.
func many(n int, one func(i int) leg) []leg {
	list := make([]leg, n)
	for i := range list {
		list[i] = one(i)
	}
	return list
}

func nth(prefix string, i int) string { return fmt.Sprintf("%s%04d", prefix, i) }

type patternCase struct {
	name string
	legs []leg
	want string
}

func holdPatterns(t *testing.T, db *asker, query string, cases []patternCase) {
	t.Helper()
	for _, tt := range cases {
		if got := found(t, db, tt.legs, query); got != tt.want {
			t.Errorf("%s\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// A time without end would read everything there is, and a least number of one would find everybody.
func patternsRefuse(t *testing.T, db *asker) {
	const day, span, least = "'2026-05-28Z', '2026-05-29Z'", "one of more than nothing and at most 31 days is wanted", "2 or more is wanted"
	for _, f := range []struct {
		name, more string
		span       bool
	}{{"sources_with_many_numbers", "", false}, {"numbers_from_many_countries", "", true}, {"fan_out_to_one_callee", "", true}, {"fan_out_from_one_caller", "", true}, {"short_call_bursts", "'10 s', ", true}, {"sequential_numbers", "", true}} {
		cases := []struct{ args, want string }{
			{"NULL, '2026-05-29Z'", "at most 31 days"},
			{"'2026-05-28Z', NULL", "at most 31 days"},
			{"'2026-05-28Z', '2026-05-28Z'", "at most 31 days"},
			{"'2026-05-01Z', '2026-06-01 00:00:00.000001Z'", "at most 31 days"},
			{"'-infinity', '2026-06-01Z'", "at most 31 days"},
			{"'2026-05-01Z', 'infinity'", "at most 31 days"},
			{"'2026-05-01Z', '2026-06-01Z'", ""},
		}
		if f.span {
			for _, s := range []string{"NULL", "'0'", "'-1 s'", "'745 hours'"} {
				cases = append(cases, struct{ args, want string }{day + ", " + s, span})
			}
			cases = append(cases, struct{ args, want string }{day + ", '1 s', " + f.more + "1", least}, struct{ args, want string }{day + ", '1 s', " + f.more + "NULL", least})
		} else {
			cases = append(cases, struct{ args, want string }{day + ", 1", least})
		}
		if f.more != "" {
			cases = append(cases, struct{ args, want string }{day + ", '1 s', '0'", "longest duration"}, struct{ args, want string }{day + ", '1 s', NULL", "longest duration"}, struct{ args, want string }{day + ", '1 s', '25 hours'", "longest duration"})
		}
		for _, tt := range cases {
			err := db.exec("SELECT * FROM calltrail." + f.name + "(" + tt.args + ")")
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("%s(%s): %v", f.name, tt.args, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), f.name) || strings.Contains(err.Error(), "\n")):
				t.Errorf("%s(%s): %v; want %q", f.name, tt.args, err, tt.want)
			}
		}
	}
}

func sourcesWithManyNumbers(t *testing.T, db *asker) {
	const query = `SELECT source, sensor, role, numbers, array_length(number_sample, 1), callees, calls, legs, answered, last_at - first_at AS during
	                 FROM calltrail.sources_with_many_numbers('2026-05-28 10:00Z', '2026-05-28 11:00Z', 4)`
	four := func(i int) leg { return leg{at: float64(i), caller: nth("+91222555", i), role: "foreign"} }
	with := func(n int, change func(i int, l *leg)) []leg {
		return many(n, func(i int) leg { l := four(i); change(i, &l); return l })
	}
	holdPatterns(t, db, query, []patternCase{
		{"four numbers", many(4, four), "198.51.100.7||foreign|4|4|1|4|4|4|00:00:03"},
		{"twelve: the sample is of ten", many(12, four), "198.51.100.7||foreign|12|10|1|12|12|12|00:00:11"},
		{"three", many(3, four), ""},
		{"three, one of them twice", append(many(3, four), four(2)), ""},
		{"three and one who is nobody", append(many(3, four), leg{caller: "anonymous"}, leg{caller: "-"}), ""},
		{"three and a name", append(many(3, four), leg{caller: "alice"}), ""},
		{"three and what is written as a number", append(many(3, four), leg{at: 9, caller: "022-1", disposition: "failed"}), "198.51.100.7||foreign|4|4|1|4|4|3|00:00:09"},
		{"of two sources", with(4, func(i int, l *leg) { l.src = fmt.Sprintf("198.51.100.%d", i%2) }), ""},
		{"source not known", with(4, func(_ int, l *leg) { l.src = "-" }), ""},
		{"a trunk", with(4, func(_ int, l *leg) { l.role = "trunk" }), ""},
		{"an own SBC", with(4, func(_ int, l *leg) { l.role = "own_sbc" }), ""},
		{"a subscriber's switch", with(4, func(_ int, l *leg) { l.role = "subscriber" }), "198.51.100.7||subscriber|4|4|1|4|4|4|00:00:03"},
		{"IPv6: one network of /64", with(4, func(i int, l *leg) { l.src = fmt.Sprintf("2001:db8::%d:1", i) }), "2001:db8::/64||foreign|4|4|1|4|4|4|00:00:03"},
		{"IPv6: two networks", with(4, func(i int, l *leg) { l.src = fmt.Sprintf("2001:db8:0:%d::1", i%2) }), ""},
		{"a private address of two sensors", with(4, func(i int, l *leg) { l.src, l.sensor = "10.0.0.1", fmt.Sprintf("edge-%d", i%2) }), ""},
		{"a private address of one", with(4, func(_ int, l *leg) { l.src = "10.0.0.1" }), "10.0.0.1|edge-1|foreign|4|4|1|4|4|4|00:00:03"},
		{"a public address of two sensors", with(4, func(i int, l *leg) { l.sensor = fmt.Sprintf("edge-%d", i%2) }), "198.51.100.7||foreign|4|4|1|4|4|4|00:00:03"},
		{"the first moment counts, the last does not", with(5, func(i int, l *leg) { l.at = float64(i) * 900 }), "198.51.100.7||foreign|4|4|1|4|4|4|00:45:00"},
		{"of the four one is before", with(4, func(i int, l *leg) { l.at = float64(i) - 0.000001 }), ""},
		{"not calls by SIP", with(4, func(_ int, l *leg) { l.kind = "app" }), ""},
		{"one call that was tried four times", with(4, func(_ int, l *leg) { l.group, l.caller = 7, "" }), ""},
		{"one group, four numbers: the caller chooses the name of the group", with(4, func(_ int, l *leg) { l.group = 7 }), "198.51.100.7||foreign|4|4|1|1|4|4|00:00:03"},
		{"no group", with(4, func(_ int, l *leg) { l.group = -1 }), "198.51.100.7||foreign|4|4|1|4|4|4|00:00:03"},
		// The interim revision of one call has another number than the final one: it is not asked.
		{"revisions", append(many(3, four), leg{id: 9, interim: true, revision: 3, caller: nth("+91222555", 3)}, leg{id: 9, revision: 2, caller: nth("+91222555", 2)}), ""},
		{"open calls", with(4, func(_ int, l *leg) { l.interim, l.disposition = true, "in_progress" }), "198.51.100.7||foreign|4|4|1|4|4|0|00:00:03"},
		{"the legs that a server passes on are not its own", with(8, passedOn), ""},
		{"nor when it hunts for three minutes", with(8, func(i int, l *leg) { passedOn(i, l); l.at += float64(i%2) * 179 }), ""},
		{"later is another matter", with(8, func(i int, l *leg) { passedOn(i, l); l.at += float64(i%2) * 180 }), "192.0.2.10||foreign|4|4|1|4|4|4|00:00:06"},
		{"legs of other groups make nobody a server", with(8, func(i int, l *leg) { passedOn(i, l); l.group = 0 }), "192.0.2.10||foreign|4|4|1|4|4|4|00:00:06"},
		{"what came in before the time", with(8, func(i int, l *leg) { passedOn(i, l); l.at += float64(i%2)*60 - 50 }), ""},
	})
}

// passedOn makes of eight legs four calls that 192.0.2.10 gets, each from a source of its own, and passes on.
func passedOn(i int, l *leg) {
	l.group, l.caller = 1+i/2, nth("+91222555", i/2)
	if l.src, l.dst = fmt.Sprintf("198.51.100.%d", i), "192.0.2.10"; i%2 == 1 {
		l.src, l.dst = "192.0.2.10", "192.0.2.200"
	}
}
