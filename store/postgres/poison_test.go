package postgres

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/record"
	"calltrail/store"
)

// One bad record never holds up the others, and its number is no gap: it is authentic.
func TestPoison(t *testing.T) {
	t.Parallel()
	edit := func(from, to string) func(*builder) []byte {
		return func(b *builder) []byte {
			body, err := json.Marshal(b.sample(2))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(body, []byte(from)) {
				t.Fatalf("%q is not in the sample", from)
			}
			return bytes.Replace(body, []byte(from), []byte(to), 1)
		}
	}
	cases := []struct {
		name, reason string
		body         func(*builder) []byte
	}{
		{"NUL", reasonNUL, edit(`London`, `Lon\u0000don`)},
		{"bad UTF-8", reasonBadUTF8, edit(`London`, "Lon\xffdon")},
		{"half a surrogate in jsonb", reasonRefused, edit(`"detail":"number`, `"detail":"\ud800 number`)},
		{"bad JSON", reasonBadJSON, edit(`"schema":`, `"schema"`)},
		{"not an object", reasonBadJSON, func(*builder) []byte { return []byte(`[1]`) }},
		{"empty", reasonBadJSON, func(*builder) []byte { return nil }},
		{"unknown kind", reasonUnknownKind, edit(`"kind":"sip"`, `"kind":"fax"`)},
		{"a message of another schema", reasonUnknownSchema, edit(`"kind":"sip"`, `"kind":"message"`)},
		{"unknown schema", reasonUnknownSchema, edit(`calltrail.call.v1`, `calltrail.call.v9`)},
		{"another sensor's record", reasonSensorMismatch, edit(`"sensor":"edge-1"`, `"sensor":"edge-2"`)},
		{"day of another week", reasonDayMismatch, edit(`"day":"2026-05-28"`, `"day":"2026-06-28"`)},
		{"status beyond smallint", reasonBadValue, edit(`"status":200`, `"status":70000`)},
		{"octets beyond bigint", reasonBadValue, edit(`"started_at":`, `"tls":{"octets_up":9223372036854775808},"started_at":`)},
		{"revision 0", reasonBadValue, edit(`"revision":1`, `"revision":0`)},
		{"port beyond 65535", reasonBadJSON, edit(`"port":5060`, `"port":70000`)},
		{"a number jsonb cannot hold", reasonRefused, edit(`"jitter_ms":1.25`, `"jitter_ms":1.25,"new":1e999999`)},
		{"the future", reasonDayOutOfRange, func(b *builder) []byte {
			c := b.sample(2)
			c.StartedAt = record.Time(time.Now().AddDate(0, 0, 4).UnixMicro())
			c.Day = c.StartedAt.Day()
			body, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			return body
		}},
		{"too large", reasonTooLarge, edit(`"display":"Test"`, `"display":"`+strings.Repeat("x", 70000)+`"`)},
	}
	l, db := opened(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sensor := newChain(t)
			sensor.epoch += uint64(len(c.name)) << 20
			for _, b := range []byte(c.name) {
				sensor.epoch = sensor.epoch*31%1e15 + uint64(b)
			}
			before, items := l.Counts(), sensor.calls(1, 1)
			items = append(items, sensor.body(c.body(sensor)))
			items = append(items, sensor.calls(3, 5)...)
			deliver(t, l, items...)
			after := l.Counts()
			if after.Quarantined != before.Quarantined+1 || after.Alarms != before.Alarms || after.Stored+after.Duplicates != before.Stored+before.Duplicates+6 {
				t.Errorf("before %+v, after %+v", before, after)
			}
			db.want(`SELECT q.reason, e.outcome, e.record_id IS NULL AS bare, q.body = $2 AS body FROM calltrail.quarantine q JOIN calltrail.entry e USING (sensor, epoch, seq) WHERE epoch = $1`,
				c.reason+"|quarantined|t|t", int64(sensor.epoch), append([]byte{}, items[1].Body...))
			db.want(`SELECT * FROM calltrail.gap`, "")
		})
	}
}

// Harmless text that looks like an escaped NUL is kept.
func TestEscapedBackslash(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	c := chain.sample(1)
	c.Caller.Display = `C:\u0000`
	deliver(t, l, chain.call(c))
	db.want(`SELECT caller_display = E'C:\\u0000' AS kept FROM calltrail.calls`, "t")
}

func TestUnreadableItems(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	good := chain.call(chain.sample(1))
	fault := store.Item{Origin: "topic/0@7", Fault: "no header seq"}
	fault.Body = []byte("what it was")
	zero, nameless, loud := good, good, good
	zero.Seq, nameless.Sensor, loud.Sensor = 0, "", "a\x00b\xff"
	zero.Origin, nameless.Origin, loud.Origin = "a", "b", "c\x00\xff"
	deliver(t, l, fault, zero, nameless, loud, good)
	wantCounts(t, l, Counts{Stored: 1, Quarantined: 4})
	db.want(`SELECT reason, origin FROM calltrail.quarantine ORDER BY id`, "bad_entry|topic/0@7; bad_entry|a; bad_entry|b; bad_entry|c␀�")
}
