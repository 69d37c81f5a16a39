//go:build linux && cgo

package afpacket

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"calltrail/capture"
)

// tap is one interface under observation. Its goroutine (watch.go) makes the sockets again when the interface was away;
// the workers read them (live.go).
type tap struct {
	cfg     capture.TapConfig
	control int // for questions about the interface; the watching goroutine closes it
	lives   []*live
	link    capture.LinkType // that the filter is made for: what the interface had when it was opened
	ended   atomic.Bool      // Close was called
	stop    chan struct{}    // closed by Close

	mu      sync.Mutex           // guards what follows
	filter  []bpf.RawInstruction // as it was given
	current []*socket            // one for each worker; nil while there is none
	outage  outage
}

// Open observes an interface. The error says what is missing: the interface, the right, memory for the ring. An
// interface that is down is no error: capture begins when it comes up.
func Open(cfg capture.TapConfig) (capture.Tap, error) {
	t, err := open(cfg)
	if err != nil {
		return nil, fmt.Errorf("tap %s: %w", cfg.Interface, err)
	}
	return t, nil
}

func open(cfg capture.TapConfig) (*tap, error) {
	switch {
	case cfg.Workers < 1:
		return nil, fmt.Errorf("%d workers: at least 1 is needed", cfg.Workers)
	case cfg.RingBytes < minBlocks*blockSize:
		return nil, fmt.Errorf("a ring of %d octets is too small: at least %d", cfg.RingBytes, minBlocks*blockSize)
	case cfg.BlockTimeout < time.Millisecond || cfg.BlockTimeout > time.Second:
		return nil, fmt.Errorf("block time-out %v is outside of 1ms to 1s", cfg.BlockTimeout)
	case cfg.SnapLength < 1:
		return nil, fmt.Errorf("a snap length of %d octets keeps nothing", cfg.SnapLength)
	}
	control, err := openControl()
	if err != nil {
		return nil, err
	}
	t := &tap{
		cfg: cfg, control: control, filter: slices.Clone(cfg.Filter), stop: make(chan struct{}),
	}
	for range cfg.Workers {
		t.lives = append(t.lives, &live{tap: t, until: time.Now()})
	}
	is, err := ask(control, cfg.Interface)
	if err == nil {
		t.link, err = linkOf(is.hardware)
	}
	if err == nil {
		err = t.openAll(is)
	}
	if err != nil {
		_ = unix.Close(control) // it held nothing
		return nil, err
	}
	t.outage.note(is.up, false, time.Now())
	go t.watch()
	return t, nil
}

// openAll makes a socket for each worker and hands them over. They begin at the same instant, when all of them stand.
func (t *tap) openAll(is iface) (err error) {
	if link, err := linkOf(is.hardware); err != nil || link != t.link {
		return fmt.Errorf("its packets begin with another header (link type %d) than the filter is made for (%d): start the capture again", link, t.link)
	}
	filter, err := program(t.filter, t.cfg.SnapLength, is.hardware == unix.ARPHRD_LOOPBACK)
	if err != nil {
		return err
	}
	var all []*socket
	defer func() {
		if err != nil {
			for _, s := range all {
				s.close()
			}
		}
	}()
	group := newGroup
	for range t.lives {
		s, err := openSocket(t.cfg, is)
		if err != nil {
			return err
		}
		all = append(all, s)
		// A group of one too: the kernel puts fragments together only in a group, and the records must not depend on the
		// number of workers.
		if group, err = s.join(group); err != nil {
			return err
		}
	}
	if err = begin(all, filter); err != nil {
		return err
	}
	for i, s := range all {
		t.lives[i].add(s)
	}
	t.current = all
	return nil
}

// settleTime is how long a packet may be on its way from its time stamp, by the choice of its sockets and their filters,
// into a ring. It is one run of a soft interrupt: microseconds.
const settleTime = time.Millisecond

// begin ends the time in which the sockets take nothing. What was on its way when that was said is in the rings with a
// time before the instant; and what is counted afterwards has a time after it.
func begin(all []*socket, filter []bpf.RawInstruction) error {
	time.Sleep(settleTime)
	at := time.Now().UnixNano()
	for _, s := range all {
		s.begin = at
		s.tally() // counted before: forgotten
	}
	time.Sleep(settleTime)
	for _, s := range all {
		if err := s.attach(filter); err != nil {
			return fmt.Errorf("attach filter of %d instructions: %w", len(filter), err)
		}
	}
	return nil
}

// Name of the interface.
func (t *tap) Name() string { return t.cfg.Interface }

// Sources are the workers' parts.
func (t *tap) Sources() []capture.Live {
	all := make([]capture.Live, len(t.lives))
	for i, l := range t.lives {
		all[i] = l
	}
	return all
}

// SetFilter replaces the filter of all workers, also for sockets made later. When the kernel refuses it, the one before
// stays.
func (t *tap) SetFilter(filter []bpf.RawInstruction) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended.Load() {
		return fmt.Errorf("tap %s: set filter: %w", t.cfg.Interface, errClosed)
	}
	if err := t.attach(filter); err != nil {
		if again := t.attach(t.filter); again != nil {
			err = errors.Join(err, fmt.Errorf("and the one before: %w", again))
		}
		return fmt.Errorf("tap %s: set filter: %w", t.cfg.Interface, err)
	}
	t.filter = slices.Clone(filter)
	return nil
}

var errClosed = errors.New("the tap is closed")

func (t *tap) attach(filter []bpf.RawInstruction) error {
	for _, s := range t.current {
		all, err := program(filter, t.cfg.SnapLength, s.loopback)
		if err != nil {
			return err
		}
		if err = s.attach(all); err != nil {
			return fmt.Errorf("attach %d instructions: %w", len(all), err)
		}
	}
	return nil
}

// Close ends the taking of packets at once. Each worker's Next returns io.EOF when all that the kernel counted was read:
// about a block time-out later. It waits for nobody.
func (t *tap) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended.Swap(true) {
		return nil
	}
	for _, s := range t.current {
		s.retire()
	}
	t.current = nil
	close(t.stop)
	return nil
}
