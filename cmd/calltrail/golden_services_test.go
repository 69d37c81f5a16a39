package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every capture of pcaps/ through Kafka into Postgres: each row of the view is the last record of its call, column by
// column; the bytes kept are the bytes printed; every address of a record has its row.
func TestGoldenRecordsInSQL(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, database := range []string{"city.mmdb", "asn.mmdb", "networks.csv"} {
		path, err := filepath.Abs("../../pcaps/geo/" + database)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(database, ".")
		s.env = append(s.env, "CALLTRAIL_GEO_"+strings.ToUpper(name)+"="+path)
	}
	s.env = append(s.env, "CALLTRAIL_REPLAY_SENSOR=golden", "CALLTRAIL_EVENTS_MESSAGES=true")

	var printed, last, golden []object
	for _, capture := range captures(t) {
		printed = append(printed, objects(t, s.ok("replay", "-q", "--events", capture).stdout)...)
		last = append(last, objects(t, s.ok("replay", "-q", "--final", capture).stdout)...)
		want, err := os.ReadFile(filepath.Join(filepath.Dir(capture), "records.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		golden = append(golden, newest(objects(t, string(want)))...)
		s.ok("replay", "-q", "--to", "kafka", capture)
	}
	s.ok("store", "--once")
	for _, fault := range s.db.chainFaults() {
		t.Error(fault)
	}

	s.holdRows("call_record", selectKind(printed, "sip", "tls", "media", "app"), nil)
	s.holdRows("calls", newest(selectKind(printed, "sip", "tls", "media", "app")), nil)
	s.holdRows("calls", last, nil)
	s.holdRows("calls", selectKind(golden, "sip", "tls", "media", "app"), isObserver)
	for _, kind := range []string{"registration", "message"} {
		s.holdRows(kind, selectKind(printed, kind), nil)
		s.holdRows(kind, selectKind(golden, kind), isObserver)
	}
	s.holdBodies(printed)
	s.holdEndpoints(printed)
}

// captures are those of pcaps/, but for the ones that carry the packets of another through a tunnel: one sensor that saw both
// would have seen one call twice.
func captures(t *testing.T) []string {
	t.Helper()
	root, err := filepath.Abs("../../pcaps")
	if err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Glob(filepath.Join(root, "*", "capture.pcap*"))
	list = slices.DeleteFunc(list, func(path string) bool { return strings.HasPrefix(filepath.Base(filepath.Dir(path)), "carry-") })
	if err != nil || len(list) < 55 {
		t.Fatalf("%d captures in %s, want 55 or more (%v)", len(list), root, err)
	}
	return list
}

// object is a record as JSON has it, with its bytes.
type object struct {
	body   string
	member map[string]any
}

func (o object) text(name string) string {
	s, _ := o.member[name].(string)
	return s
}

func objects(t *testing.T, lines string) (list []object) {
	t.Helper()
	for line := range strings.Lines(lines) {
		o := object{body: strings.TrimSuffix(line, "\n")}
		if err := json.Unmarshal([]byte(line), &o.member); err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	return list
}

func selectKind(list []object, kinds ...string) []object {
	return slices.DeleteFunc(slices.Clone(list), func(o object) bool { return !slices.Contains(kinds, o.text("kind")) })
}

// newest keeps the last record of each call, and what is no call's.
func newest(list []object) []object {
	last := map[string]int{}
	for i, o := range list {
		last[o.text("call_uid")+o.text("event")+o.text("at")] = i
	}
	var kept []object
	for _, i := range slices.Sorted(maps.Values(last)) {
		kept = append(kept, list[i])
	}
	return kept
}

// A place that the database of cities gave has its day from the observer, too.
func isObserver(column string) bool {
	return strings.HasPrefix(column, "observer_") || strings.HasSuffix(column, "_location_dated")
}

// dates gives a place that the database of cities gave the day when that was built.
func dates(want map[string]any, columns map[string]bool) {
	databases, _ := want["observer_databases"].([]any)
	for _, end := range []string{"src", "dst"} {
		column := end + "_location_dated"
		if !columns[column] || want[column] != nil || want[end+"_location_method"] != "geoip" {
			continue
		}
		for _, d := range databases {
			if d, _ := d.(map[string]any); d["kind"] == "city" {
				built, _ := d["built"].(string)
				want[column], _, _ = strings.Cut(built, "T")
			}
		}
	}
}

// holdRows holds a table to records: one row each, every column equal to the member of its name, nested names joined by
// "_"; no member without a column, no column without its member.
func (s *site) holdRows(table string, records []object, except func(column string) bool) {
	s.Helper()
	columns := map[string]bool{}
	for _, name := range s.db.ask(`SELECT attname FROM pg_attribute WHERE attnum > 0 AND attrelid = 'calltrail.` + table + `'::regclass`) {
		columns[name] = true
	}
	rows := map[string]map[string]any{}
	for _, o := range objects(s.T, strings.Join(s.db.ask(`SELECT to_jsonb(r) - 'received_at' FROM calltrail.`+table+` r`), "\n")) {
		rows[o.text("record_id")] = o.member
	}
	if len(rows) != len(records) || len(records) == 0 {
		s.Errorf("%s has %d rows, want %d", table, len(rows), len(records))
	}
	for _, record := range records {
		id := record.text("record_id")
		row := rows[id]
		if row == nil {
			s.Errorf("%s: no row for record %s", table, id)
			continue
		}
		want := map[string]any{}
		for _, stray := range flatten("", record.member, columns, want) {
			s.Errorf("%s: %s has no column", table, stray)
		}
		dates(want, columns)
		for column := range columns {
			if except != nil && except(column) {
				continue
			}
			if got, want := canonical(row[column]), canonical(want[column]); !reflect.DeepEqual(got, want) {
				s.Errorf("%s, record %s: %s is %v, want %v", table, id, column, got, want)
			}
		}
	}
}

// flatten spreads a record over columns and returns the members that have none.
func flatten(prefix string, member map[string]any, columns map[string]bool, into map[string]any) (strays []string) {
	for name, value := range member {
		nested, isObject := value.(map[string]any)
		switch name = prefix + name; {
		case columns[name]:
			into[name] = value
		case isObject:
			strays = append(strays, flatten(name+"_", nested, columns, into)...)
		case value != nil:
			strays = append(strays, name)
		}
	}
	return strays
}

// canonical makes the two ways to write a time, and an empty list and none, the same.
func canonical(v any) any {
	switch v := v.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return at.UTC()
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
	}
	return v
}

// holdBodies holds the bytes kept to the bytes printed.
func (s *site) holdBodies(records []object) {
	s.Helper()
	kept := map[string]string{}
	for _, row := range s.db.ask(`SELECT record_id, encode(body, 'hex') FROM calltrail.record_body`) {
		id, digits, _ := strings.Cut(row, "|")
		body, err := hex.DecodeString(digits)
		if err != nil {
			s.Fatal(err)
		}
		kept[id] = string(body)
	}
	if len(kept) != len(records) {
		s.Errorf("%d bodies, want %d", len(kept), len(records))
	}
	for _, r := range records {
		if id := r.text("record_id"); kept[id] != r.body {
			s.Errorf("body of record %s\n got %s\nwant %s", id, kept[id], r.body)
		}
	}
}

// use is an address and port, and when it was used at least.
type use struct {
	address     string
	first, last time.Time
}

// holdEndpoints holds the table endpoint to the addresses that records name, wherever they stand in them.
func (s *site) holdEndpoints(records []object) {
	s.Helper()
	rows := map[string][]use{}
	for _, row := range s.db.ask(`SELECT record_id, host(ip), port, to_json(first_at)#>>'{}', to_json(last_at)#>>'{}', cardinality(roles) FROM calltrail.endpoint`) {
		v := strings.Split(row, "|")
		first, err1 := time.Parse(time.RFC3339Nano, v[3])
		last, err2 := time.Parse(time.RFC3339Nano, v[4])
		if err1 != nil || err2 != nil || v[5] == "0" {
			s.Fatalf("endpoint %s: %v %v", row, err1, err2)
		}
		rows[v[0]] = append(rows[v[0]], use{v[1] + " " + v[2], first, last})
	}
	for _, record := range records {
		id := record.text("record_id")
		named := map[string]bool{}
		for _, want := range uses(s.T, record.member) {
			named[want.address] = true
			if !slices.ContainsFunc(rows[id], func(got use) bool {
				return got.address == want.address && !got.first.After(want.first) && !got.last.Before(want.last)
			}) {
				s.Errorf("record %s: no endpoint for %s from %v to %v among %v", id, want.address, want.first, want.last, rows[id])
			}
		}
		if len(rows[id]) != len(named) {
			s.Errorf("record %s: %d endpoints, want %d", id, len(rows[id]), len(named))
		}
	}
}

// uses finds the addresses in a record: objects that have ip and port, and literal ones in Via and Contact.
func uses(t *testing.T, record map[string]any) (list []use) {
	t.Helper()
	when := func(m map[string]any, names ...string) time.Time {
		for _, name := range names {
			if text, ok := m[name].(string); ok {
				at, err := time.Parse(time.RFC3339Nano, text)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
		}
		t.Fatalf("none of %v in %v", names, m)
		return time.Time{}
	}
	first, last := when(record, "started_at", "at"), when(record, "last_seen_at", "ended_at", "at")
	var walk func(v any, first, last time.Time)
	walk = func(v any, first, last time.Time) {
		switch v := v.(type) {
		case []any:
			for _, element := range v {
				walk(element, first, last)
			}
		case map[string]any:
			if _, ok := v["first_at"]; ok { // a medium with packets
				first, last = when(v, "first_at"), when(v, "last_at", "first_at") // one that is still counted has no last
			} else if _, ok := v["at"]; ok && v["src"] != nil { // a hop
				first = when(v, "at")
			}
			if ip, ok := v["ip"].(string); ok {
				port, _ := v["port"].(float64)
				list = append(list, use{fmt.Sprintf("%s %.0f", ip, port), first, last})
			}
			for _, nested := range v {
				walk(nested, first, last)
			}
		}
	}
	walk(record, first, last)
	texts := []any{record["contact"]}
	if sip, ok := record["sip"].(map[string]any); ok {
		via, _ := sip["via"].([]any)
		texts = append(via, sip["contact"])
	}
	for _, v := range texts {
		text, _ := v.(string)
		if m := literalAddress.FindStringSubmatch(text); m != nil {
			ip := netip.MustParseAddr(strings.Trim(m[1], "[]"))
			port, _ := strconv.Atoi(m[2]) // none: 0
			list = append(list, use{fmt.Sprintf("%s %d", ip, port), first, first})
		}
	}
	return list
}

var literalAddress = regexp.MustCompile(`(\d+\.\d+\.\d+\.\d+|\[[0-9A-Fa-f:.]+\])(?::(\d+))?`)
