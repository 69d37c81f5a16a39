package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"calltrail/store/evidence"
)

// tableRow is a row of one of the four tables of records, its values in Postgres' binary format.
type tableRow struct {
	table  string
	fields []pgconn.FieldDescription
	values [][]byte
}

// recordTables are the tables of records and their columns, in the order in which the loader writes them. The first two
// columns of each are day and record_id.
var recordTables = []struct {
	name  string
	names []string
}{
	{"call_record", callNames},
	{"registration", registrationNames},
	{"message", messageNames},
	{"coverage", coverageNames},
}

// tableRows reads the rows of records out of every table: one in the wrong table is found, too.
func (v *verifier) tableRows(ctx context.Context, keys []recordKey) (map[recordKey][]tableRow, error) {
	found := make(map[recordKey][]tableRow, len(keys))
	days, ids := arrays(keys)
	for _, t := range recordTables {
		columns := make([]string, len(t.names))
		for i, name := range t.names {
			columns[i] = pgx.Identifier{"t", name}.Sanitize()
		}
		rows, err := v.tx.Query(ctx, `SELECT `+strings.Join(columns, ", ")+` FROM unnest($1::date[], $2::uuid[]) AS x(day, record_id)
			JOIN calltrail.`+t.name+` t ON t.day = x.day AND t.record_id = x.record_id`, pgx.QueryResultFormats{pgx.BinaryFormatCode}, days, ids)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			r := tableRow{table: t.name, fields: rows.FieldDescriptions(), values: make([][]byte, 0, len(t.names))}
			for _, value := range rows.RawValues() {
				r.values = append(r.values, bytes.Clone(value))
			}
			key, err := v.rowKey(&r)
			if err != nil {
				rows.Close()
				return nil, err
			}
			found[key] = append(found[key], r)
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (v *verifier) rowKey(r *tableRow) (key recordKey, err error) {
	var day time.Time
	var id uuid.UUID
	if err := v.types.Scan(pgtype.DateOID, pgx.BinaryFormatCode, r.values[0], &day); err != nil {
		return key, err
	}
	err = v.types.Scan(pgtype.UUIDOID, pgx.BinaryFormatCode, r.values[1], (*[16]byte)(&id))
	return recordKey{day.UTC(), id}, err
}

// compareRow says in what a record's row differs from what the loader writes of its bytes; empty: in nothing.
func (v *verifier) compareRow(e *entry, rows []tableRow) string {
	var table string
	var names []string
	var want []any
	switch {
	case e.call != nil:
		table, names, want = "call_record", callNames, values(callColumns, e.call)
	case e.registration != nil:
		table, names, want = "registration", registrationNames, values(registrationColumns, e.registration)
	case e.message != nil:
		table, names, want = "message", messageNames, values(messageColumns, e.message)
	case e.coverage != nil:
		table, names, want = "coverage", coverageNames, values(coverageColumns, e.coverage)
	}
	i := slices.IndexFunc(rows, func(r tableRow) bool { return r.table == table })
	switch {
	case i < 0:
		return "calltrail." + table + " has no row of its record"
	case len(rows) > 1:
		return "there is more than one row of its record"
	}
	return v.differs(table, names, want, &rows[i])
}

// differs names the first column that holds something else than the loader writes.
func (v *verifier) differs(table string, names []string, want []any, r *tableRow) string {
	var buffer []byte
	for i, name := range names {
		var expected []byte
		if want[i] != nil {
			encoded, err := v.types.Encode(r.fields[i].DataTypeOID, pgx.BinaryFormatCode, want[i], buffer[:0])
			if err != nil {
				return fmt.Sprintf("column %s of calltrail.%s cannot hold what its bytes say", name, table)
			}
			expected = emptyArray(encoded, r.fields[i].DataTypeOID)
			if encoded != nil {
				buffer = encoded
			}
		}
		got := r.values[i]
		same := (expected == nil) == (got == nil) && bytes.Equal(expected, got)
		if !same && expected != nil && got != nil && r.fields[i].DataTypeOID == pgtype.JSONBOID {
			same = sameJSON(expected, got)
		}
		if !same {
			return fmt.Sprintf("column %s of calltrail.%s says something else than the bytes of the record", name, table)
		}
	}
	return ""
}

// emptyArray writes an array without elements as Postgres does, without a dimension: the driver gives it one, of length 0.
func emptyArray(b []byte, oid uint32) []byte {
	const header, dimension = 12, 8 // dimensions, nulls, type; length, lower bound
	if (oid == pgtype.TextArrayOID || oid == pgtype.Int4ArrayOID) && len(b) == header+dimension {
		b = b[:header]
		clear(b[:4])
	}
	return b
}

// sameJSON compares two values of jsonb, which keeps neither order, spaces nor the spelling of numbers. The first octet of the
// binary format is its version.
func sameJSON(a, b []byte) bool {
	if len(a) < 1 || len(b) < 1 || a[0] != b[0] {
		return false
	}
	var x, y any
	for _, p := range []struct {
		data []byte
		into *any
	}{{a[1:], &x}, {b[1:], &y}} {
		d := json.NewDecoder(bytes.NewReader(p.data))
		d.UseNumber()
		if d.Decode(p.into) != nil {
			return false
		}
	}
	return reflect.DeepEqual(canonical(x), canonical(y))
}

// canonical writes numbers as fractions, so that 1.50 and 15e-1 are one.
func canonical(x any) any {
	switch x := x.(type) {
	case json.Number:
		// An exponent of a million would be a number of a million digits.
		if len(x) > 64 || bytes.ContainsAny([]byte(x), "eE") {
			f, _, err := big.ParseFloat(string(x), 10, 256, big.ToNearestEven)
			if err != nil {
				return string(x)
			}
			return f.Text('p', 0)
		}
		if r, ok := new(big.Rat).SetString(string(x)); ok {
			f, _ := new(big.Float).SetPrec(256).SetRat(r).Float64()
			return [2]any{r.String(), f}
		}
		return string(x)
	case []any:
		for i := range x {
			x[i] = canonical(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = canonical(x[k])
		}
	}
	return x
}

// endpointText is a row of calltrail.endpoint in one string, to compare with.
func endpointText(call uuid.UUID, ip string, port int32, roles []string, first, last time.Time) string {
	b := fmt.Appendf(nil, "%s %s %d %d %d", call, ip, port, first.UnixMicro(), last.UnixMicro())
	for _, role := range roles {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(role))), role...) //nolint:gosec // a role is short
	}
	return string(b)
}

// wanted are the rows of calltrail.endpoint that an entry must have.
func (e *entry) wantedEndpoints() []string {
	list := make([]string, len(e.endpoints))
	var call uuid.UUID
	if e.call != nil {
		call = e.call.CallUID
	}
	for i, p := range e.endpoints {
		list[i] = endpointText(call, p.addr.IP.String(), int32(p.addr.Port), p.roles, p.first.Std(), p.latest.Std())
	}
	return list
}

// compareEndpoints says whether the addresses of a record are those its bytes name; empty: they are.
func compareEndpoints(e *entry, got []string) string {
	want := e.wantedEndpoints()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return "calltrail.endpoint says something else of its addresses than the bytes of the record"
	}
	return ""
}

// endpointRows reads the addresses of records. The table has one index, by address and time, so they are looked for by
// those they must have; whether there are others beside them, extraEndpoints finds out.
func (v *verifier) endpointRows(ctx context.Context, keys []recordKey, derived map[recordKey]*entry) (map[recordKey][]string, error) {
	type use struct {
		day         time.Time
		ip          string
		port        int32
		first, last time.Time
	}
	seen := map[use]bool{}
	var days, firsts, lasts []time.Time
	var ips []string
	var ports []int32
	for _, e := range derived {
		for _, p := range e.endpoints {
			u := use{e.day, p.addr.IP.String(), int32(p.addr.Port), p.first.Std(), p.latest.Std()}
			if seen[u] {
				continue
			}
			seen[u] = true
			days, ips, ports = append(days, u.day), append(ips, u.ip), append(ports, u.port)
			firsts, lasts = append(firsts, u.first), append(lasts, u.last)
		}
	}
	found := map[recordKey][]string{}
	if len(ips) == 0 {
		return found, nil
	}
	_, ids := arrays(keys)
	rows, err := v.tx.Query(ctx, `SELECT e.day, e.record_id, e.call_uid, host(e.ip), masklen(e.ip), e.port, e.roles, e.first_at, e.last_at
		  FROM unnest($1::date[], $2::inet[], $3::int[], $4::timestamptz[], $5::timestamptz[]) AS x(day, ip, port, first_at, last_at)
		  JOIN calltrail.endpoint e ON e.day = x.day AND e.ip = x.ip AND e.port = x.port AND e.first_at = x.first_at AND e.last_at = x.last_at
		 WHERE e.record_id = ANY($6::uuid[])`, days, ips, ports, firsts, lasts, ids)
	if err != nil {
		return nil, err
	}
	var day, first, last time.Time
	var id [16]byte
	var call pgtype.UUID
	var ip string
	var bits, port int32
	var roles []string
	_, err = pgx.ForEachRow(rows, []any{&day, &id, &call, &ip, &bits, &port, &roles, &first, &last}, func() error {
		key := recordKey{day.UTC(), id}
		found[key] = append(found[key], endpointText(call.Bytes, ip, port, roles, first, last))
		roles = nil
		return nil
	})
	return found, err
}

// extraEndpoints finds days that have more addresses than the bytes of their records name, and in them the records.
func (v *verifier) extraEndpoints(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `SELECT day, count(*) FROM calltrail.endpoint GROUP BY day`)
	if err != nil {
		return err
	}
	var day time.Time
	var n int64
	var more []time.Time
	_, err = pgx.ForEachRow(rows, []any{&day, &n}, func() error {
		if n > v.endpoints[day.UTC()] {
			more = append(more, day.UTC())
		}
		return nil
	})
	for _, day := range more {
		if err != nil {
			break
		}
		err = v.extraEndpointsOf(ctx, day)
	}
	return err
}

// extraEndpointsOf names the records of one day with too many addresses. It is the slow way, for days in which something is wrong.
func (v *verifier) extraEndpointsOf(ctx context.Context, day time.Time) error {
	rows, err := v.tx.Query(ctx, `SELECT record_id, count(*) FROM calltrail.endpoint WHERE day = $1 GROUP BY record_id ORDER BY record_id`, day)
	if err != nil {
		return err
	}
	counts := map[recordKey]int64{}
	var id [16]byte
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		if len(counts) < maxDayRecords {
			counts[recordKey{day, id}] = n
		}
		return nil
	})
	if err != nil {
		return err
	}
	keys := make([]recordKey, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	for page := range slices.Chunk(keys, verifyPage) {
		if err := v.extraEndpointsIn(ctx, page, counts); err != nil {
			return err
		}
	}
	return nil
}

// maxDayRecords bounds the records of one day among which those with too many addresses are looked for by name.
const maxDayRecords = 1_000_000

func (v *verifier) extraEndpointsIn(ctx context.Context, page []recordKey, counts map[recordKey]int64) error {
	bodies, err := v.bodies(ctx, page)
	if err != nil {
		return err
	}
	days, ids := arrays(page)
	rows, err := v.tx.Query(ctx, `SELECT x.day, x.record_id, coalesce(e.sensor, ''), coalesce(e.epoch, 0), coalesce(e.seq, 0)
		  FROM unnest($1::date[], $2::uuid[]) AS x(day, record_id)
		  LEFT JOIN calltrail.entry e ON e.record_id = x.record_id AND e.day = x.day AND e.outcome = 'stored'`, days, ids)
	if err != nil {
		return err
	}
	var day time.Time
	var id [16]byte
	var sensor string
	var epoch, seq int64
	_, err = pgx.ForEachRow(rows, []any{&day, &id, &sensor, &epoch, &seq}, func() error {
		key := recordKey{day.UTC(), id}
		var want int64
		if body, ok := bodies[key]; ok && seq > 0 {
			p := &proof{seq: uint64(seq)}
			want = int64(len(derive(chainKey{sensor, uint64(max(epoch, 0))}, p, body, farFuture).endpoints))
		}
		if counts[key] > want {
			v.add(v.report.Chain(sensor, uint64(max(epoch, 0))), evidence.Fault{
				Seq: uint64(max(seq, 0)), Last: uint64(max(seq, 0)), Kind: evidence.Extra,
				Text: fmt.Sprintf("calltrail.endpoint has %d addresses of record %s, its bytes name %d", counts[key], uuid.UUID(id), want),
			})
		}
		return nil
	})
	return err
}
