package pipeline_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/number"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/cdr/spoof"
	"calltrail/cmd/callgen/gen"
	"calltrail/decode"
)

// collected keeps the records of a run.
type collected struct{ bodies [][]byte }

func (c *collected) Put(_ pipeline.Meta, body []byte) error {
	c.bodies = append(c.bodies, bytes.Clone(body))
	return nil
}

// run replays a capture.
func run(t testing.TB, src capture.Source, change func(*pipeline.Config)) (*collected, pipeline.Stats) {
	t.Helper()
	numbers, err := number.New(number.Config{DefaultRegion: "IN"})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := spoof.New(spoof.Config{HomeCountry: "IN"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := pipeline.Config{Workers: 1, Sensor: "test", Version: "test"}
	if change != nil {
		change(&cfg)
	}
	out := &collected{}
	p, err := pipeline.New(cfg, pipeline.Lookups{Numbers: numbers, Rules: rules}, out)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background(), src); err != nil {
		t.Fatal(err)
	}
	return out, p.Stats()
}

// generated is a capture of callgen with its truth.
type generated struct {
	pcap   []byte
	truth  []map[string]string
	totals gen.Totals
}

func generate(t testing.TB, calls int, seed uint64) *generated {
	t.Helper()
	cfg := gen.Default()
	cfg.Calls, cfg.Seed = calls, seed
	var pcap, truth bytes.Buffer
	totals, err := gen.Write(cfg, &pcap, &truth)
	if err != nil {
		t.Fatal(err)
	}
	return &generated{pcap.Bytes(), readTruth(t, &truth), totals}
}

func readTruth(t testing.TB, r io.Reader) (rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func (g *generated) source(t testing.TB) capture.Source {
	t.Helper()
	f, err := capture.NewFile(bytes.NewReader(g.pcap), "generated.pcap")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// tenThousand is the capture that several tests share.
var tenThousand = sync.OnceValue(func() *generated {
	return generate(panicker{}, 10_000, 1)
})

// panicker lets generate run outside of a test.
type panicker struct{ testing.TB }

func (panicker) Helper()           {}
func (panicker) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Every field of every call that callgen made must be in the records as callgen says.
func TestRecordsAgreeWithTruth(t *testing.T) {
	g := tenThousand()
	for _, workers := range []int{1, 3} {
		out, stats := run(t, g.source(t), func(c *pipeline.Config) { c.Workers, c.FinalOnly = workers, true })
		if n := compare(t, g.truth, out.bodies, 20); n != 0 {
			t.Errorf("%d workers: %d differences", workers, n)
		}
		balance(t, g, &stats)
	}
}

// A wrong truth must be noticed in every column: else the comparison proves nothing.
func TestFlippedTruthIsNoticed(t *testing.T) {
	g := generate(t, 300, 7)
	out, _ := run(t, g.source(t), func(c *pipeline.Config) { c.FinalOnly = true })
	if n := compare(t, g.truth, out.bodies, 5); n != 0 {
		t.Fatalf("%d differences before anything was flipped", n)
	}
	for column := range g.truth[0] {
		flipped := false
		for _, row := range g.truth {
			old := row[column]
			if old == "" {
				continue
			}
			row[column] = flip(column, old)
			if compare(nil, g.truth, out.bodies, 0) == 0 {
				t.Errorf("%s changed from %q to %q: not noticed", column, old, row[column])
			}
			row[column] = old
			flipped = true
			break
		}
		if !flipped {
			t.Errorf("%s: no call has a value", column)
		}
	}
}

func flip(column, v string) string {
	if v == "true" {
		return "false"
	}
	if v == "false" {
		return "true"
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && column != "caller" && column != "callee" {
		return strconv.FormatInt(n+1, 10)
	}
	if strings.HasSuffix(column, "_ip") {
		return "192.0.2.254"
	}
	return v + "x"
}

// compare holds records to the truth and returns how many fields differ. The first few are reported to t.
func compare(t testing.TB, truth []map[string]string, bodies [][]byte, report int) (differences int) {
	differ := func(format string, args ...any) {
		differences++
		if t != nil && differences <= report {
			t.Helper()
			t.Errorf(format, args...)
		}
	}
	calls := map[string]*record.Call{}
	for _, b := range bodies {
		var c record.Call
		if err := json.Unmarshal(b, &c); err != nil {
			differ("%v", err)
			continue
		}
		if c.Kind != record.KindSIP {
			continue // RTP of no call that callgen mixes in looks like one of media alone
		}
		key := c.SIP.CallID + " " + c.SIP.FromTag
		if calls[key] != nil {
			differ("%s: two calls", key)
		}
		calls[key] = &c
	}
	seen := 0
	for _, row := range truth {
		key := row["call_id"] + " " + row["from_tag"]
		c := calls[key]
		if c == nil {
			differ("%s: no record", key)
			continue
		}
		seen++
		for column, want := range row {
			got := recordColumn(c, column)
			if got != want {
				differ("%s: %s is %q, want %q (%s)", key, column, got, want, row["disposition"])
			}
		}
	}
	if seen != len(calls) {
		differ("%d records, %d calls in the truth", len(calls), len(truth))
	}
	return differences
}

// recordColumn is what a record says for one column of the truth.
func recordColumn(c *record.Call, column string) string {
	micros := func(t record.Time) string {
		if t == 0 {
			return ""
		}
		return strconv.FormatInt(int64(t), 10)
	}
	for _, direction := range []string{"from_caller", "from_callee"} {
		if name, ok := strings.CutPrefix(column, direction+"_"); ok {
			return mediaColumn(c, direction, name)
		}
	}
	switch column {
	case "call_id":
		return c.SIP.CallID
	case "from_tag":
		return c.SIP.FromTag
	case "to_tag":
		return c.SIP.ToTag
	case "caller":
		return c.Caller.User
	case "callee":
		return c.Callee.User
	case "caller_display":
		return c.Caller.Display
	case "request_uri":
		return c.ReqURI
	case "src_ip":
		return c.Src.IP.String()
	case "src_port":
		return strconv.Itoa(int(c.Src.Port))
	case "dst_ip":
		return c.Dst.IP.String()
	case "dst_port":
		return strconv.Itoa(int(c.Dst.Port))
	case "vlan":
		if len(c.VLAN) == 1 {
			return strconv.Itoa(int(c.VLAN[0]))
		}
		return ""
	case "started_at_us":
		return micros(c.StartedAt)
	case "ringing_at_us":
		return micros(c.RingingAt)
	case "answered_at_us":
		return micros(c.AnsweredAt)
	case "ended_at_us":
		if c.SIP.Status == nil {
			return "" // the time-out's moment is the record's own
		}
		return micros(c.EndedAt)
	case "status":
		if c.SIP.Status == nil {
			return ""
		}
		return strconv.Itoa(*c.SIP.Status)
	case "disposition":
		return string(c.Disposition)
	case "ended_by":
		return string(c.EndedBy)
	case "attempts":
		var list []string
		for _, a := range c.SIP.Attempts {
			list = append(list, strconv.Itoa(a.Status))
		}
		return strings.Join(list, " ")
	case "invites":
		for _, m := range c.SIP.Methods {
			if m.Name == "INVITE" {
				return strconv.Itoa(m.Count)
			}
		}
		return ""
	case "no_final":
		return strconv.FormatBool(c.SIP.Status == nil)
	}
	return "unknown column " + column
}

func mediaColumn(c *record.Call, direction, name string) string {
	var m *record.Media
	for i := range c.Media {
		if c.Media[i].Direction == direction && c.Media[i].Packets != nil {
			if m != nil {
				return "two streams"
			}
			m = &c.Media[i]
		}
	}
	if m == nil {
		return ""
	}
	switch name {
	case "ssrc":
		return strconv.FormatUint(uint64(*m.SSRC), 10)
	case "codec":
		return m.Codec
	case "pt":
		return strconv.Itoa(int(*m.PayloadType))
	case "packets":
		return strconv.FormatUint(*m.Packets, 10)
	case "octets":
		return strconv.FormatUint(*m.Octets, 10)
	case "lost":
		return strconv.FormatUint(*m.Lost, 10)
	case "duplicates":
		return strconv.FormatUint(*m.Duplicates, 10)
	case "first_us":
		return strconv.FormatInt(int64(m.FirstAt), 10)
	case "last_us":
		return strconv.FormatInt(int64(m.LastAt), 10)
	}
	return "unknown column " + name
}

// balance holds the pipeline's sums to those of the generator.
func balance(t *testing.T, g *generated, s *pipeline.Stats) {
	t.Helper()
	for _, c := range []struct {
		name      string
		got, want uint64
	}{
		{"packets", s.Packets, uint64(g.totals.Packets)},
		{"sum of counts", s.Counts.Total(), s.Packets},
		{"sip", s.Counts[decode.SIP], uint64(g.totals.SIP)},
		{"rtp", s.Counts[decode.RTP], uint64(g.totals.RTP)},
		{"rtcp", s.Counts[decode.RTCP], uint64(g.totals.RTCP)},
		{"dropped", s.Counts.Sum(decode.Dropped), 0},
		{"calls", s.Dialogs.Calls, uint64(g.totals.Calls)},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.name, c.got, c.want)
		}
	}
	for d, n := range g.totals.Dispositions {
		if s.Calls[record.Disposition(d)] != uint64(n) {
			t.Errorf("calls %s: %d, want %d", d, s.Calls[record.Disposition(d)], n)
		}
	}
}
