package dialog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Saved collects the newest snapshot of each call from the log of an earlier run, entry by entry in the order in which they
// were written. Only its head is read of a snapshot that a later one replaces.
type Saved struct {
	now   int64
	limit int
	calls map[Key]savedCall
}

type savedCall struct {
	order uint64
	body  []byte
}

// NewSaved returns an empty collection of at most limit calls. Calls that are forgotten before now, the time of the start
// in nanoseconds since 1970, are left out.
func NewSaved(limit int, now int64) *Saved {
	return &Saved{now: now, limit: limit, calls: map[Key]savedCall{}}
}

// Snapshot takes in what Table.Save was called with, and says whose it is; body is copied. An error says that the snapshot is
// damaged, or one too many; nothing has changed then.
func (s *Saved) Snapshot(body []byte) (Key, error) {
	head, _, err := readHead(body)
	if err != nil {
		return Key{}, err
	}
	key := head.key()
	old, known := s.calls[key]
	switch {
	case head.Forget != 0 && head.Forget <= s.now:
		delete(s.calls, key)
	case !known && len(s.calls) >= s.limit:
		return Key{}, fmt.Errorf("more than %d open calls are kept in the log", s.limit)
	default:
		s.calls[key] = savedCall{head.Order, append(old.body[:0], body...)}
	}
	return key, nil
}

// Gone takes in what Table.Gone was called with.
func (s *Saved) Gone(body []byte) error {
	key, err := ParseKey(body)
	if err != nil {
		return err
	}
	delete(s.calls, key)
	return nil
}

// Len is the number of calls that are to be taken back.
func (s *Saved) Len() int { return len(s.calls) }

// Restore takes the calls back into the table, in the order in which they began, and empties the collection. Each snapshot
// that cannot be read is an error; the others are taken back.
func (s *Saved) Restore(t *Table) (calls []*Call, errs error) {
	list := make([]savedCall, 0, len(s.calls))
	for _, c := range s.calls {
		list = append(list, c)
	}
	s.calls = map[Key]savedCall{}
	slices.SortFunc(list, func(a, b savedCall) int {
		return cmp.Or(cmp.Compare(a.order, b.order), bytes.Compare(a.body, b.body))
	})
	for i := range list {
		c, err := t.Restore(list[i].body, s.now)
		list[i].body = nil
		switch {
		case err != nil:
			errs = errors.Join(errs, err)
		case c != nil:
			calls = append(calls, c)
		}
	}
	return calls, errs
}
