package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// assembler takes a program step by step, with names for the places where jumps lead, and makes instructions of it.
//
// Every jump of a filter leads forward, and a conditional one no further than 255 instructions. So the program is laid out
// from its end: what a jump leads to is in its place when the jump is made, and where it is too far away, a long jump is
// put behind the conditional one. A long jump to a return becomes a copy of that return.
type assembler struct {
	steps  []step
	labels []string // of the next step
	note   string   // of the next step
}

// step is an instruction, or a jump by name.
type step struct {
	labels []string
	note   string
	ins    bpf.Instruction // nil for a jump
	cond   *condition      // nil for a jump that is always taken
	yes    string          // where to, for every jump
	no     string
}

// condition compares register A with a constant.
type condition struct {
	test  bpf.JumpTest
	value uint32
}

// next, as the name of a place, is the step after this one.
const next = ""

// maxSkip is how many instructions a conditional jump can pass over.
const maxSkip = 255

// at names the place of the next step. note says why it is there, for who reads the program.
func (a *assembler) at(label, note string) {
	a.labels = append(a.labels, label)
	if note != "" {
		a.note = note
	}
}

func (a *assembler) add(s step) {
	s.labels, s.note = a.labels, a.note
	a.labels, a.note = nil, ""
	a.steps = append(a.steps, s)
}

func (a *assembler) do(list ...bpf.Instruction) {
	for _, ins := range list {
		a.add(step{ins: ins})
	}
}

// jump goes to a place.
func (a *assembler) jump(to string) { a.add(step{yes: to}) }

// equal, above, least and any compare A with value and go on at yes or at no: A == value, A > value, A >= value, and
// A & value != 0.
func (a *assembler) equal(value uint32, yes, no string) { a.branch(bpf.JumpEqual, value, yes, no) }

func (a *assembler) above(value uint32, yes, no string) {
	a.branch(bpf.JumpGreaterThan, value, yes, no)
}

func (a *assembler) least(value uint32, yes, no string) {
	a.branch(bpf.JumpGreaterOrEqual, value, yes, no)
}
func (a *assembler) any(value uint32, yes, no string) { a.branch(bpf.JumpBitsSet, value, yes, no) }

func (a *assembler) branch(test bpf.JumpTest, value uint32, yes, no string) {
	a.add(step{cond: &condition{test, value}, yes: yes, no: no})
}

// layout is a program while it is laid out from its end.
type layout struct {
	reversed []bpf.Instruction
	notes    map[int]string             // by distance from the end
	places   map[string]int             // by name: instructions from there to the end
	returns  map[string]bpf.Instruction // those of the places that are a return
}

// assemble returns the instructions and the notes by the number of the instruction that they stand before.
func (a *assembler) assemble() (program []bpf.Instruction, notes map[int]string, err error) {
	l := layout{notes: map[int]string{}, places: map[string]int{}, returns: map[string]bpf.Instruction{}}
	live := a.live()
	for i := len(a.steps) - 1; i >= 0; i-- {
		s := &a.steps[i]
		if !live[i] {
			continue
		}
		if err := l.put(s); err != nil {
			return nil, nil, err
		}
		for _, label := range s.labels {
			if _, twice := l.places[label]; twice {
				return nil, nil, fmt.Errorf("filter: assemble: two places are named %q", label)
			}
			l.places[label] = len(l.reversed)
			switch s.ins.(type) {
			case bpf.RetConstant, bpf.RetA:
				l.returns[label] = s.ins
			}
		}
		if s.note != "" {
			l.notes[len(l.reversed)] = s.note
		}
	}
	notes = map[int]string{}
	n := len(l.reversed)
	for i := range l.reversed {
		program = append(program, l.reversed[n-1-i])
	}
	for fromEnd, note := range l.notes {
		notes[n-fromEnd] = note
	}
	return program, notes, nil
}

// live finds the steps that something leads to: what a configuration has no use for is left out. As no jump leads back, one
// look is enough.
func (a *assembler) live() []bool {
	live, named := make([]bool, len(a.steps)), map[string]bool{}
	through := true // from the step before
	for i := range a.steps {
		s := &a.steps[i]
		for _, label := range s.labels {
			through = through || named[label]
		}
		if live[i] = through; !through {
			continue
		}
		named[s.yes], named[s.no] = true, true
		switch s.ins.(type) {
		case nil:
			through = s.cond != nil && (s.yes == next || s.no == next)
		case bpf.RetConstant, bpf.RetA:
			through = false
		}
	}
	return live
}

// put puts one step before what is laid out.
func (l *layout) put(s *step) error {
	if s.ins != nil {
		l.reversed = append(l.reversed, s.ins)
		return nil
	}
	for _, label := range []string{s.yes, s.no} {
		if _, ok := l.places[label]; !ok && label != next {
			return fmt.Errorf("filter: assemble: a jump to %q, which is not further on", label)
		}
	}
	if s.cond == nil {
		l.long(s.yes)
		return nil
	}
	after := len(l.reversed)
	no := l.reach(s.no, after)
	yes := l.reach(s.yes, after)
	here := len(l.reversed)
	l.reversed = append(l.reversed, bpf.JumpIf{
		Cond: s.cond.test, Val: s.cond.value,
		SkipTrue: uint8(here - yes), SkipFalse: uint8(here - no), //nolint:gosec // reach keeps them within maxSkip
	})
	return nil
}

// reach returns the place, counted from the end, that a conditional jump needs for a label: the label's own, or that of a
// long jump to it. after is the place of the step after the jump.
func (l *layout) reach(label string, after int) int {
	if label == next {
		return after
	}
	if after+2-l.places[label] <= maxSkip { // 2: room for the long jumps of both outcomes
		return l.places[label]
	}
	l.long(label)
	return len(l.reversed)
}

// long jumps to a label, however far.
func (l *layout) long(label string) {
	if ret, ok := l.returns[label]; ok {
		l.reversed = append(l.reversed, ret)
		return
	}
	l.reversed = append(l.reversed, bpf.Jump{Skip: uint32(len(l.reversed) - l.places[label])}) //nolint:gosec // forward
}
