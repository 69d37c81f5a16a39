package media

// pushOut drops the oldest stream that has only one packet, and says whether there was one.
func (t *Table) pushOut() bool {
	for t.freshHead < len(t.fresh) {
		ref := t.fresh[t.freshHead]
		t.freshHead++
		e := &t.entries[ref.slot]
		if e.used && e.generation == ref.generation && !e.several {
			t.Stats.Pushed++
			t.close(ref.slot, t.now)
			t.trimFresh()
			return true
		}
	}
	t.trimFresh()
	return false
}

// trimFresh keeps the list of streams of one packet from growing over its used-up front.
func (t *Table) trimFresh() {
	if t.freshHead > 1024 && 2*t.freshHead > len(t.fresh) {
		n := copy(t.fresh, t.fresh[t.freshHead:])
		t.fresh, t.freshHead = t.fresh[:n], 0
	}
}

// compactFresh forgets streams of several packets and closed ones, so that the list is no longer than twice the streams there are, and some.
func (t *Table) compactFresh() {
	kept := t.fresh[:0]
	for _, ref := range t.fresh[t.freshHead:] {
		if e := &t.entries[ref.slot]; e.used && e.generation == ref.generation && !e.several {
			kept = append(kept, ref)
		}
	}
	t.fresh, t.freshHead = kept, 0
}
