package postgres

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// fact is what a record says, column by column as JSON; what is left out is as ordinary has it. "id" names the call (its call_uid ends
// in it), "at" is when it began, as "10:00:05" of questionDay or a time with its date, "uses" are its endpoints as "role[,role] ip:port".
type fact map[string]any

const questionDay = "2026-05-28"

// ordinary is an answered call of a minute.
var ordinary = fact{
	"revision": 1, "final": true, "kind": "sip", "sensor": "edge-1", "schema": "calltrail.call.v1", "disposition": "answered", "visibility": "full", "flags": []string{}, "caller_host": "example.net", "callee_host": "example.org",
	"caller_e164": "+912225550100", "callee_e164": "+911205550170", "src_ip": "198.51.100.7", "src_port": 5060, "dst_ip": "192.0.2.10", "dst_port": 5060,
}

const insertFact = `
INSERT INTO calltrail.call_record
SELECT (jsonb_populate_record(NULL::calltrail.call_record, jsonb_build_object('started_at', $2::timestamptz, 'day', ($2::timestamptz AT TIME ZONE 'UTC')::date, 'received_at', timestamptz '2026-05-30Z',
       'call_uid', lpad($1::text, 32, '0'), 'record_id', md5($1 || coalesce($3::jsonb ->> 'revision', '') || coalesce($3::jsonb ->> 'received_at', '')),
       'ended_at', CASE WHEN ($3::jsonb ->> 'final')::boolean THEN $2::timestamptz + interval '1 minute' END, 'last_seen_at', $2::timestamptz + interval '1 minute') || $3::jsonb)).*`

const insertUse = `
INSERT INTO calltrail.endpoint (day, record_id, call_uid, ip, port, roles, first_at, last_at)
SELECT ($2::timestamptz AT TIME ZONE 'UTC')::date, md5($1 || coalesce($3::jsonb ->> 'revision', '') || coalesce($3::jsonb ->> 'received_at', ''))::uuid, lpad($1, 32, '0')::uuid, $4::inet, $5, $6, $2, $2::timestamptz + interval '1 minute'`

// questionWorld makes partitions for the days of these tests.
func questionWorld(t *testing.T) *asker {
	t.Helper()
	db := ask(t, migrated(t))
	if err := db.exec(`SELECT calltrail.ensure_partitions('2026-05-18', '2026-06-07')`); err != nil {
		t.Fatal(err)
	}
	return db
}

// answered asks in a transaction with these facts only, which is rolled back. The answer is written as asker.want has it; call_uids by their ids.
func answered(t *testing.T, db *asker, facts []fact, query string) string {
	t.Helper()
	ctx := context.Background()
	tx, err := db.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	putFacts(t, tx, facts)
	var got string
	err = tx.QueryRow(ctx, `SELECT coalesce(string_agg(regexp_replace(regexp_replace(trim('()' from q::text), '0{8}-0000-0000-0000-0*', '', 'g'), ',', '|', 'g'), '; '), '') FROM (`+query+`) AS q`).Scan(&got)
	if err != nil {
		return "ERROR: " + strings.SplitN(err.Error(), " (SQLSTATE", 2)[0]
	}
	return got
}

func putFacts(t *testing.T, tx pgx.Tx, facts []fact) {
	t.Helper()
	var batch pgx.Batch
	for _, f := range facts {
		if sql, ok := f["sql"]; ok {
			batch.Queue(fmt.Sprint(sql))
			continue
		}
		row := maps.Clone(ordinary)
		maps.Copy(row, f)
		// A user part goes with the number unless it is said.
		for _, side := range []string{"caller", "callee"} {
			if _, said := f[side+"_user"]; !said {
				row[side+"_user"] = row[side+"_e164"]
			}
		}
		id, at := fmt.Sprint(row["id"]), fmt.Sprint(row["at"])
		if len(at) <= len("10:00:00.000000") {
			at = questionDay + " " + at + "Z"
		}
		uses, _ := row["uses"].([]string)
		for _, k := range []string{"id", "at", "uses"} {
			delete(row, k)
		}
		batch.Queue(insertFact, id, at, row)
		for _, use := range uses {
			roles, addr, _ := strings.Cut(use, " ")
			i := strings.LastIndex(addr, ":")
			var port int
			_, _ = fmt.Sscan(addr[i+1:], &port)
			batch.Queue(insertUse, id, at, row, addr[:i], port, strings.Split(roles, ","))
		}
	}
	if err := tx.SendBatch(context.Background(), &batch).Close(); err != nil {
		t.Fatal(err)
	}
}

// questionCase is one question on a small truth.
type questionCase struct {
	name  string
	facts []fact
	query string
	want  string
}

func holdQuestions(t *testing.T, db *asker, cases []questionCase) {
	t.Helper()
	for _, tt := range cases {
		if got := answered(t, db, tt.facts, tt.query); got != tt.want {
			t.Errorf("%s\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// day is the two times of questionDay as arguments.
const theDay = `'2026-05-28Z', '2026-05-29Z'`

// Every question refuses a time of nothing, one that goes backwards or has no end, and what is no number, address, area or device,
// in words of its own: ask shows no others.
func TestQuestionsRefuse(t *testing.T) {
	t.Parallel()
	db := questionWorld(t)
	const n = `'+911205550170'`
	for call, want := range map[string]string{
		`calls_of_number(` + n + `, NULL, '2026-05-29Z')`:                                "a time of more than nothing",
		`calls_of_number(` + n + `, '2026-05-29Z', '2026-05-29Z')`:                       "a time of more than nothing",
		`calls_of_number(` + n + `, '-infinity', '2026-05-29Z')`:                         "a time of more than nothing",
		`calls_of_number(` + n + `, '2020-05-29Z', '2026-05-29Z')`:                       "at most 1100 days",
		`calls_of_number('+', ` + theDay + `)`:                                           "is no number in E.164",
		`calls_of_number('+0123456', ` + theDay + `)`:                                    "is no number in E.164",
		`calls_of_number('  ', ` + theDay + `)`:                                          "is no number in E.164",
		`calls_of_number(NULL, ` + theDay + `)`:                                          "is no number in E.164",
		`calls_to_victim(` + n + `, '2026-05-28Z', '0')`:                                 "a time of more than nothing",
		`calls_to_victim(` + n + `, NULL)`:                                               "a time of more than nothing",
		`calls_at_address(NULL, ` + theDay + `)`:                                         "calls_at_address: an address",
		`calls_at_address('10.0.0.0/8', ` + theDay + `)`:                                 "calls_at_address: an address",
		`calls_at_address('2001::/16', ` + theDay + `)`:                                  "calls_at_address: an address",
		`calls_in_radius('28.57,77.32', ` + theDay + `)`:                                 "latitude, longitude",
		`calls_in_radius('91,77.32,5', ` + theDay + `)`:                                  "latitude, longitude",
		`calls_in_radius('28.57,181,5', ` + theDay + `)`:                                 "latitude, longitude",
		`calls_in_radius('28.57,77.32,501', ` + theDay + `)`:                             "at most 500 km",
		`calls_in_radius('28.57,77.32,0', ` + theDay + `)`:                               "latitude, longitude",
		`calls_in_radius('28.57,77.32,5', ` + theDay + `, 201)`:                          "0 to 200 km",
		`calls_of_device('<>', ` + theDay + `)`:                                          "a +sip.instance",
		`contact_graph(` + n + `, ` + theDay + `, 101)`:                                  "most_contacts of 1 to 100",
		`number_blocks('+912', ` + theDay + `)`:                                          "at least four digits",
		`number_blocks('912225', ` + theDay + `)`:                                        "at least four digits",
		`failed_bursts('2026-05-01Z', '2026-06-02Z')`:                                    "at most 31 days",
		`first_last_seen(` + theDay + `)`:                                                "either of_number or address",
		`first_last_seen(` + theDay + `, ` + n + `, '192.0.2.1')`:                        "either of_number or address",
		`first_last_seen(` + theDay + `, NULL, '192.0.2.0/24')`:                          "either of_number or address",
		`watchlist_hits_of('', ` + theDay + `)`:                                          "a case is wanted",
		`cross_case_hits(NULL, ` + theDay + `)`:                                          "a case is wanted",
		`app_calls_of_address('192.0.2.0/24', ` + theDay + `)`:                           "one address is wanted",
		`subscribers_common_far_ends('{asha}', ` + theDay + `)`:                          "2 to 100 subscribers",
		`contacts_of_two_numbers(` + n + `, '', ` + theDay + `)`:                         "is no number in E.164",
		`shared_media_address('+1', '2026-05-29Z', '2026-05-28Z')`:                       "a time of more than nothing",
		`forwarding_chain('', ` + theDay + `)`:                                           "is no number in E.164",
		`foreign_ingress_home_number('2026-05-29Z', '2026-05-28Z')`:                      "a time of more than nothing",
		`subscriber_calls('asha', '2026-05-29Z', '2026-05-28Z')`:                         "a time of more than nothing",
		`calls_of_asn(64500, '2026-05-29Z', 'infinity')`:                                 "a time of more than nothing",
		`coverage_of_window('2026-05-29Z', '2026-05-28Z')`:                               "at most 400 days",
		`numbers_of_device('urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6', NULL, NULL)`: "a time of more than nothing",
	} {
		if got := answered(t, db, nil, `SELECT * FROM calltrail.`+call); !strings.HasPrefix(got, "ERROR: ") || !strings.Contains(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%s: %q, want an error with %q", call, got, want)
		}
	}
	// Each is a question that ask finds, and has a wrapper.
	db.want(`SELECT q.name FROM calltrail.question q WHERE NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = 'ask_' || q.name)`, "")
	db.want(`SELECT count(*) >= 27 FROM calltrail.question`, "t")
}
