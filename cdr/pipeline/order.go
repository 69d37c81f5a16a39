package pipeline

import (
	"sync"

	"calltrail/cdr/media"
)

// How the order of packet time is kept.
//
// A worker has a clock, the latest packet time it has seen. Each batch says how far that clock is and which packet of the
// input has gone by (its watermark): what comes later is after both. The correlator handles what is up to the lowest
// watermark of all workers, sorted by time and position in the input, and fires the timers in between; the time up to
// which it has done so is the progress. The position decides where many packets have the same time; without it in the
// watermark, workers would wait for each other for ever in a file that has one time for all.
//
// The correlator asks for one thing back: to stop counting a stream at a time to come, always at least media.Linger after
// the progress. So a worker may run ahead of the progress by less than that and no command comes too late. When it would
// run further, it waits. A gap in the capture is crossed in one step where no timer stands in it: the batch says when the
// worker's next packet is.

// progress is how far the correlator is, and what it asks of the workers.
type progress struct {
	mu       sync.Mutex
	moved    sync.Cond
	done     int64
	commands [][]media.Command // by worker
	stopped  bool
}

func newProgress(workers int) *progress {
	p := &progress{commands: make([][]media.Command, workers), done: -1 << 62}
	p.moved.L = &p.mu
	return p
}

// advance publishes commands, then the progress. Called by the correlator.
func (p *progress) advance(done int64, commands []media.Command) {
	p.mu.Lock()
	for _, c := range commands {
		p.commands[c.ID.Worker] = append(p.commands[c.ID.Worker], c)
	}
	p.done = max(p.done, done)
	p.mu.Unlock()
	p.moved.Broadcast()
}

// stop lets everybody go: the run is over.
func (p *progress) stop() {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.moved.Broadcast()
}

// take returns the progress and the worker's commands, appended to dst.
func (p *progress) take(worker int, dst []media.Command) (done int64, commands []media.Command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	dst = append(dst, p.commands[worker]...)
	p.commands[worker] = p.commands[worker][:0]
	return p.done, dst
}

// wait returns when the progress is more than known, or false when the run is over.
func (p *progress) wait(known int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.done <= known && !p.stopped {
		p.moved.Wait()
	}
	return !p.stopped
}
