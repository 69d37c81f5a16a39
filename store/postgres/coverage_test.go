package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/record"
	"calltrail/store"
)

// ten is the moment from which the tests' minutes are counted.
const ten = record.Time(1779962400000000) // 2026-05-28T10:00:00Z

const second = record.Time(1e6)

// tapMinute is a whole minute, n after ten, of a tap that lost nothing.
func tapMinute(tap string, n int) record.Coverage {
	minute := ten + record.Time(n)*60*second
	return record.Coverage{
		Schema: record.SchemaCoverage, Kind: record.KindCoverage, Day: minute.Day(), Tap: tap,
		Minute: minute, From: minute, To: minute + 60*second, State: "complete", Packets: 1000, Octets: 200000,
		Decoded: map[string]uint64{"sip": 10, "rtp": 900}, Ignored: map[string]uint64{"tcp": 90}, Flows: 20,
		Records: record.Range{First: 1, Last: 3},
		Head: record.ChainHead{
			Epoch: 1780000000000000, Seq: 3, Hash: strings.Repeat("0f", 32), KeyID: "0123456789abcdef", Signature: "c2lnbmVk",
		},
		Observer: record.Observer{Version: "test", Clock: &record.Clock{Source: "system", Reference: "192.0.2.1", Synced: true, OffsetUS: -3, ErrorUS: 120}},
	}
}

// coverage makes the next entry of a coverage event, as a sensor writes it.
func (b *builder) coverage(c record.Coverage) store.Item {
	c.Sensor = b.sensor
	return b.body(c.Append(nil))
}

// part is tapMinute of tap t from one second to another, in some state.
func part(n int, from, to record.Time, state string) record.Coverage {
	c := tapMinute("t", n)
	c.From, c.To, c.State, c.Packets = c.Minute+from*second, c.Minute+to*second, state, 100
	return c
}

func lossy(tap string, n int, drops uint64) record.Coverage {
	c := tapMinute(tap, n)
	c.State, c.KernelDrops, c.RingFreezes = "lossy", drops, 1
	return c
}

func TestCoverageIsStored(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	whole := tapMinute("eth1", 0)
	whole.Evicted, whole.Dropped = map[string]uint64{"calls": 2}, map[string]uint64{"short_ip": 1 << 60}
	whole.Unseen = record.Unseen{TCPOctets: 1, OneSidedCalls: 2, RTPPackets: 3}
	whole.Duplicates, whole.NICMissed, whole.SoftnetDropped, whole.OneWayFlows, whole.Reopened, whole.DownMS = 4, 5, 6, 7, 8, 9
	item := chain.coverage(whole)
	deliver(t, l, chain.call(chain.sample(1)), item, chain.coverage(tapMinute("eth1", 1)))
	wantCounts(t, l, Counts{Stored: 3})
	db.want(`SELECT sensor, tap, minute, from_at, to_at, state, packets, octets, dropped, evicted FROM calltrail.coverage ORDER BY minute LIMIT 1`,
		`edge-1|eth1|"2026-05-28 10:00:00+00"|"2026-05-28 10:00:00+00"|"2026-05-28 10:01:00+00"|complete|1000|200000|"{""short_ip"": 1152921504606846976}"|"{""calls"": 2}"`)
	db.want(`SELECT duplicates, nic_missed, softnet_dropped, one_way_flows, reopened, down_ms, unseen_tcp_octets AS a, unseen_one_sided_calls AS b, unseen_rtp_packets AS c,
	                records_first, records_last, decoded->>'rtp' AS rtp, evicted IS NULL AS none FROM calltrail.coverage ORDER BY minute LIMIT 1`,
		"4|5|6|7|8|9|1|2|3|1|3|900|f")
	// What verifies the signature later.
	db.want(`SELECT head_epoch, head_seq, head_hash, head_key_id, head_signature FROM calltrail.coverage ORDER BY minute LIMIT 1`,
		"1780000000000000|3|"+strings.Repeat("0f", 32)+"|0123456789abcdef|c2lnbmVk")
	db.want(`SELECT observer_version, observer_clock_synced, observer_clock_offset_us FROM calltrail.coverage ORDER BY minute LIMIT 1`, "test|t|-3")
	db.want(`SELECT b.body = $1 AS exact FROM calltrail.coverage c JOIN calltrail.record_body b USING (day, record_id) ORDER BY c.minute LIMIT 1`, "t", item.Body)
	db.want(`SELECT count(*) FROM calltrail.endpoint WHERE call_uid IS NULL`, "0")
	db.want(`SELECT * FROM calltrail.tap`, `edge-1|eth1|"2026-05-28 10:00:00+00"|"2026-05-28 10:01:00+00"`)

	// The same event again, as another entry: a duplicate, and the tap is as it was.
	deliver(t, l, chain.coverage(whole), item, chain.coverage(tapMinute("eth1", -5)))
	wantCounts(t, l, Counts{Stored: 4, Duplicates: 1, Redelivered: 1})
	db.want(`SELECT * FROM calltrail.tap`, `edge-1|eth1|"2026-05-28 09:55:00+00"|"2026-05-28 10:01:00+00"`)
	db.want(`SELECT * FROM calltrail.gap`, "")
}

// Events in, minutes out.
func TestCoverageMinutes(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	stored := uint64(0)
	for name, c := range map[string]struct {
		events []record.Coverage
		want   string // state and seconds of the minutes 10:01, 10:02
	}{
		"complete":             {[]record.Coverage{tapMinute("t", 1), tapMinute("t", 2)}, "complete 60.000; complete 60.000"},
		"no event of one":      {[]record.Coverage{tapMinute("t", 1)}, "complete 60.000; absent 0"},
		"lost packets":         {[]record.Coverage{tapMinute("t", 1), lossy("t", 2, 12)}, "complete 60.000; lossy 60.000"},
		"one direction":        {[]record.Coverage{tapMinute("t", 1), part(2, 0, 60, "one_way")}, "complete 60.000; one_way 60.000"},
		"restart with a hole":  {[]record.Coverage{part(1, 0, 20, "complete"), part(1, 23, 60, "complete"), tapMinute("t", 2)}, "lossy 57.000; complete 60.000"},
		"restart at once":      {[]record.Coverage{part(1, 0, 20, "complete"), part(1, 20, 60, "complete"), tapMinute("t", 2)}, "complete 60.000; complete 60.000"},
		"overlapping":          {[]record.Coverage{part(1, 0, 40, "complete"), part(1, 30, 60, "complete"), part(2, 0, 40, "complete"), part(2, 30, 50, "complete")}, "complete 60.000; lossy 50.000"},
		"one inside the other": {[]record.Coverage{tapMinute("t", 1), part(1, 10, 20, "complete"), part(2, 10, 50, "complete"), part(2, 20, 30, "complete")}, "complete 60.000; lossy 40.000"},
		"first after a start":  {[]record.Coverage{part(1, 42, 60, "complete"), tapMinute("t", 2)}, "lossy 18.000; complete 60.000"},
		"down for a while": {[]record.Coverage{tapMinute("t", 1), func() record.Coverage {
			c := part(2, 0, 60, "lossy")
			c.DownMS = 12_500
			return c
		}()}, "complete 60.000; lossy 47.500"},
		"down all the time": {[]record.Coverage{tapMinute("t", 1), func() record.Coverage {
			c := part(2, 0, 60, "down")
			c.DownMS = 60_000
			return c
		}()}, "complete 60.000; absent 0.000"},
		"down, then restarted": {[]record.Coverage{tapMinute("t", 1), func() record.Coverage {
			c := part(2, 0, 30, "down")
			c.DownMS = 30_000
			return c
		}(), part(2, 30, 60, "complete")}, "complete 60.000; lossy 30.000"},
		"drops that the verdict forgot": {[]record.Coverage{tapMinute("t", 1), func() record.Coverage {
			c := tapMinute("t", 2)
			c.NICMissed = 1
			return c
		}()}, "complete 60.000; lossy 60.000"},
		"a part one-way":   {[]record.Coverage{part(1, 0, 30, "one_way"), part(1, 30, 60, "complete"), tapMinute("t", 2)}, "one_way 60.000; complete 60.000"},
		"one-way and loss": {[]record.Coverage{part(1, 0, 30, "one_way"), part(1, 30, 60, "lossy"), tapMinute("t", 2)}, "lossy 60.000; complete 60.000"},
		"longer than its minute": {[]record.Coverage{func() record.Coverage {
			c := tapMinute("t", 1)
			c.To += 60 * second
			return c
		}()}, "complete 60.000; absent 0"},
		"a moment":        {[]record.Coverage{part(1, 30, 30, "complete"), tapMinute("t", 2)}, "lossy 0.000; complete 60.000"},
		"a microsecond":   {[]record.Coverage{func() record.Coverage { c := tapMinute("t", 1); c.From++; return c }(), tapMinute("t", 2)}, "lossy 59.999; complete 60.000"},
		"outside of them": {[]record.Coverage{tapMinute("t", 0), tapMinute("t", 3)}, "absent 0; absent 0"},
		"only after them": {[]record.Coverage{tapMinute("t", 3)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			chain := newChain(t)
			chain.sensor = name // a chain of its own for each case
			var items []store.Item
			for _, e := range c.events {
				items = append(items, chain.coverage(e))
			}
			deliver(t, l, items...)
			stored += uint64(len(items))
			wantCounts(t, l, Counts{Stored: stored})
			db.want(`SELECT state || ' ' || seconds_covered AS s FROM calltrail.coverage_minutes('2026-05-28 10:01Z', '2026-05-28 10:03Z', $1)`, quoted(c.want), name)
		})
	}
}

// quoted puts each row of an answer into the quotation marks that a text with a blank has.
func quoted(answer string) string {
	if answer == "" {
		return ""
	}
	return `"` + strings.ReplaceAll(answer, "; ", `"; "`) + `"`
}

// twoTaps delivers an hour of two taps with one lossy and two absent minutes.
func twoTaps(t *testing.T) (*Loader, *asker) {
	t.Helper()
	l, db := opened(t)
	chain := newChain(t)
	var items []store.Item
	for n := range 60 {
		switch n {
		case 2:
			items = append(items, chain.coverage(lossy("eth1", n, 1000)))
		case 40, 41:
			items = append(items, chain.coverage(tapMinute("eth1", n)))
			continue
		case 50:
			c := tapMinute("eth1", n)
			c.State = "one_way"
			items = append(items, chain.coverage(c))
		default:
			items = append(items, chain.coverage(tapMinute("eth1", n)))
		}
		items = append(items, chain.coverage(tapMinute("eth0", n)))
	}
	deliver(t, l, items...)
	return l, db
}

func TestCoverageOfTaps(t *testing.T) {
	t.Parallel()
	_, db := twoTaps(t)
	const hour = `('2026-05-28 10:00Z', '2026-05-28 11:00Z')`
	db.want(`SELECT tap, minutes, complete, lossy, one_way, absent, complete_share, packets, kernel_drops, lost_share FROM calltrail.coverage_summary`+hour,
		"eth0|60|58|0|0|2|0.966666|58000|0|0.000000; eth1|60|58|1|1|0|0.966666|60000|1000|0.016393")
	db.want(`SELECT calltrail.coverage_note`+hour+` AS n`, `"2026-05-28 10:00 to 2026-05-28 11:00 UTC: 2 taps| 116 of 120 minutes complete; `+
		`1 lossy (edge-1 eth1 10:02); 1 one-way (edge-1 eth1 10:50); 2 absent (edge-1 eth0 10:40 to 10:42)"`)
	// Every minute that the time touches, and no other.
	db.want(`SELECT count(*), min(minute), max(minute) FROM calltrail.coverage_minutes('2026-05-28 10:00:30Z', '2026-05-28 10:02:00.000001Z', of_tap => 'eth1')`,
		`3|"2026-05-28 10:00:00+00"|"2026-05-28 10:02:00+00"`)
	db.want(`SELECT count(*) FROM calltrail.coverage_minutes('2026-05-28 10:00Z', '2026-05-28 10:01Z', 'edge-1')`, "2")
	db.want(`SELECT count(*) FROM calltrail.coverage_minutes('2026-05-28 10:00Z', '2026-05-28 10:01Z', 'edge-2')`, "0")
	db.want(`SELECT state, packets, kernel_drops, ring_freezes, events FROM calltrail.coverage_minutes('2026-05-28 10:02Z', '2026-05-28 10:03Z', NULL, 'eth1')`,
		"lossy|1000|1000|1|1")
	// Whatever the session's zone.
	db.want(`SELECT count(*) FROM set_config('TimeZone', 'Asia/Kolkata', false), calltrail.coverage_minutes`+hour+` WHERE state = 'complete'`, "116")
	db.want(`SELECT calltrail.coverage_note('2026-05-28 10:38Z', '2026-05-30 10:00Z', NULL, 'eth0') AS n`,
		`"2026-05-28 10:38 to 2026-05-30 10:00 UTC: 1 tap| 20 of 2842 minutes complete; 2822 absent (edge-1 eth0 2026-05-28 10:40 to 2026-05-28 10:42| edge-1 eth0 2026-05-28 11:00 to 2026-05-30 10:00)"`)
	// A tap that has been away for long is no tap any more.
	db.want(`SELECT calltrail.coverage_note('2027-07-02Z', '2027-07-03Z') LIKE '%2 taps%' AS known, calltrail.coverage_note('2027-07-12Z', '2027-07-13Z') AS n`,
		`t|"2027-07-12 00:00 to 2027-07-13 00:00 UTC: no tap is known| so nothing is known to have been seen"`)
	for _, window := range []string{`('2026-05-28', '2026-05-28')`, `('2026-05-28', '2026-05-27')`, `(NULL, '2026-05-27')`, `('2020-01-01', '2026-05-27')`} {
		if err := db.exec(`SELECT calltrail.coverage_minutes` + window); err == nil || !strings.Contains(err.Error(), "at most 400 days") {
			t.Errorf("%s: %v, want a refusal", window, err)
		}
	}
}

// The line can go with any answer, and is made once for it.
func TestCoverageNoteGoesWithCalls(t *testing.T) {
	t.Parallel()
	l, db := twoTaps(t)
	other := newChain(t)
	other.epoch++
	deliver(t, l, other.calls(1, 3)...)
	db.want(`SELECT c.caller_e164, n.coverage LIKE '2026-05-28 10:00 % 116 of 120 %' AS carried FROM calltrail.calls c
	           CROSS JOIN calltrail.coverage_note('2026-05-28 10:00Z', '2026-05-28 11:00Z') AS n(coverage) ORDER BY 1`,
		"+912255500001|t; +912255500002|t; +912255500003|t")
}

func TestCoverageIsAppendOnly(t *testing.T) {
	t.Parallel()
	_, db := twoTaps(t)
	for _, statement := range []string{
		`UPDATE calltrail.coverage SET state = 'complete'`,
		`DELETE FROM calltrail.coverage`,
		`TRUNCATE calltrail.coverage`,
		`UPDATE calltrail.coverage_20260525 SET kernel_drops = 0`,
		`DELETE FROM calltrail.coverage_20260525`,
		`TRUNCATE calltrail.coverage_20260525`,
		`DELETE FROM calltrail.tap`,
		`TRUNCATE calltrail.tap`,
		`UPDATE calltrail.tap SET last_minute = first_minute`,
		`UPDATE calltrail.tap SET first_minute = last_minute`,
		`UPDATE calltrail.tap SET tap = tap || 'x'`,
	} {
		err := db.exec(statement)
		if err == nil || (!strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "only grows")) {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
	db.want(`SELECT count(*), count(*) FILTER (WHERE state = 'complete') FROM calltrail.coverage`, "118|116")
}

// What is no coverage event stands in the quarantine, and holds up nothing.
func TestCoveragePoison(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	for i, c := range []struct{ name, reason, from, to string }{
		{"unknown schema", reasonUnknownSchema, `calltrail.coverage.v1`, `calltrail.coverage.v2`},
		{"another sensor", reasonSensorMismatch, `"sensor":"edge-1"`, `"sensor":"edge-2"`},
		{"another day", reasonDayMismatch, `"day":"2026-05-28"`, `"day":"2026-05-29"`},
		{"no minute", reasonBadValue, `"minute":"2026-05-28T10:00:00.000000Z"`, `"minute":null`},
		{"no tap", reasonBadValue, `"tap":"eth1"`, `"tap":""`},
		{"ends before it begins", reasonBadValue, `"to_at":"2026-05-28T10:01:00.000000Z"`, `"to_at":"2026-05-28T09:59:00.000000Z"`},
		{"negative count", reasonBadJSON, `"packets":1000`, `"packets":-1`},
		{"count past bigint", reasonBadValue, `"packets":1000`, `"packets":9223372036854775808`},
		{"count of counts", reasonBadJSON, `"rtp":900`, `"rtp":{"a":900}`},
		{"negative time", reasonBadValue, `"down_ms":0`, `"down_ms":-1`},
		{"unsigned head", reasonBadValue, `"signature":"c2lnbmVk"`, `"signature":""`},
		{"another kind", reasonUnknownKind, `"kind":"coverage"`, `"kind":"covering"`},
	} {
		chain := newChain(t)
		chain.epoch += uint64(i) + 1
		before := l.Counts()
		whole := tapMinute("eth1", 0)
		whole.Sensor = chain.sensor
		body := string(whole.Append(nil))
		if !strings.Contains(body, c.from) {
			t.Fatalf("%s: %q is not in %s", c.name, c.from, body)
		}
		bad := chain.body([]byte(strings.Replace(body, c.from, c.to, 1)))
		deliver(t, l, bad, chain.coverage(tapMinute("eth1", 10+i)))
		if after := l.Counts(); after.Quarantined != before.Quarantined+1 || after.Stored != before.Stored+1 || after.Alarms != 0 {
			t.Errorf("%s: before %+v, after %+v", c.name, before, after)
		}
		db.want(`SELECT reason FROM calltrail.quarantine WHERE epoch = $1`, c.reason, int64(chain.epoch))
	}
	db.want(`SELECT * FROM calltrail.gap`, "")
	db.want(`SELECT first_minute, last_minute FROM calltrail.tap`, `"2026-05-28 10:10:00+00"|"2026-05-28 10:21:00+00"`)
}

// A database that has records is brought up to date: its spans get their partitions of coverage, and taken back down.
func TestCoverageMigratesWithRecords(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := migrated(t)
	chain := newChain(t)
	deliver(t, open(t, c), chain.calls(1, 2)...)
	db := ask(t, c)
	const spans = `SELECT count(*) = (SELECT count(*) FROM calltrail.partition) AS all_there FROM pg_inherits WHERE inhparent = 'calltrail.coverage'::regclass`
	db.want(spans, "t")
	downTo(t, c, 7)
	db.want(`SELECT to_regclass('calltrail.coverage') IS NULL AS gone, count(*) AS calls FROM calltrail.calls`, "t|2")
	if err := db.exec(`SELECT calltrail.ensure_partitions('2025-01-01', '2025-01-01')`); err != nil {
		t.Fatal(err)
	}
	if _, err := Migrate(ctx, c, Up); err != nil {
		t.Fatal(err)
	}
	db.want(spans, "t")
	deliver(t, open(t, c), chain.coverage(tapMinute("eth1", 0)))
	db.want(`SELECT count(*) FROM calltrail.coverage_20260525`, "1")
	if err := db.exec(`TRUNCATE calltrail.coverage_20260525`); err == nil {
		t.Error("a partition made by the migration can be emptied")
	}
	downTo(t, c, 8)
	if _, err := Migrate(ctx, c, Down); err == nil || !strings.Contains(err.Error(), "records are not dropped by a migration") {
		t.Errorf("down with events: %v", err)
	}
}

// Loaders of several chains that meet at the same taps wait for each other and do not deadlock.
func TestTwoLoadersOnOneTap(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	done := make(chan error, 2)
	for i := range 2 {
		l := open(t, c)
		chain := newChain(t)
		chain.epoch += uint64(i)
		var items []store.Item
		for n := range 200 {
			tap := fmt.Sprintf("eth%d", (n+i*7)%10)
			items = append(items, chain.coverage(tapMinute(tap, 2*n+i)))
		}
		go func() {
			for at := 0; at < len(items); at += 20 {
				if err := l.Deliver(context.Background(), items[at:at+20]); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(2 * time.Minute):
			t.Fatal("the loaders wait for each other")
		}
	}
	db := ask(t, c)
	db.want(`SELECT count(*), count(DISTINCT tap) FROM calltrail.coverage`, "400|10")
	db.want(`SELECT count(*) FROM calltrail.tap t WHERE (first_minute, last_minute) =
	           (SELECT min(minute), max(minute) FROM calltrail.coverage c WHERE (c.sensor, c.tap) = (t.sensor, t.tap))`, "10")
}

// The event as a reader of JSON has it and the row say the same: no member is without its column.
func TestCoverageMembersHaveColumns(t *testing.T) {
	t.Parallel()
	whole := tapMinute("eth1", 0)
	whole.Evicted, whole.Dropped = map[string]uint64{"calls": 1}, map[string]uint64{"short_ip": 1}
	var members map[string]any
	if err := json.Unmarshal(whole.Append(nil), &members); err != nil {
		t.Fatal(err)
	}
	columns := map[string]bool{}
	for _, name := range coverageNames {
		columns[name] = true
	}
	var walk func(prefix string, members map[string]any)
	walk = func(prefix string, members map[string]any) {
		for name, value := range members {
			nested, isObject := value.(map[string]any)
			switch name = prefix + name; {
			case columns[name]:
			case isObject:
				walk(name+"_", nested)
			default:
				t.Errorf("%s has no column", name)
			}
		}
	}
	walk("", members)
}
