package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// life drives a spool on a disk that loses its power again and again, and keeps the account of what it was told.
type life struct {
	rnd    *rand.Rand
	broken breach
	acked  ledger              // told durable
	asked  map[uint64][][]byte // every body that a number was given to
	cursor uint64              // acknowledged to the spool
	epoch  uint64
	heads  map[uint64]point // chain as it was read, which must never change
}

// seeds is how many power losses each test tries; CALLTRAIL_SEEDS asks for more.
func seeds(t *testing.T) uint64 {
	n, err := strconv.ParseUint(os.Getenv("CALLTRAIL_SEEDS"), 10, 64)
	if err != nil {
		n = 2000
	}
	t.Logf("fault 2: %d seeds", n)
	return n
}

// simulate runs four lives of a spool, each ended by a power loss at a random operation, and returns the first breach
// of what the spool promises.
func simulate(seed uint64, broken breach, fault func(*disk)) error {
	rnd := rand.New(rand.NewPCG(seed, 2))
	l := &life{rnd: rnd, broken: broken, acked: ledger{}, asked: map[uint64][][]byte{}, heads: map[uint64]point{}}
	d := newDisk(seed)
	for run := range 4 {
		fault(d)
		d.power = rnd.IntN(120)
		s, err := Open(l.config(d))
		if err == nil {
			if err := l.check(s); err != nil {
				return fmt.Errorf("life %d: %w", run, err)
			}
			l.work(s)
			_ = s.Close()
		}
		d = d.crash()
	}
	s, err := Open(l.config(d))
	if err != nil {
		return err
	}
	err = l.check(s)
	if e := s.Close(); err == nil {
		err = e
	}
	return err
}

func (l *life) config(d *disk) Config {
	return Config{
		Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour, SegmentBytes: 6 << 10,
		Now: func() time.Time { return sampleNow }, breach: l.broken,
	}
}

func (l *life) body() []byte {
	b := make([]byte, l.rnd.IntN(1500))
	for i := range b {
		b[i] = byte(l.rnd.Uint32())
	}
	return b
}

// work uses the spool until the disk fails.
func (l *life) work(s *Spool) {
	for range 40 {
		switch l.rnd.IntN(8) {
		case 0:
			if s.AppendLocal(1, l.body()) != nil {
				return
			}
		case 1:
			if l.acknowledge(s) != nil {
				return
			}
		case 2:
			if _, err := s.Trim(8<<10, -1); err != nil {
				return
			}
		default:
			bodies := make([][]byte, 1+l.rnd.IntN(4))
			for i := range bodies {
				bodies[i] = l.body()
			}
			first, _, err := s.Append(bodies...)
			for i, b := range bodies {
				n := first + uint64(i)
				l.asked[n] = append(l.asked[n], b)
			}
			if err != nil {
				return
			}
			l.epoch = s.Epoch()
			l.acked.add(first, bodies...)
		}
	}
}

func (l *life) acknowledge(s *Spool) error {
	r := s.NewReader(s.Acked() + 1)
	var last Entry
	for range l.rnd.IntN(10) {
		e, err := r.Poll()
		if err != nil {
			break
		}
		last = e
	}
	if last.Seq == 0 {
		return nil
	}
	err := s.Ack(last)
	if err == nil {
		l.cursor = last.Seq
	}
	return err
}

// check reads everything and compares it with the account.
func (l *life) check(s *Spool) error {
	switch {
	case len(l.acked) > 0 && s.Epoch() != l.epoch:
		return fmt.Errorf("a new epoch with %d acknowledged records", len(l.acked))
	case s.Acked() < l.cursor:
		return fmt.Errorf("cursor %d is behind %d", s.Acked(), l.cursor)
	}
	if len(l.acked) == 0 && s.Epoch() != l.epoch {
		clear(l.heads)
		l.epoch = s.Epoch()
	}
	l.cursor = s.Acked() // the power may have failed after the rename and before Ack returned
	r := s.NewReader(0)
	var last Entry
	for {
		e, err := r.Poll()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := l.checkEntry(e, last); err != nil {
			return err
		}
		l.acked[e.Seq] = bytes.Clone(e.Body) // it could have been sent from now on
		last = e
	}
	for n := range l.acked {
		if n > max(last.Seq, s.Acked()) { // all records may have been acknowledged and trimmed
			return fmt.Errorf("acknowledged record %d is lost, the last is %d", n, last.Seq)
		}
	}
	if gaps := s.Gaps(); len(gaps) > 0 {
		return fmt.Errorf("a power loss is no damage, but: %+v", gaps)
	}
	return nil
}

func (l *life) checkEntry(e, last Entry) error {
	known := false
	for _, b := range l.asked[e.Seq] {
		known = known || bytes.Equal(b, e.Body)
	}
	want, acked := l.acked[e.Seq]
	head, read := l.heads[e.Seq]
	switch {
	case !known:
		return fmt.Errorf("record %d has bytes nobody gave it", e.Seq)
	case acked && !bytes.Equal(want, e.Body):
		return fmt.Errorf("acknowledged record %d has other bytes", e.Seq)
	case e.Hash != Link(e.Prev, e.Epoch, e.Seq, e.Leaf):
		return fmt.Errorf("record %d: wrong hash", e.Seq)
	case last.Seq == 0 && e.Seq > l.cursor+1:
		return fmt.Errorf("the oldest record is %d, acknowledged is %d", e.Seq, l.cursor)
	case last.Seq != 0 && (e.Seq != last.Seq+1 || e.Prev != last.Hash):
		return fmt.Errorf("record %d does not follow %d", e.Seq, last.Seq)
	case e.Seq == 1 && e.Prev != Genesis("edge-1", nil):
		return errors.New("record 1 does not begin the chain")
	case read && head.hash != e.Hash:
		return fmt.Errorf("record %d has changed its hash", e.Seq)
	}
	l.heads[e.Seq] = point{e.Seq, e.Hash}
	return nil
}

// Fault 2: every acknowledged record comes back.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	for seed := range seeds(t) {
		if err := simulate(seed, intact, func(*disk) {}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// Faults 2 and 4 together: one fsync in ten fails, and what it should have written is lost though the file shows it.
func TestPowerLossAndFailingSync(t *testing.T) {
	t.Parallel()
	for seed := range seeds(t) {
		if err := simulate(seed, intact, func(d *disk) { d.failSync = 0.1 }); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// The controls of faults 2 and 4: with a spool that does not sync, or calls a failed fsync again, or acknowledges what it has
// only queued, and with a disk that only says that it has synced, the check must find the loss, or it proves nothing.
func TestPowerLossIsNoticed(t *testing.T) {
	t.Parallel()
	for name, control := range map[string]struct {
		broken breach
		fault  func(*disk)
	}{
		"fsync skipped":             {skipSync, func(*disk) {}},
		"failed fsync called again": {syncAgain, func(d *disk) { d.failSync = 0.1 }},
		"acknowledged early":        {acknowledge, func(*disk) {}},
		"a disk that lies":          {intact, func(d *disk) { d.lyingSync = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := 0
			for seed := range uint64(100) {
				if simulate(seed, control.broken, control.fault) != nil {
					found++
				}
			}
			if found < 50 {
				t.Errorf("loss found with %d of 100 seeds", found)
			}
			t.Logf("loss found with %d of 100 seeds", found)
		})
	}
}
