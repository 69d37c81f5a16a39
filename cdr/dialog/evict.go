package dialog

import "slices"

// queueName is one of the lines in which calls wait to be pushed out of a full table: what costs least goes first.
type queueName uint8

const (
	held        queueName = iota // final record made; nothing is lost
	early                        // not answered
	established                  // answered
	numQueues
)

type queued struct {
	call   *Call
	ticket uint64 // that of the call when it was put here; another one says that it has moved on
}

func (t *Table) enqueue(c *Call, q queueName) {
	t.orders++
	c.queue, c.queued = q, t.orders
	if list := t.queues[q]; len(list) > 2*t.cfg.Calls+64 {
		t.queues[q] = slices.DeleteFunc(list, func(e queued) bool { return e.call.gone || e.call.queued != e.ticket })
	}
	t.queues[q] = append(t.queues[q], queued{c, c.queued})
}

// evict makes room for one call. An open one gets its record first.
func (t *Table) evict() {
	for q := range t.queues {
		for len(t.queues[q]) > 0 {
			e := t.queues[q][0]
			t.queues[q] = t.queues[q][1:]
			c := e.call
			if c.gone || c.queued != e.ticket {
				continue
			}
			if !c.Done {
				t.Stats.Evicted++
				c.Flags |= Evicted
				t.record(c, !c.Open(), t.now)
				c.Done = true
			}
			t.remove(c)
			return
		}
	}
}

func sortByOrder(calls []*Call) {
	slices.SortFunc(calls, func(a, b *Call) int {
		if a.order < b.order {
			return -1
		}
		return 1
	})
}
