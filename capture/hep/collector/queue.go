package collector

import (
	"sync"

	"calltrail/capture/hep"
)

// entry is a message in the queue.
type entry struct {
	length int
	// arrival is when it was read, said the agent's own time, in ns since 1970; said is noTime when it is not to be used.
	arrival, said int64
}

const noTime = int64(-1)

// queue is what waits for the worker: two rings, of entries and of their octets.
type queue struct {
	mu      sync.Mutex // guards all
	room    sync.Cond  // there is more room, or the queue is closed
	entries []entry
	octets  []byte
	first   int // entry
	count   int
	start   int // octet
	used    int
	closed  bool

	// ready has a token when there is something to take, or the queue was closed.
	ready chan struct{}
}

func newQueue(messages, octets int) *queue {
	q := &queue{entries: make([]entry, messages), octets: make([]byte, max(octets, hep.MaxLen)), ready: make(chan struct{}, 1)}
	q.room.L = &q.mu
	return q
}

// put appends a copy of b. It is false when the queue is closed, or when it is full and wait is false.
func (q *queue) put(b []byte, arrival, said int64, wait bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && (q.count == len(q.entries) || len(b) > len(q.octets)-q.used) {
		if !wait || len(b) > len(q.octets) {
			return false
		}
		q.room.Wait()
	}
	if q.closed {
		return false
	}
	q.entries[(q.first+q.count)%len(q.entries)] = entry{len(b), arrival, said}
	q.count++
	end := (q.start + q.used) % len(q.octets)
	n := copy(q.octets[end:], b)
	copy(q.octets, b[n:])
	q.used += len(b)
	q.wake()
	return true
}

// take copies the oldest message to dst, which has room for the longest, and returns its entry.
func (q *queue) take(dst []byte) (e entry, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.count == 0 {
		return entry{}, false
	}
	e = q.entries[q.first]
	q.first = (q.first + 1) % len(q.entries)
	q.count--
	n := copy(dst[:e.length], q.octets[q.start:])
	copy(dst[n:e.length], q.octets)
	q.start = (q.start + e.length) % len(q.octets)
	q.used -= e.length
	q.room.Broadcast()
	return e, true
}

// close lets everybody go. What is in the queue can still be taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
	q.wake()
}

// ended says whether the queue is closed and empty.
func (q *queue) ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed && q.count == 0
}

func (q *queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}
