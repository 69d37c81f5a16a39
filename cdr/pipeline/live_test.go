package pipeline_test

import (
	"context"
	"encoding/json"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/bpf"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/decode"
)

// script is a tap that plays packets: what the engines do with real interfaces is tested beside them, and the whole sensor in
// cmd/calltrail. Its sources get packets step by step, so that they keep together as in real time.
type script struct {
	name    string
	sources []*scripted
	end     chan struct{}
	once    sync.Once
}

type scripted struct {
	tap      *script
	steps    chan step
	now      step
	position uint64
	mu       sync.Mutex
	stats    capture.LiveStats
	busy     atomic.Int32 // so many idle moments are not told
}

type step struct {
	packets []capture.Packet
	idle    int64
}

func newScript(name string, workers int) *script {
	s := &script{name: name, end: make(chan struct{})}
	for range workers {
		s.sources = append(s.sources, &scripted{tap: s, steps: make(chan step), stats: capture.LiveStats{Up: true}})
	}
	return s
}

func (s *script) Name() string { return s.name }

func (s *script) Sources() (list []capture.Live) {
	for _, src := range s.sources {
		list = append(list, src)
	}
	return list
}
func (*script) SetFilter([]bpf.RawInstruction) error { return nil }
func (s *script) Close() error                       { s.once.Do(func() { close(s.end) }); return nil }

func (s *scripted) Close() error { return nil }

func (s *scripted) LiveStats() capture.LiveStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

func (s *scripted) Next(p *capture.Packet) error {
	if len(s.now.packets) > 0 {
		*p = s.now.packets[0]
		s.now.packets = s.now.packets[1:]
		s.position++
		p.Position = s.position
		return nil
	}
	select {
	case s.now = <-s.steps:
		if len(s.now.packets) > 0 {
			return s.Next(p)
		}
		if s.busy.Load() > 0 {
			s.busy.Add(-1)
			return s.Next(p)
		}
		p.Time = s.now.idle
		return capture.ErrIdle
	case <-s.tap.end:
		return io.EOF
	}
}

// kept is a Keeper that keeps everything.
type kept struct {
	collected
	coverage   []*record.Coverage
	log        []logged
	stopping   atomic.Bool
	beforeStop int   // length of log when the run was stopped
	tail       []int // length of log at each minute's events
}

// logged is an entry of the log that a sensor would have on its spool.
type logged struct {
	local bool
	kind  byte
	body  []byte
}

func (k *kept) Put(m pipeline.Meta, body []byte) error {
	k.add(logged{body: slices.Clone(body)})
	return k.collected.Put(m, body)
}

func (k *kept) add(e logged) {
	if !k.stopping.Load() {
		k.beforeStop++
	}
	k.log = append(k.log, e)
}

func (k *kept) Coverage(events []*record.Coverage) error {
	k.coverage = append(k.coverage, events...)
	k.tail = append(k.tail, len(k.log))
	return nil
}

func (k *kept) Local(kind byte, body []byte) error {
	k.add(logged{local: true, kind: kind, body: slices.Clone(body)})
	return nil
}

// stepLength is how much packet time a step of a script has.
const stepLength = int64(50 * time.Millisecond)

// play runs list through taps, each packet on the tap that pick names and there in the worker that the kernel would choose.
// prepare may act on the taps before the step that ends at a time. After the last packet time goes on for tail.
func play(t *testing.T, list []capture.Packet, taps []*script, pick func(*capture.Packet) int, tail time.Duration,
	prepare func(now int64), setUp func(*pipeline.Pipeline), change func(*pipeline.Config),
) (*kept, *pipeline.Pipeline) {
	t.Helper()
	lookups, err := goldenLookups()
	if err != nil {
		t.Fatal(err)
	}
	cfg := pipeline.Config{
		Sensor: "test", Version: "test", LegalBasisSIP: "test", LegalBasisMedia: "test", LegalBasisRegistration: "test",
	}
	if change != nil {
		change(&cfg)
	}
	start := list[0].Time - list[0].Time%stepLength
	var live []pipeline.LiveTap
	for _, s := range taps {
		live = append(live, pipeline.LiveTap{Tap: s, Since: start})
	}
	out := &kept{}
	p, err := pipeline.NewLive(cfg, lookups, out, out, live)
	if err != nil {
		t.Fatal(err)
	}
	if setUp != nil {
		setUp(p)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.RunLive(ctx) }()
	end := list[len(list)-1].Time + int64(tail)
	last := start
	for now := start + stepLength; now < end+stepLength; now += stepLength {
		last = now
		n := slices.IndexFunc(list, func(p capture.Packet) bool { return p.Time >= now })
		if n < 0 {
			n = len(list)
		}
		if prepare != nil {
			prepare(now)
		}
		for i, s := range taps {
			steps := make([]step, len(s.sources))
			for _, packet := range list[:n] {
				if pick(&packet) == i {
					w := int(decode.FanoutHash(&packet)) % len(steps)
					steps[w].packets = append(steps[w].packets, packet)
				}
			}
			for w := range steps {
				if len(steps[w].packets) > 0 {
					s.sources[w].steps <- steps[w]
				}
				s.sources[w].steps <- step{idle: now}
			}
		}
		list = list[n:]
		for p.LiveStats().Watermark < now-int64(time.Second) && ctx.Err() == nil && now > start+int64(2*time.Second) {
			runtime.Gosched()
		}
	}
	for p.LiveStats().Watermark < last && ctx.Err() == nil {
		runtime.Gosched()
	}
	out.stopping.Store(true)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return out, p
}

// asReplayed writes live records as a replay would have made them.
func asReplayed(t *testing.T, bodies [][]byte) (list [][]byte) {
	t.Helper()
	for _, body := range bodies {
		var c record.Call
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind != record.KindSIP {
			continue
		}
		slices.SortFunc(c.SIP.Methods, func(a, b record.Method) int { return cmpString(a.Name, b.Name) })
		c.Tap, c.LegalBasis = nil, ""
		list = append(list, c.Append(nil))
	}
	slices.SortFunc(list, func(a, b []byte) int { return cmpString(string(a), string(b)) })
	return observed(t, list)
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Signalling meets its media whichever worker and tap saw it: a live run gives the records of a replay, also when packets
// come over two taps with several workers each.
func TestLiveGivesTheRecordsOfAReplay(t *testing.T) {
	list := drain(t, generate(t, 150, 21).source(t))
	for i := range list {
		list[i].Data = slices.Clone(list[i].Data)
	}
	once, stats := replay(t, &packets{list: list}, nil)
	a, b := newScript("eth1", 2), newScript("eth2", 3)
	byFlow := func(p *capture.Packet) int { return int(decode.FanoutHash(p)>>8) & 1 }
	out, p := play(t, list, []*script{a, b}, byFlow, 5*time.Minute, nil, nil, nil)
	same(t, "live", asReplayed(t, out.bodies), asReplayed(t, once.bodies))
	var packets uint64
	decoded := map[string]uint64{}
	for _, e := range out.coverage {
		packets += e.Packets
		var sum uint64
		for _, m := range []map[string]uint64{e.Decoded, e.Ignored, e.Dropped} {
			for reason, n := range m {
				sum += n
				decoded[reason] += n
			}
		}
		if sum != e.Packets {
			t.Errorf("%s %d: %d packets, %d in the counts", e.Tap, e.Minute, e.Packets, sum)
		}
		if e.State != "complete" {
			t.Errorf("%s: %s", e.Tap, e.State)
		}
	}
	if packets != stats.Packets || decoded["sip"] != stats.Counts[decode.SIP] || decoded["rtp"] != stats.Counts[decode.RTP] {
		t.Errorf("coverage: %d packets, %v; want %d, %v", packets, decoded, stats.Packets, stats.Counts)
	}
	checkMinutes(t, out.coverage)
	if n := len(out.log); len(out.tail) == 0 || out.tail[len(out.tail)-1] != n {
		t.Errorf("%d entries after the last coverage event: nothing says of them that they are the sensor's", n-out.tail[len(out.tail)-1])
	}
	if s := p.LiveStats(); s.Taps[0].Packets+s.Taps[1].Packets != stats.Packets || s.Records[record.KindCoverage] != uint64(len(out.coverage)) {
		t.Errorf("live stats: %+v", s)
	}
}

// checkMinutes proves that the events of each tap follow one another without a hole, and split at each minute.
func checkMinutes(t *testing.T, events []*record.Coverage) {
	t.Helper()
	last := map[string]record.Time{}
	for _, e := range events {
		if before, ok := last[e.Tap]; ok && before != e.From {
			t.Errorf("%s: an event begins at %v, the one before ended at %v", e.Tap, e.From, before)
		}
		if e.From < e.Minute || e.To > e.Minute+60_000_000 || e.From > e.To || e.Minute%60_000_000 != 0 {
			t.Errorf("%s: minute %v, from %v to %v", e.Tap, e.Minute, e.From, e.To)
		}
		last[e.Tap] = e.To
	}
}

// A run that is stopped or killed at any moment, and one after it, give each call once: what is final is what a run without
// the interruption gives, but for the flag and, after a kill, what the open streams had counted.
func TestRestartTakesCallsUpAgain(t *testing.T) {
	list := drain(t, generate(t, 80, 31).source(t))
	for i := range list {
		list[i].Data = slices.Clone(list[i].Data)
	}
	all := func(*capture.Packet) int { return 0 }
	whole, _ := play(t, list, []*script{newScript("tap", 2)}, all, 5*time.Minute, nil, nil, nil)
	want := lastRecords(t, whole.bodies)
	for _, killed := range []bool{false, true} {
		for _, share := range []int{3, 2} {
			cut := len(list) / share
			first, _ := play(t, list[:cut], []*script{newScript("tap", 2)}, all, 0, nil, nil, nil)
			log := first.log
			if killed { // what a stop writes last was never written
				log = log[:first.beforeStop]
			}
			at := list[cut].Time
			// The taps have other numbers now.
			second, _ := play(t, list[cut:], []*script{newScript("other", 1), newScript("tap", 2)}, func(*capture.Packet) int { return 1 }, 5*time.Minute, nil, func(p *pipeline.Pipeline) {
				r := p.Restorer(at)
				for _, e := range log {
					if e.local {
						r.Local(e.kind, e.body)
					} else {
						r.Record(e.body)
					}
				}
				n, err := r.Finish()
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					t.Error("no call was open: the test proves nothing")
				}
			}, nil)
			var bodies [][]byte
			for _, e := range append(slices.Clone(log), second.log...) {
				if !e.local {
					bodies = append(bodies, e.body)
				}
			}
			got := lastRecords(t, bodies)
			resumed := 0
			for uid, w := range want {
				g, ok := got[uid]
				switch {
				case !ok:
					t.Errorf("killed %v at packet %d: call %s has no final record", killed, cut, w.SIP.CallID)
				case g.Disposition != w.Disposition || g.AnsweredAt != w.AnsweredAt || g.EndedAt != w.EndedAt && w.EndedBy != record.ByTimeout:
					t.Errorf("killed %v at packet %d: call %s: %s %v %v, want %s %v %v", killed, cut, w.SIP.CallID,
						g.Disposition, g.AnsweredAt, g.EndedAt, w.Disposition, w.AnsweredAt, w.EndedAt)
				case g.Tap == nil || *g.Tap != "tap":
					t.Errorf("call %s was seen on %v", w.SIP.CallID, g.Tap)
				case slices.Contains(g.Flags, "sensor_restart"):
					resumed++
					if slices.Contains(g.Flags, "shutdown") {
						t.Errorf("call %s: final, and flagged shutdown", w.SIP.CallID)
					}
				}
				if !killed && ok && packetsOfCall(g) != packetsOfCall(w) {
					t.Errorf("stopped at packet %d: call %s: %d packets of media, want %d", cut, w.SIP.CallID, packetsOfCall(g), packetsOfCall(w))
				}
			}
			if len(got) != len(want) || resumed == 0 {
				t.Errorf("killed %v at packet %d: %d calls, want %d; %d taken up", killed, cut, len(got), len(want), resumed)
			}
			checkRevisions(t, bodies)
		}
	}
}

func packetsOfCall(c *record.Call) (n uint64) {
	for _, m := range c.Media {
		if m.Packets != nil {
			n += *m.Packets
		}
	}
	return n
}

// lastRecords are the calls' last final records.
func lastRecords(t *testing.T, bodies [][]byte) map[uuid.UUID]*record.Call {
	t.Helper()
	m := map[uuid.UUID]*record.Call{}
	for _, c := range records(t, bodies) {
		if c.Kind == record.KindSIP && c.Final {
			m[c.CallUID] = &c
		}
	}
	return m
}

// checkRevisions proves that no call has two records with one number.
func checkRevisions(t *testing.T, bodies [][]byte) {
	t.Helper()
	last := map[uuid.UUID]int{}
	for _, c := range records(t, bodies) {
		if c.Kind != record.KindSIP {
			continue
		}
		if c.Revision <= last[c.CallUID] {
			t.Errorf("call %s: revision %d after %d", c.SIP.CallID, c.Revision, last[c.CallUID])
		}
		last[c.CallUID] = c.Revision
	}
}
