package spool

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// groupCommit is the promise: what Write took is durable at most so much later.
const groupCommit = 100 * time.Millisecond

// loseWindow writes records at random moments on a clock of its own, cuts the power at another, and returns the first record
// that was given to Write more than the window before and did not come back; and how old the oldest lost one was. The disk itself
// takes no time: what it takes comes on top, and is measured by TestKill's like on a real one.
func loseWindow(t *testing.T, seed uint64, broken breach) (youth time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		d := newDisk(seed)
		cfg := Config{Dir: "/s", Sensor: "edge-1", FS: d, SegmentBytes: 6 << 10, breach: broken} // the window is the default
		s, e := Open(cfg)
		if e != nil {
			err = e
			return
		}
		var given []time.Time
		for range 20 + rnd.IntN(60) {
			time.Sleep(time.Duration(rnd.Int64N(int64(120 * time.Millisecond)))) // of the test's clock
			if rnd.IntN(5) == 0 {
				if e := s.WriteLocal(1, body(9)); e != nil {
					err = e
				}
				continue
			}
			if _, e := s.Write(body(uint64(len(given) + 1))); e != nil {
				err = e
			}
			given = append(given, time.Now())
		}
		time.Sleep(time.Duration(rnd.Int64N(int64(groupCommit + groupCommit/2))))
		synctest.Wait() // what was due by now has been done
		cut := time.Now()
		after := d.crash()
		_ = s.Close() // it finds the power off
		cfg.FS = after
		if s, e = Open(cfg); e != nil {
			err = e
			return
		}
		list := readAll(t, s, 1)
		for i, e := range list {
			if e.Seq != uint64(i+1) || !bytes.Equal(e.Body, body(e.Seq)) {
				err = fmt.Errorf("record %d is at %d, or with other bytes", e.Seq, i+1)
				return
			}
		}
		if len(list) < len(given) {
			if youth = cut.Sub(given[len(list)]); youth > groupCommit {
				err = fmt.Errorf("record %d, written %v before the power loss, is lost", len(list)+1, youth)
			}
		}
		if e := s.Close(); e != nil {
			err = e
		}
	})
	return youth, err
}

// Fault 2: a power loss takes no record that is older than the group commit, and what is left is the beginning of the chain.
func TestPowerLossWindow(t *testing.T) {
	t.Parallel()
	oldest, lost := time.Duration(0), 0
	n := seeds(t)
	if testing.Short() {
		n /= 10
	}
	for seed := range n {
		youth, err := loseWindow(t, seed, intact)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if youth > 0 {
			lost++
		}
		oldest = max(oldest, youth)
	}
	t.Logf("in %d of %d power losses records were lost, the oldest %v before written", lost, n, oldest)
	if lost == 0 {
		t.Error("no power loss took anything: the test shows nothing")
	}
}

// Its control: a spool that waits longer.
func TestPowerLossWindowIsNoticed(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(100) {
		if _, err := loseWindow(t, seed, slowWindow); err != nil {
			found++
		}
	}
	if found < 30 {
		t.Errorf("the longer wait was found with %d of 100 seeds", found)
	}
}
