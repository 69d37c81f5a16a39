package main

import (
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"calltrail/store/spool"
)

// call is what callgen's truth and the view calltrail.calls both say of a call, as texts; "" is not known. cdr/pipeline
// holds every field of a record to the truth: here it is whether the call has arrived, and which.
type call struct {
	ID, FromTag, Caller, Callee, Started, Answered, Ended, Status, Disposition, EndedBy string
}

const callsQuery = `SELECT json_build_array(sip_call_id, sip_from_tag, caller_user, callee_user,
	(extract(epoch FROM started_at) * 1000000)::bigint::text, (extract(epoch FROM answered_at) * 1000000)::bigint::text,
	CASE WHEN sip_status IS NOT NULL THEN (extract(epoch FROM ended_at) * 1000000)::bigint::text END,
	sip_status::text, disposition, ended_by) FROM calltrail.calls WHERE kind = 'sip'`

// calls reads the view.
func (d *database) calls() (list []call) {
	d.t.Helper()
	for _, row := range d.ask(callsQuery) {
		var v [10]string // null leaves ""
		if err := json.Unmarshal([]byte(row), &v); err != nil {
			d.t.Fatal(err)
		}
		list = append(list, call{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]})
	}
	return list
}

func readTruth(t *testing.T, r io.Reader) (list []call) {
	t.Helper()
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		list = append(list, call{
			row[column["call_id"]], row[column["from_tag"]], row[column["caller"]], row[column["callee"]],
			row[column["started_at_us"]], row[column["answered_at_us"]], row[column["ended_at_us"]],
			row[column["status"]], row[column["disposition"]], row[column["ended_by"]],
		})
	}
	return list
}

// callFaults says which calls of the truth are not there exactly once, and what is there beside them.
func callFaults(truth, calls []call) (faults []string) {
	count := map[call]int{}
	for _, c := range truth {
		count[c]--
	}
	for _, c := range calls {
		count[c]++
	}
	for c, n := range count {
		switch {
		case n < 0:
			faults = append(faults, fmt.Sprintf("missing %d times: %+v", -n, c))
		case n > 0:
			faults = append(faults, fmt.Sprintf("too many by %d: %+v", n, c))
		}
	}
	slices.Sort(faults)
	return faults
}

// chainQueries must all give 0. The tables stand without schema, so that a test can put spoilt copies before them.
var chainQueries = map[string]string{
	"missing numbers":                   `SELECT coalesce(sum(entries), 0) FROM gap`,
	"items in quarantine":               `SELECT count(*) FROM quarantine`,
	"entries that were not stored":      `SELECT count(*) FROM entry WHERE outcome NOT IN ('stored', 'duplicate')`,
	"entries more or less than numbers": `SELECT abs((SELECT count(*) FROM entry) - (SELECT coalesce(sum(head_seq), 0) FROM ledger))`,
	"entries whose hash does not link": `SELECT count(*) FROM (
		SELECT e.hash, sha256(lag(e.hash, 1, l.genesis) OVER (PARTITION BY e.sensor, e.epoch ORDER BY e.seq)
			|| int8send(e.epoch) || int8send(e.seq) || e.leaf) AS link
		FROM entry e JOIN ledger l USING (sensor, epoch)) AS linked WHERE hash <> link`,
	"chains whose head is another": `SELECT count(*) FROM ledger l
		LEFT JOIN entry e ON (e.sensor, e.epoch, e.seq) = (l.sensor, l.epoch, l.head_seq) WHERE e.hash IS DISTINCT FROM l.head_hash`,
	"stored entries without their exact bytes": `SELECT count(*) FROM entry e
		LEFT JOIN record_body b ON (b.day, b.record_id) = (e.day, e.record_id)
		WHERE outcome = 'stored' AND sha256(b.body) IS DISTINCT FROM e.leaf`,
	"records without an entry that stored them": `SELECT count(*) FROM record_body b
		WHERE (SELECT count(*) FROM entry e WHERE (e.day, e.record_id) = (b.day, b.record_id) AND outcome = 'stored') <> 1`,
	"records without a body": `SELECT (SELECT count(*) FROM call_record) + (SELECT count(*) FROM registration) +
		(SELECT count(*) FROM message) + (SELECT count(*) FROM coverage) - (SELECT count(*) FROM record_body)`,
	"revisions there twice": `SELECT count(*) - count(DISTINCT (call_uid, revision)) FROM call_record`,
}

// chainFaults says what is wrong with the entries, the ledger and the bytes in the database.
func (d *database) chainFaults() (faults []string) {
	d.t.Helper()
	d.ask("SET search_path = calltrail")
	for _, what := range slices.Sorted(maps.Keys(chainQueries)) {
		if n := d.number(chainQueries[what]); n != 0 {
			faults = append(faults, fmt.Sprintf("%s: %d", what, n))
		}
	}
	return faults
}

// whole holds the database to the truth and to the end of the spool's chain: every call once, no gap, no quarantine,
// every hash right.
func (s *site) whole(truth []call) {
	s.Helper()
	s.sound(callFaults(truth, s.db.calls()))
	end := s.spoolState()
	s.db.want(`SELECT sensor, epoch, received, head_seq, encode(head_hash, 'hex'), encode(genesis, 'hex') FROM calltrail.ledger`,
		fmt.Sprintf("%s|%d|{[1,%d)}|%d|%s|%x", replaySensor, end.Epoch, end.Last+1, end.Last, hex.EncodeToString(end.Head[:]), spool.Genesis(replaySensor, nil)))
}

// sound reports faults of the calls, and those of the chain.
func (s *site) sound(calls []string) {
	s.Helper()
	for i, fault := range slices.Concat(s.db.chainFaults(), calls) {
		if i == 10 {
			s.Errorf("and %d more", len(calls)+len(s.db.chainFaults())-i)
			break
		}
		s.Error(fault)
	}
}

// A truth of which one call was taken away, added or changed must be noticed: else the comparison proves nothing.
func TestCallFaults(t *testing.T) {
	truth := []call{{ID: "a", Status: "200"}, {ID: "b"}, {ID: "c", FromTag: "1"}}
	for _, tt := range []struct {
		name  string
		calls []call
		want  string
	}{
		{"the same", []call{truth[2], truth[0], truth[1]}, ""},
		{"one lost", truth[1:], "missing 1 times: {ID:a"},
		{"one doubled", append(slices.Clone(truth), truth[1]), "too many by 1: {ID:b"},
		{"one strange", append(slices.Clone(truth), call{ID: "d"}), "too many by 1: {ID:d"},
		{"none", nil, "missing 1 times: {ID:a"},
	} {
		got := callFaults(truth, tt.calls)
		if (tt.want == "") != (len(got) == 0) || !strings.HasPrefix(strings.Join(got, "\n"), tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	changed := slices.Clone(truth)
	changed[0].Status = "486"
	if got := callFaults(truth, changed); len(got) != 2 {
		t.Errorf("one changed: %q, want it missing and too many", got)
	}
}
