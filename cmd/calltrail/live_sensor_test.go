package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// live is a sensor: the built program as `calltrail capture` in a namespace of a test network, with a site's servers.
type live struct {
	*site
	ns      *testnet.Namespace
	program string
	config  string // file
	process *testnet.Process
}

// liveSensor is the name of the tests' sensor.
const liveSensor = "live"

// engines runs a test with each capture engine.
func engines(t *testing.T, test func(t *testing.T, engine string)) {
	for _, engine := range []string{afpacketEngine, libpcapEngine} {
		t.Run(engine, func(t *testing.T) { test(t, engine) })
	}
}

// Engines, as capture.engine names them.
const (
	afpacketEngine = "afpacket"
	libpcapEngine  = "libpcap"
)

// withLibpcap builds the program with its second engine, once; an error says that it cannot be.
var withLibpcap = sync.OnceValues(func() (string, error) {
	plain, err := program()
	if err != nil {
		return "", err
	}
	path := plain + "-libpcap"
	cmd := exec.CommandContext(context.Background(), "go", "build", "-tags", "libpcap", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the program cannot be built with -tags libpcap (Debian's packages: gcc, libpcap-dev): %s", out)
	}
	return path, nil
})

// newLive makes a sensor in a namespace, which listens to devices; settings are further keys of its configuration, as
// "section: {key: value}" lines. It does not run yet.
func newLive(t *testing.T, ns *testnet.Namespace, engine string, devices []string, settings ...string) *live {
	t.Helper()
	s := &live{site: newSite(t), ns: ns}
	build := program
	if engine == libpcapEngine {
		build = withLibpcap
	}
	var err error
	if s.program, err = build(); err != nil {
		if engine == libpcapEngine && os.Getenv("CALLTRAIL_REQUIRE_PROGRAMS") != "1" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	dsn, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal("the site's DSN is no URL") // the error would show the password
	}
	ns.Relay(dsn.Host)
	for broker := range strings.SplitSeq(os.Getenv("CALLTRAIL_KAFKA_BROKERS"), ",") {
		ns.Relay(broker)
	}
	capture := fmt.Sprintf("capture: {engine: %s, interfaces: [%s]", engine, strings.Join(devices, ", "))
	lines := []string{
		fmt.Sprintf("sensor: {name: %s, key_file: %s}", liveSensor, filepath.Join(s.dir, "sensor.key")),
		"legal_basis: {sip: live test, media: live test, registration: live test}",
	}
	for _, line := range settings {
		if more, ok := strings.CutPrefix(line, "capture: {"); ok {
			capture += ", " + strings.TrimSuffix(more, "}")
			continue
		}
		lines = append(lines, line)
	}
	s.config = filepath.Join(s.dir, "live.yaml")
	text := strings.Join(append(lines, capture+"}"), "\n") + "\n"
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("key", "init", "--config", s.config)
	return s
}

// begin starts the sensor and returns when its taps are open.
func (s *live) begin(to string) {
	s.Helper()
	s.process = s.ns.Start(s.env, s.program, "capture", "--config", s.config, "--to", to)
	s.process.Await(`"message":"capturing"`)
}

// end stops the sensor as systemd does; it must end well within 10 s.
func (s *live) end() {
	s.Helper()
	began := time.Now()
	s.process.Signal(syscall.SIGTERM)
	if status := s.process.Wait(testnet.Patience); status != 0 {
		s.Fatalf("exit status %d after SIGTERM:\n%s", status, s.process.Output())
	}
	if took := time.Since(began); took > 10*time.Second {
		s.Errorf("the stop took %v, want at most 10 s", took)
	}
}

// drain puts what is still in the spool of a sensor that has ended into Postgres.
func (s *live) drain() {
	s.Helper()
	s.ok("store", "--from-spool", s.spool, "--sensor", liveSensor, "--once")
}

// liveRow is a row of calltrail.calls or calltrail.call_record.
type liveRow struct {
	CallUID     string       `json:"call_uid"`
	Revision    int          `json:"revision"`
	Final       bool         `json:"final"`
	Tap         string       `json:"tap"`
	CallID      string       `json:"sip_call_id"`
	Status      int          `json:"sip_status"`
	Caller      string       `json:"caller_user"`
	Callee      string       `json:"callee_user"`
	SrcIP       string       `json:"src_ip"`
	SrcPort     int          `json:"src_port"`
	Started     *time.Time   `json:"started_at"`
	Rang        *time.Time   `json:"ringing_at"`
	Answered    *time.Time   `json:"answered_at"`
	Ended       *time.Time   `json:"ended_at"`
	Disposition string       `json:"disposition"`
	EndedBy     string       `json:"ended_by"`
	Visibility  string       `json:"visibility"`
	Flags       []string     `json:"flags"`
	Media       []liveStream `json:"media"`
}

// liveStream is an entry of a row's media.
type liveStream struct {
	SSRC       *uint32 `json:"ssrc"`
	Observed   *struct{ Src, Dst liveAddress }
	Packets    uint64
	Duplicates uint64
}

type liveAddress struct {
	IP   string
	Port int
}

// rows are those of a table or view, the conditions and order after its name.
func rows[T any](s *live, from string) (list []T) {
	s.Helper()
	for _, line := range s.db.ask("SELECT row_to_json(r) FROM calltrail." + from) {
		var row T
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			s.Fatalf("%s: %v: %s", from, err, line)
		}
		list = append(list, row)
	}
	return list
}

// calls waits until so many calls have their final record in Postgres, and returns all calls. The sensor runs.
func (s *live) calls(finals int) []liveRow {
	s.Helper()
	query := "SELECT count(*) FROM calltrail.calls WHERE final"
	got := 0
	defer func() {
		if got != finals {
			s.Logf("%d calls are final, want %d; the sensor says:\n%s", got, finals, s.process.Output())
		}
	}()
	testnet.Eventually(s, fmt.Sprintf("%d calls in Postgres", finals), func() bool {
		got = s.db.number(query)
		return got >= finals
	})
	return rows[liveRow](s, "calls r ORDER BY started_at")
}

// liveMinute is a row of calltrail.coverage.
type liveMinute struct {
	From         time.Time `json:"from_at"`
	To           time.Time `json:"to_at"`
	State        string    `json:"state"`
	DownMS       int64     `json:"down_ms"`
	Reopened     uint64    `json:"reopened"`
	Packets      uint64    `json:"packets"`
	Duplicates   uint64    `json:"duplicates"`
	KernelDrops  uint64    `json:"kernel_drops"`
	RingFreezes  uint64    `json:"ring_freezes"`
	NICMissed    uint64    `json:"nic_missed"`
	Flows        uint64    `json:"flows"`
	OneWayFlows  uint64    `json:"one_way_flows"`
	Evicted      map[string]uint64
	StatesOfTime []string `json:"-"` // of the sum: the states of all events
}

// coverage adds up what the sensor, which has ended, said of its only tap from its start to its end.
func (s *live) coverage() (sum liveMinute) {
	s.Helper()
	s.drain()
	events := rows[liveMinute](s, "coverage r ORDER BY from_at")
	if len(events) == 0 {
		s.Fatalf("no coverage; the sensor said:\n%s", s.process.Output())
	}
	sum.From, sum.Evicted = events[0].From, map[string]uint64{}
	for i, e := range events {
		if i > 0 && e.From.Before(events[i-1].To) {
			s.Errorf("coverage from %v follows on coverage to %v", e.From, events[i-1].To)
		}
		sum.To = e.To
		sum.DownMS += e.DownMS
		sum.Reopened += e.Reopened
		sum.Packets += e.Packets
		sum.Duplicates += e.Duplicates
		sum.KernelDrops += e.KernelDrops
		sum.RingFreezes += e.RingFreezes
		sum.NICMissed += e.NICMissed
		sum.Flows += e.Flows
		sum.OneWayFlows += e.OneWayFlows
		for table, n := range e.Evicted {
			sum.Evicted[table] += n
		}
		if !slices.Contains(sum.StatesOfTime, e.State) {
			sum.StatesOfTime = append(sum.StatesOfTime, e.State)
		}
	}
	slices.Sort(sum.StatesOfTime)
	return sum
}

// in says whether the coverage had these states and no others.
func (c liveMinute) in(states ...string) bool { return slices.Equal(c.StatesOfTime, states) }

// established waits until so many calls of sipp on an otherwise quiet network have their ACK: INVITE, 180, 200, ACK.
func established(t *testing.T, m *testnet.Mirror, calls uint64) {
	t.Helper()
	testnet.Eventually(t, "established calls", func() bool { return m.Messages() >= 4*calls })
}

// none fails the test with faults, if there are any: not more than a reader can use.
func none(t *testing.T, faults []string) {
	t.Helper()
	const most = 10
	for i, fault := range faults {
		if i == most {
			t.Errorf("and %d faults more", len(faults)-most)
			return
		}
		t.Error(fault)
	}
}

// hurt are the calls of sipp that are not as sipp made them: answered, ended by the caller, with media both ways.
func hurt(rows []liveRow) (faults []string) {
	for i := range rows {
		r := &rows[i]
		if !r.Final || r.Disposition != "answered" || r.EndedBy != "caller" || r.Visibility != "full" || len(r.Flags) > 0 || len(r.Media) != 2 {
			faults = append(faults, fmt.Sprintf("%s: final %v, %s, ended by %s, visibility %s, flags %q, %d streams",
				r.CallID, r.Final, r.Disposition, r.EndedBy, r.Visibility, r.Flags, len(r.Media)))
		}
	}
	return faults
}

// talk waits until so many more packets have gone by.
func talk(t *testing.T, m *testnet.Mirror, packets uint64) {
	t.Helper()
	goal := m.Copied() + packets
	testnet.Eventually(t, "media", func() bool { return m.Copied() >= goal })
}
