package gen

// Times within the package are microseconds since 1970, the unit of the file.
const (
	ms     = int64(1000)
	second = 1000 * ms
)

// actor does something at a time and says when it wants to be called next; false: never again.
type actor interface {
	act(w *world, now int64) (next int64, more bool)
}

// event is an actor's turn.
type event struct {
	at    int64
	order uint64 // of equal times the one planned first: the file must not depend on the heap
	who   actor
}

func (e event) before(other event) bool {
	return e.at < other.at || e.at == other.at && e.order < other.order
}

// agenda is a binary heap of turns, the next one first.
type agenda struct {
	events  []event
	planned uint64
}

// plan adds a turn.
func (a *agenda) plan(at int64, who actor) {
	a.planned++
	a.events = append(a.events, event{at, a.planned, who})
	for i := len(a.events) - 1; i > 0; {
		parent := (i - 1) / 2
		if !a.events[i].before(a.events[parent]) {
			break
		}
		a.events[i], a.events[parent] = a.events[parent], a.events[i]
		i = parent
	}
}

// next takes the first turn out; false when there is none.
func (a *agenda) next() (event, bool) {
	if len(a.events) == 0 {
		return event{}, false
	}
	first := a.events[0]
	last := len(a.events) - 1
	a.events[0] = a.events[last]
	a.events[last] = event{}
	a.events = a.events[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if a.events[child].before(a.events[least]) {
				least = child
			}
		}
		if least == i {
			return first, true
		}
		a.events[i], a.events[least] = a.events[least], a.events[i]
		i = least
	}
}
