package pipeline_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/bpf"

	"calltrail/capture"
	"calltrail/cdr/number"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/cdr/spoof"
	"calltrail/cmd/callgen/gen"
	"calltrail/decode/tcp"
	"calltrail/store/faults/control"
)

// The heap in the course of hours. What a live sensor sees in hours is played to the very same pipeline as fast as it will go,
// and what lives on the heap is measured after a collection, in even distances of packet time. Packet time is the only clock
// that anything in the pipeline is forgotten by, so an hour of it is an hour.
//
// The heap rises until the longest time has passed and every cache is full. From then on it must stay where it is.

// soak is how long and how busy a simulated soak is, and the samples of the heap.
type soak struct {
	length time.Duration // of packet time
	rate   float64       // calls begun in a second
	every  time.Duration // between two samples
	change func(*pipeline.Config, *number.Config)
	heap   []float64 // octets in use after a collection
	most   int       // goroutines
}

// newSoak is sixteen minutes with times and caches so small that all have had their turn after a third of them.
// CALLTRAIL_SOAK_SIMULATED, such as 6h, is a soak with the times and caches of a sensor as it is installed.
func newSoak(t testing.TB) *soak {
	t.Helper()
	if text := os.Getenv("CALLTRAIL_SOAK_SIMULATED"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 4*time.Hour {
			t.Fatalf("CALLTRAIL_SOAK_SIMULATED is %q; write a duration of at least four hours, such as 6h: some things are kept for one", text)
		}
		return &soak{length: d, rate: 50, every: 10 * time.Minute}
	}
	return &soak{length: 16 * time.Minute, rate: 3, every: 30 * time.Second, change: func(c *pipeline.Config, n *number.Config) {
		c.Dialog.RingTimeout, c.Dialog.MediaStop, c.Dialog.MaxAge = time.Minute, time.Minute, 3*time.Minute
		c.TLS.Idle, c.TCP.Idle, c.SCTP.Idle = time.Minute, int64(time.Minute), int64(time.Minute)
		c.Streams, c.TLS.Connections, c.Flows.Flows = 1024, 512, 512
		n.CacheSize = 512
	}}
}

// What lives on a sensor's heap does not grow with what it has seen, and no goroutine is left behind.
func TestHeapStaysFlat(t *testing.T) { staysFlat(t, newSoak(t)) }

// Its control: groups that never let go of a call.
func TestGrowingHeapIsNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("as the test that it is of")
	}
	defer pipeline.KeptGroups()()
	s := newSoak(t)
	s.length /= 2 // more is not needed to see it
	control.Noticed(t, "groups keep calls", func(t testing.TB) { staysFlat(t, s) })
}

func staysFlat(t testing.TB, s *soak) {
	t.Helper()
	if testing.Short() {
		t.Skip("the race detector keeps what the program has let go of: the full pass measures the heap")
	}
	before := runtime.NumGoroutine()
	s.run(t)
	// What is under way when a sample is taken adds to it: the least of some tells best what lives.
	var late []float64
	for some := range slices.Chunk(s.heap[len(s.heap)/3:], 3) {
		late = append(late, slices.Min(some))
	}
	live, rise := median(late), theilSen(late)*float64(len(late)-1)
	t.Logf("%v of packet time: %.0f KiB live in the end, rising by %.0f KiB over the last two thirds; samples in KiB: %d", s.length,
		late[len(late)-1]/1024, rise/1024, kib(s.heap))
	if rise > live/50+128<<10 {
		t.Errorf("the heap rises by %.0f KiB of %.0f in %v", rise/1024, live/1024, s.length*2/3)
	}
	if s.most > before+20 {
		t.Errorf("%d goroutines, and %d before", s.most, before)
	}
}

// run plays the traffic to a pipeline.
func (s *soak) run(t testing.TB) {
	t.Helper()
	numbers := number.Config{DefaultRegion: "IN"}
	cfg := pipeline.Config{
		Sensor: "test", Version: "test", Messages: true, SIPPorts: []tcp.Ports{{First: 5060, Last: 5060}},
		LegalBasisSIP: "test", LegalBasisMedia: "test", LegalBasisRegistration: "test", LegalBasisApp: "test",
	}
	if s.change != nil {
		s.change(&cfg, &numbers)
	}
	book, err := number.New(numbers)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := spoof.New(spoof.Config{HomeCountry: "IN"})
	if err != nil {
		t.Fatal(err)
	}
	made := gen.Default()
	made.Rate, made.RTP, made.Background, made.Web = s.rate, 5, 1, 1
	made.Calls = int(s.rate * s.length.Seconds())
	made.TCP, made.Fragments, made.Tunnels = 0.2, 0.1, 0.1
	pr, pw := io.Pipe()
	go func() { _, err := gen.Write(made, pw, io.Discard); pw.CloseWithError(err) }()
	defer func() { _ = pr.Close() }() // ends the generator
	calls, err := capture.NewFile(pr, "made")
	if err != nil {
		t.Fatal(err)
	}
	tap := &soakTap{soak: s, calls: calls, others: strangers{r: rand.New(rand.NewPCG(1, 22))}, end: made.Start.Add(s.length).UnixNano()}
	tap.second = made.Start.UnixNano()
	tap.sample = tap.second + int64(s.every)
	p, err := pipeline.NewLive(cfg, pipeline.Lookups{Numbers: book, Rules: rules}, &discard{}, forgetful{}, []pipeline.LiveTap{{Tap: tap, Since: tap.second}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.RunLive(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	stats := p.Stats()
	if n := stats.Calls[record.Answered]; n < uint64(made.Calls/4) {
		t.Errorf("%d calls were answered of %d: this is no soak", n, made.Calls)
	}
	runtime.KeepAlive(p)
}

// soakTap is a tap of one source: the generator's packets, and between them those of strangers.
type soakTap struct {
	*soak
	calls    *capture.File
	others   strangers
	second   int64 // when strangers come next
	frames   [][]byte
	sample   int64 // when the heap is measured next
	end      int64
	held     capture.Packet // of calls, that is not given out yet
	holds    bool
	position uint64
}

func (*soakTap) Name() string                           { return "soak" }
func (s *soakTap) Sources() []capture.Live              { return []capture.Live{s} }
func (*soakTap) SetFilter(_ []bpf.RawInstruction) error { return nil }
func (*soakTap) Close() error                           { return nil }
func (*soakTap) LiveStats() capture.LiveStats           { return capture.LiveStats{Up: true} }

// Next implements capture.Source.
func (s *soakTap) Next(p *capture.Packet) error {
	if len(s.frames) == 0 && !s.holds {
		if err := s.calls.Next(&s.held); err != nil {
			return err
		}
		s.holds = true
		if s.held.Time >= s.end {
			return io.EOF
		}
		for s.held.Time >= s.second+int64(time.Second) { // of a quiet second the generator says nothing
			s.second += int64(time.Second)
			s.frames = append(s.frames, s.others.next()...)
		}
	}
	s.position++
	if len(s.frames) > 0 {
		*p, s.frames = packet(s.second, s.frames[0]), s.frames[1:]
	} else {
		*p, s.holds = s.held, false
	}
	p.Position = s.position
	if p.Time >= s.sample {
		s.sample += int64(s.every)
		s.measure()
	}
	return nil
}

// measure takes a sample. The worker stands meanwhile; what is under way to the correlator is in batches that are there anyway.
func (s *soakTap) measure() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.heap, s.most = append(s.heap, float64(m.HeapAlloc)), max(s.most, runtime.NumGoroutine())
	if name := os.Getenv("CALLTRAIL_TEST_PROFILE"); name != "" {
		if f, err := os.Create(name + "." + time.Duration(s.sample).String()); err == nil {
			_ = pprof.Lookup("heap").WriteTo(f, 0)
			_ = f.Close()
		}
	}
}

// forgetful is a Keeper that keeps nothing.
type forgetful struct{}

func (forgetful) Coverage([]*record.Coverage) error { return nil }
func (forgetful) Local(byte, []byte) error          { return nil }

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// theilSen is the median of the slopes between any two samples, in octets a sample: one that is out of the way does not turn it.
func theilSen(list []float64) float64 {
	var slopes []float64
	for i := range list {
		for j := range i {
			slopes = append(slopes, (list[i]-list[j])/float64(i-j))
		}
	}
	return median(slopes)
}

func kib(list []float64) (out []int) {
	for _, v := range list {
		out = append(out, int(v)/1024)
	}
	return out
}
