package postgres

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"calltrail/cdr/record"
	"calltrail/store"
)

// What a place is known by is in columns: the list's day and line, who said it, and of a database the day it was built, which
// the record has in its observer. caller_place has the callers' own places and no gateway's.
func TestLocationColumns(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	chain := newChain(t)
	built := record.TimeOf(time.Date(2026, 11, 1, 23, 0, 0, 0, time.UTC).UnixNano())
	var entries []store.Item
	for i, src := range []*record.Location{
		{Country: "IN", Method: "geoip", Of: "endpoint"},
		{Country: "NL", Method: "geoip", Of: "last_hop"},
		{Method: "access_line", Of: "endpoint", Dated: "2026-10-02", Line: "Exchange 7"},
		{Country: "IN", Method: "cell", Of: "endpoint", Dated: "2026-10-07", SaidBy: "network"},
		{Country: "IN", Method: "pidf_lo", Of: "endpoint", SaidBy: "caller"},
		{Country: "IN", Method: "cell", Of: "endpoint", Dated: "2026-13-07"},
		nil,
	} {
		call := chain.sample(i + 1)
		call.Src.Location = src
		call.Observer.Databases = []record.Database{{Kind: "asn", Type: "S", Built: built - 1e12}, {Kind: "city", Type: "P", Built: built}}
		if i == 1 {
			call.Stated = &record.Location{Country: "IN", Method: "pidf_lo", Of: "endpoint", SaidBy: "caller"}
		}
		body, err := json.Marshal(&call)
		if err != nil {
			t.Fatal(err)
		}
		// What a newer sensor adds is kept.
		entries = append(entries, chain.body(bytes.Replace(body, []byte(`"stated_location":{`), []byte(`"stated_location":{"newer":1,`), 1)))
	}
	deliver(t, open(t, c), entries...)
	db := ask(t, c)
	db.want(`SELECT sip_call_id, src_location_method AS m, src_location_dated::text AS d, replace(src_location_line, ' ', '_') AS l,
	                src_location_said_by AS b, stated_location->>'country' AS s, stated_location->>'newer' AS n FROM calltrail.calls ORDER BY started_at`,
		"call-1@203.0.113.1|geoip|2026-11-01||||; call-2@203.0.113.1|geoip|2026-11-01|||IN|1; call-3@203.0.113.1|access_line|2026-10-02|Exchange_7|||; "+
			"call-4@203.0.113.1|cell|2026-10-07||network||; call-5@203.0.113.1|pidf_lo|||caller||; call-6@203.0.113.1|cell|||||; call-7@203.0.113.1||||||")
	db.want(`SELECT dst_location_dated::text, count(*) FROM calltrail.calls GROUP BY 1`, "2026-11-01|7")
	db.want(`SELECT string_agg(DISTINCT method, '+' ORDER BY method) AS m, count(*), count(*) FILTER (WHERE country = 'NL') AS nl FROM calltrail.caller_place`,
		"access_line+cell+geoip+pidf_lo|5|0")
}

// A sensor that told no kinds of databases named the one of places first.
func TestDated(t *testing.T) {
	day := record.TimeOf(time.Date(2026, 11, 1, 23, 0, 0, 0, time.UTC).UnixNano())
	for _, tt := range []struct {
		name      string
		location  record.Location
		databases []record.Database
		want      string
	}{
		{"no kinds: a sensor from before there was a day", record.Location{Method: "geoip"}, []record.Database{{Type: "C", Built: day}, {Type: "A", Built: day - 1e12}}, ""},
		{"city last", record.Location{Method: "geoip"}, []record.Database{{Kind: "asn", Built: day - 1e12}, {Kind: "city", Built: day}}, "2026-11-01"},
		{"no database", record.Location{Method: "geoip"}, nil, ""},
		{"only another", record.Location{Method: "geoip"}, []record.Database{{Kind: "asn", Built: day}}, ""},
		{"a line without a day", record.Location{Method: "access_line"}, []record.Database{{Kind: "city", Built: day}}, ""},
		{"a list's day", record.Location{Method: "cell", Dated: "2026-10-07"}, []record.Database{{Kind: "city", Built: day}}, "2026-10-07"},
		{"no day", record.Location{Method: "cell", Dated: "today"}, nil, ""},
	} {
		got := ""
		if day, ok := dated(&tt.location, &record.Observer{Databases: tt.databases}).(pgtype.Date); ok {
			got = day.Time.Format(time.DateOnly)
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
