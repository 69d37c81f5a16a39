package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
)

// lossyMinute is a minute of a tap in which a little was lost.
func lossyMinute() *Coverage {
	const minute = Time(1_795_321_740_000_000) // 2026-11-22T04:29:00Z
	return &Coverage{
		Schema: SchemaCoverage, Kind: KindCoverage, Day: minute.Day(), Sensor: "edge-1", Tap: "eth1",
		Minute: minute, From: minute, To: minute + 60_000_000, State: "lossy", Packets: 1012, Octets: 200_400,
		Decoded: map[string]uint64{"sip": 12, "rtp": 900}, Ignored: map[string]uint64{"tcp": 98}, Dropped: map[string]uint64{"short_ip": 2},
		KernelDrops: 17, RingFreezes: 1, Flows: 40, OneWayFlows: 1, Records: Range{5, 9},
		Head: ChainHead{
			Epoch: 1_795_321_725_000_000, Seq: 9, Hash: strings.Repeat("1c", 32), KeyID: "0011223344556677", Signature: "AP8=",
		},
		Observer: Observer{Version: "1", Clock: &Clock{Source: "system", Synced: true, ErrorUS: 120}},
	}
}

// The bytes of an event, to the letter: they are hashed, and other programs compute them again.
func TestCoverageBytes(t *testing.T) {
	const want = `{"record_id":"01a20183-bae0-8a71-8db1-b8cea059fee6","schema":"calltrail.coverage.v1","kind":"coverage","day":"2026-11-22",` +
		`"sensor":"edge-1","tap":"eth1","minute":"2026-11-22T04:29:00.000000Z","from_at":"2026-11-22T04:29:00.000000Z",` +
		`"to_at":"2026-11-22T04:30:00.000000Z","state":"lossy","down_ms":0,"reopened":0,"packets":1012,"octets":200400,` +
		`"decoded":{"rtp":900,"sip":12},"ignored":{"tcp":98},"dropped":{"short_ip":2},"duplicates":0,"kernel_drops":17,"ring_freezes":1,` +
		`"nic_missed":0,"softnet_dropped":0,"unseen":{"tcp_octets":0,"one_sided_calls":0,"rtp_packets":0},"flows":40,"one_way_flows":1,` +
		`"records":{"first":5,"last":9},"head":{"epoch":1795321725000000,"seq":9,` +
		`"hash":"1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c","key_id":"0011223344556677","signature":"AP8="},` +
		`"observer":{"version":"1","clock":{"source":"system","synced":true,"offset_us":0,"error_us":120}}}`
	c := lossyMinute()
	if got := string(c.Append(nil)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	c.Observer.Version = "2"
	before := c.RecordID
	if c.Append(nil); c.RecordID != before {
		t.Error("another observer changed record_id")
	}
	c.To++
	if c.Append(nil); c.RecordID == before {
		t.Error("another part of the minute has the same record_id")
	}
}

// The same counts are the same bytes, in whatever order a map gives them.
func TestCoverageIsDeterministic(t *testing.T) {
	want := ""
	for i := range 50 {
		c := lossyMinute()
		c.Ignored = map[string]uint64{}
		for n := range 2 * MaxList {
			c.Ignored[fmt.Sprintf("reason_%d", (n*7+i)%(2*MaxList))] = 1
		}
		got := string(c.Append(nil))
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
	}
}

// What has no room keeps its share of the sum.
func TestCoverageCountsFit(t *testing.T) {
	many := map[string]uint64{}
	var all uint64
	for n := range uint64(100) {
		many[fmt.Sprintf("reason_%d", n)] = n
		all += n
	}
	for _, tt := range []struct {
		name string
		in   map[string]uint64
		want func(got map[string]uint64) bool
	}{
		{"few", map[string]uint64{"a": 1, "other": 2}, func(got map[string]uint64) bool { return maps.Equal(got, map[string]uint64{"a": 1, "other": 2}) }},
		{"many", many, func(got map[string]uint64) bool {
			return len(got) == MaxList && got["reason_99"] == 99 && got["reason_69"] == 69 && got["other"] == 68*69/2
		}},
		{
			"no names",
			map[string]uint64{"a": 1, "other": 2, "": 4, "Tap 1": 8, strings.Repeat("x", maxName+1): 16, "\xff": 32, "\"": 64},
			func(got map[string]uint64) bool { return maps.Equal(got, map[string]uint64{"a": 1, "other": 126}) },
		},
	} {
		c := lossyMinute()
		c.Dropped = tt.in
		body := c.Append(nil)
		if !tt.want(c.Dropped) {
			t.Errorf("%s: %v", tt.name, c.Dropped)
		}
		var back Coverage
		if err := json.Unmarshal(body, &back); err != nil || !maps.Equal(back.Dropped, c.Dropped) {
			t.Errorf("%s: written %v, %v", tt.name, back.Dropped, err)
		}
	}
	if len(many) != 100 {
		t.Error("the caller's counts were changed")
	}
}

func filledCoverage() *Coverage {
	c := new(Coverage)
	fill(reflect.ValueOf(c).Elem(), nil, new(int))
	return c
}

// FuzzCoverage holds that an event is JSON that keeps to its bounds whatever its texts are, and reads back as it was.
func FuzzCoverage(f *testing.F) {
	f.Add("eth1", "short_ip", uint64(1), int64(1_795_321_740_000_000))
	f.Add("\x00\xff\"", "Reason \x00", uint64(1<<64-1), int64(-1<<63))
	f.Add(strings.Repeat("é", MaxValue), strings.Repeat("x", maxName), uint64(0), int64(0))
	f.Fuzz(func(t *testing.T, tap, reason string, n uint64, at int64) {
		c := lossyMinute()
		c.Tap, c.Minute, c.Packets, c.Dropped = tap, Time(at), n, map[string]uint64{reason: n}
		for i := range 2 * MaxList {
			c.Dropped[fmt.Sprint(reason, i)] = 1
		}
		body := c.Append([]byte("before"))[len("before"):]
		if len(body) > MaxRecord {
			t.Fatalf("%d octets", len(body))
		}
		var back Coverage
		if err := json.Unmarshal(body, &back); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if back.RecordID != c.RecordID || back.Packets != n || !maps.Equal(back.Dropped, c.Dropped) || len(back.Dropped) > MaxList {
			t.Fatalf("reads back as %+v, was %+v", back, c)
		}
		for k := range back.Dropped {
			if !isName(k) {
				t.Fatalf("a count is named %q", k)
			}
		}
		again := back
		if at >= int64(earliest) && at <= int64(latest) && !bytes.Equal(again.Append(nil), body) {
			t.Fatalf("read and written again it is\n%s, was\n%s", again.Append(nil), body)
		}
	})
}

// The schema refuses what is no coverage event.
func TestSchemaRefusesCoverage(t *testing.T) {
	s := compiled(t)
	body := filledCoverage().Append(nil)
	if err := validate(s, body); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, value string }{
		{"schema", `"calltrail.call.v1"`},
		{"kind", `"registration"`},
		{"tap", `null`},
		{"tap", `""`},
		{"state", `"absent"`},
		{"down_ms", `-1`},
		{"packets", `-1`},
		{"packets", `null`},
		{"decoded", `{}`},
		{"decoded", `{"SIP":1}`},
		{"decoded", `{"sip":-1}`},
		{"decoded", `{"sip":1.5}`},
		{"decoded", `[1]`},
		{"unseen.rtp_packets", `-1`},
		{"records", `{"first":1}`},
		{"head.hash", `"1C1C"`},
		{"head.hash", `"` + strings.Repeat("1C", 32) + `"`},
		{"head.key_id", `"0011"`},
		{"head.signature", `""`},
	} {
		if validate(s, with(t, body, tt.path, json.RawMessage(tt.value))) == nil {
			t.Errorf("%s: %.60s is taken", tt.path, tt.value)
		}
	}
}
