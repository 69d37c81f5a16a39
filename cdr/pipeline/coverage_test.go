package pipeline_test

import (
	"encoding/json"
	"maps"
	"runtime"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/decode"
)

// change sets the counts of all sources of a script.
func (s *script) change(f func(*capture.LiveStats)) {
	for _, src := range s.sources {
		src.mu.Lock()
		f(&src.stats)
		src.mu.Unlock()
	}
}

// byMinute adds up the events of a tap by minute after the first.
func byMinute(events []*record.Coverage, tap string) (list []*record.Coverage) {
	for _, e := range events {
		if e.Tap == tap {
			list = append(list, e)
		}
	}
	return list
}

// What the kernel lost, a tap that was down, and one that shows one direction only are each said in the minute of it, and in
// no other.
func TestCoverageSaysWhatWasMissed(t *testing.T) {
	list := drain(t, generate(t, 60, 5).source(t))
	start := list[0].Time - list[0].Time%int64(time.Minute)
	for i := range list { // begin a minute: the events are then whole
		list[i].Data, list[i].Time = append([]byte(nil), list[i].Data...), list[i].Time-list[0].Time+start+int64(time.Second)
	}
	oneWay := func(p *capture.Packet) int {
		var f decode.Frame
		if decode.Walk(p, &f) == decode.Datagram && f.Src.AddrPort().Addr().Less(f.Dst.AddrPort().Addr()) {
			return 1
		}
		return 2
	}
	whole, half, other := newScript("whole", 2), newScript("half", 1), newScript("other", 1)
	lost := false
	out, _ := play(t, list, []*script{whole, half, other}, func(p *capture.Packet) int {
		if decode.FanoutHash(p)>>8&1 == 0 {
			return 0
		}
		return oneWay(p)
	}, 4*time.Minute, func(now int64) {
		switch at := time.Duration(now - start); {
		case at == 90*time.Second && !lost:
			lost = true
			whole.change(func(s *capture.LiveStats) { s.Drops, s.Freezes = s.Drops+21, s.Freezes+1 })
		case at == 3*time.Minute+500*time.Millisecond:
			half.change(func(s *capture.LiveStats) { s.Down += 58 * time.Second; s.Reopened++ })
		case at == 2*time.Minute+500*time.Millisecond:
			half.change(func(s *capture.LiveStats) { s.Down += 2 * time.Second })
		}
	}, nil, nil)
	checkMinutes(t, out.coverage)
	for i, e := range byMinute(out.coverage, "whole") {
		want, drops := "complete", uint64(0)
		if i == 1 {
			want, drops = "lossy", 42 // of two workers
		}
		if e.State != want || e.KernelDrops != drops {
			t.Errorf("whole, minute %d: %s, %d packets dropped; want %s, %d", i, e.State, e.KernelDrops, want, drops)
		}
	}
	halves := byMinute(out.coverage, "half")
	if e := halves[0]; e.State != "one_way" || e.Flows < 2 || e.OneWayFlows != e.Flows {
		t.Errorf("half, minute 0: %s, %d of %d flows one way", e.State, e.OneWayFlows, e.Flows)
	}
	if e := halves[2]; e.State != "lossy" || e.DownMS != 2000 {
		t.Errorf("half, minute 2: %s, %d ms down; want lossy, 2000", e.State, e.DownMS)
	}
	if e := halves[3]; e.State != "down" || e.DownMS != 58_000 || e.Reopened != 1 {
		t.Errorf("half, minute 3: %s, %d ms down, %d reopened", e.State, e.DownMS, e.Reopened)
	}
}

// A tap that gets every other packet lacks something of every stream at the same time: that is no network's doing.
func TestCoverageEstimatesWhatWasNotSeen(t *testing.T) {
	list := drain(t, generate(t, 60, 5).source(t))
	for i := range list {
		list[i].Data = append([]byte(nil), list[i].Data...)
	}
	good, bad := newScript("good", 1), newScript("bad", 1)
	n := 0
	out, _ := play(t, list, []*script{good, bad}, func(p *capture.Packet) int {
		if decode.FanoutHash(p)>>8&1 == 0 {
			return 0
		}
		n++
		return 1 + n&1 // the third tap is not there
	}, time.Minute, nil, nil, nil)
	var unseen, seen uint64
	for _, e := range byMinute(out.coverage, "bad") {
		unseen += e.Unseen.RTPPackets
		seen += e.Decoded["rtp"]
	}
	// As many as were seen are missing; the estimate speaks only when enough streams run at a time.
	if unseen < seen/10 || unseen > seen {
		t.Errorf("%d packets thought missing beside %d seen", unseen, seen)
	}
	for _, e := range byMinute(out.coverage, "good") {
		if e.Unseen.RTPPackets != 0 {
			t.Errorf("good: %d packets thought missing", e.Unseen.RTPPackets)
		}
	}
}

// A program that stood still while the kernel dropped packets does not call the minutes in between complete.
func TestCoverageOfAStall(t *testing.T) {
	list := drain(t, generate(t, 5, 6).source(t))[:20]
	for i := range list {
		list[i].Data = append([]byte(nil), list[i].Data...)
	}
	tap := newScript("tap", 1)
	start := list[0].Time - list[0].Time%int64(time.Minute)
	src := tap.sources[0]
	played, _ := play(t, list, []*script{tap}, func(*capture.Packet) int { return 0 }, time.Second, func(now int64) {
		if now >= list[len(list)-1].Time && src.LiveStats().Drops == 0 {
			tap.change(func(s *capture.LiveStats) { s.Drops = 7 })
			src.steps <- step{idle: start + 5*int64(time.Minute) + int64(time.Second)}
		}
	}, nil, nil)
	states := map[string]int{}
	for _, e := range played.coverage {
		states[e.State]++
	}
	if len(played.coverage) != 6 || states["lossy"] < 5 {
		t.Errorf("%d events: %v; want 5 lossy ones, and that of the last minute", len(played.coverage), states)
	}
	checkMinutes(t, played.coverage)
}

// Without its legal basis nothing of a kind of traffic is taken, and what was left out is counted.
func TestNothingWithoutLegalBasis(t *testing.T) {
	list := drain(t, generate(t, 40, 7).source(t))
	for i := range list {
		list[i].Data = append([]byte(nil), list[i].Data...)
	}
	all := func(*capture.Packet) int { return 0 }
	for name, c := range map[string]struct {
		change       func(*pipeline.Config)
		calls, media bool
	}{
		"no media":      {func(c *pipeline.Config) { c.LegalBasisMedia = "" }, true, false},
		"no signalling": {func(c *pipeline.Config) { c.LegalBasisSIP = "" }, false, true}, // calls of media alone
	} {
		out, _ := play(t, list, []*script{newScript("tap", 1)}, all, time.Minute, nil, nil, c.change)
		calls, withMedia, skipped := 0, 0, uint64(0)
		for _, r := range records(t, out.bodies) {
			if r.Kind == record.KindSIP {
				calls++
			}
			for _, m := range r.Media {
				if m.Packets != nil {
					withMedia++
				}
			}
		}
		for _, e := range out.coverage {
			skipped += e.Ignored[decode.NoLegalBasis.String()]
		}
		if (calls > 0) != c.calls || (withMedia > 0) != c.media || skipped == 0 {
			t.Errorf("%s: %d calls, %d streams, %d packets left out", name, calls, withMedia, skipped)
		}
	}
}

// Without a legal basis for calls in applications a live run follows no conversation and makes no record of one; its RTP is not
// counted without that for media.
func TestNoApplicationsWithoutLegalBasis(t *testing.T) {
	list := packetsOf(t, captures(t)["webrtc-p2p"])
	all := func(*capture.Packet) int { return 0 }
	for name, c := range map[string]struct {
		app, media string
		want       map[record.Kind]bool
		streams    bool
	}{
		"both":         {"section 1", "section 2", map[record.Kind]bool{record.KindApp: true}, true},
		"applications": {"section 1", "", map[record.Kind]bool{record.KindApp: true}, false},
		"media":        {"", "section 2", map[record.Kind]bool{record.KindMedia: true}, true},
		"neither":      {"", "", map[record.Kind]bool{}, false},
	} {
		out, _ := play(t, list, []*script{newScript("tap", 1)}, all, time.Minute, nil, nil, func(cfg *pipeline.Config) {
			cfg.LegalBasisApp, cfg.LegalBasisMedia = c.app, c.media
		})
		kinds, streams := map[record.Kind]bool{}, false
		for _, r := range records(t, out.bodies) {
			kinds[r.Kind] = true
			streams = streams || len(r.Media) > 0
			if basis := map[record.Kind]string{record.KindApp: c.app, record.KindMedia: c.media}[r.Kind]; r.LegalBasis != basis {
				t.Errorf("%s: a record of kind %s names %q", name, r.Kind, r.LegalBasis)
			}
		}
		if !maps.Equal(kinds, c.want) || streams != c.streams {
			t.Errorf("%s: records of %v, streams %t; want %v, %t", name, kinds, streams, c.want, c.streams)
		}
	}
}

// records reads what was given out.
func records(t *testing.T, bodies [][]byte) (list []record.Call) {
	t.Helper()
	for _, body := range bodies {
		var c record.Call
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

// What was lost while the program stood still over a minute's end may have been lost on either side of it.
func TestCoverageOfALossOverAMinutesEnd(t *testing.T) {
	list := drain(t, generate(t, 60, 5).source(t))
	start := list[0].Time - list[0].Time%int64(time.Minute)
	for i := range list { // from 50 s into a minute on
		list[i].Data, list[i].Time = append([]byte(nil), list[i].Data...), list[i].Time-list[0].Time+start+50*int64(time.Second)
	}
	tap := newScript("tap", 1)
	end := start + int64(time.Minute)
	var running *pipeline.Pipeline
	out, _ := play(t, list, []*script{tap}, func(*capture.Packet) int { return 0 }, 3*time.Minute, func(now int64) {
		if now == end-4*stepLength {
			for running.LiveStats().Watermark < now-stepLength { // it may be a second behind
				runtime.Gosched()
			}
			tap.change(func(s *capture.LiveStats) { s.Drops = 9 })
			tap.sources[0].busy.Store(8) // no idle moment until after the minute's end
		}
	}, func(p *pipeline.Pipeline) { running = p }, nil)
	events := byMinute(out.coverage, "tap")
	if events[0].State != "lossy" || events[1].State != "lossy" || events[2].State != "complete" {
		t.Errorf("%s, %s, %s; want lossy on both sides of the end, then complete", events[0].State, events[1].State, events[2].State)
	}
}

// A host's clock that is set back stops the minutes, but neither the handing over nor the honesty.
func TestClockSetBack(t *testing.T) {
	list := drain(t, generate(t, 60, 5).source(t))
	for i := range list {
		list[i].Data = append([]byte(nil), list[i].Data...)
	}
	half := len(list) / 2
	tap := newScript("tap", 1)
	back := 10 * int64(time.Second)
	var late []capture.Packet
	for len(late) < 4096 {
		for _, q := range list[half:] {
			q.Time -= back + list[half].Time - list[0].Time
			late = append(late, q)
		}
	}
	out, p := play(t, list[:half], []*script{tap}, func(*capture.Packet) int { return 0 }, 0, func(int64) {
		if late != nil { // before all others
			tap.sources[0].steps <- step{packets: late, idle: list[0].Time}
			late = nil
		}
	}, nil, nil)
	if s := p.LiveStats(); s.Taps[0].Late < 4096 || p.Progress()[0] < 4 {
		t.Errorf("%d late packets, progress %v", s.Taps[0].Late, p.Progress())
	}
	if e := out.coverage[0]; e.State != "lossy" {
		t.Errorf("%s, the minute in which the clock was set back", e.State)
	}
}
