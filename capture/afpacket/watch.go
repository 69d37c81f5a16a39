//go:build linux && cgo

package afpacket

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// watchEvery is how often the interface is looked at: three system calls, some microseconds.
	watchEvery = 100 * time.Millisecond
	// retryEvery is how many looks lie between two attempts to make the sockets again.
	retryEvery = 2
)

// watch looks after the interface until Close.
//
// The kernel keeps a socket through the interface going down and up again: it takes packets from the first one after.
// When the interface is deleted, renamed, replaced or moved away, the sockets are made again as soon as there is one of
// the name. So capture follows the name, as the configuration does.
func (t *tap) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-t.stop:
			_ = unix.Close(t.control) // it held nothing
			return
		case <-tick.C:
			t.look(n%retryEvery == 0)
		}
	}
}

// look compares the sockets with what the interface is now.
func (t *tap) look(retry bool) {
	is, err := ask(t.control, t.cfg.Interface)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended.Load() {
		return
	}
	failed := false
	for _, s := range t.current {
		s.clearError()
		failed = s.failed.Swap(false) || failed
	}
	if t.current != nil && (err != nil || !t.current[0].boundTo(is.index)) {
		for _, s := range t.current {
			s.retire()
		}
		t.current = nil
		t.outage.note(false, false, time.Now()) // also when there is another at once
	}
	if t.current == nil && err == nil && retry && t.drained() {
		// What refuses now (no memory, no right, a device that is half gone) is tried again; Up and Down tell of it.
		_ = t.openAll(is)
	}
	t.outage.note(err == nil && is.up && t.current != nil, failed, time.Now())
}

// drained says whether the workers have room for another socket. Each holds two at most: one that is being read to its
// end, and the one after it.
func (t *tap) drained() bool {
	for _, l := range t.lives {
		if !l.hasRoom() {
			return false
		}
	}
	return true
}

// outage adds up the times in which no packet could come.
type outage struct {
	since time.Time     // when the present one began; zero while there is none
	total time.Duration // of those that ended
	ended uint64        // how many did
	known bool          // there was a note
}

// note says whether packets can come at a moment, and whether in between the kernel said that they could not.
func (o *outage) note(up, failed bool, now time.Time) {
	wasUp := o.since.IsZero()
	switch {
	case !up && (wasUp || !o.known):
		o.since = now
	case up && !wasUp:
		o.total += now.Sub(o.since)
		o.since = time.Time{}
		o.ended++
	case up && failed && o.known:
		o.ended++ // shorter than the time between two looks
	}
	o.known = true
}

// duration of all outages, the present one included.
func (o *outage) duration(now time.Time) time.Duration {
	if o.since.IsZero() {
		return o.total
	}
	return o.total + now.Sub(o.since)
}
