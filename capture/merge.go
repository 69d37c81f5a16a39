package capture

import (
	"errors"
	"io"
	"slices"
	"sync/atomic"
)

// Merge reads several capture files as one stream in time order. It is a Source. Packets of equal time come in the
// order of the files; the order within a file is never changed, so a file with times that go back puts its packets
// there, like the program that wrote it. Packet.Position counts from 1 over the whole stream; Packet.Tap is the
// interface within the file that Name tells.
//
// A file is open, with a buffer of half a MiB, only from the moment the stream reaches its first packet until its end.
// One goroutine may call Next, Name and Damage; Offset and Size may be called from others.
type Merge struct {
	inputs   []*input // all, in the order given
	waiting  []*input // not reached yet, by time of the first packet
	open     []*input // a heap by time of the head
	current  *input   // whose head was handed out and must be moved on; nil before the first packet
	position uint64
	size     int64
	damage   []error
}

// input is one file of a merge.
type input struct {
	path  string
	order int // in the list given
	first int64
	file  *File                // while it is open
	head  Packet               // its next packet, in the file's memory
	seen  atomic.Pointer[File] // the File last opened, for Offset
}

// before is the order of the merged stream.
func (in *input) before(other *input) bool {
	if in.head.Time != other.head.Time {
		return in.head.Time < other.head.Time
	}
	return in.order < other.order
}

// OpenFiles opens every path ("-" is standard input) far enough to learn the time of its first packet. It fails when
// one cannot be opened, or when there is none. A damaged or unknown file is left to Damage.
func OpenFiles(paths []string) (*Merge, error) {
	if len(paths) == 0 {
		return nil, errors.New("no capture file given")
	}
	m := &Merge{}
	for i, path := range paths {
		if path == "-" && slices.Contains(paths[:i], path) {
			_ = m.Close()
			return nil, errors.New("standard input (-) is given twice")
		}
		in := &input{path: path, order: i}
		m.inputs = append(m.inputs, in)
		if err := m.peek(in, len(paths) > 1); err != nil {
			_ = m.Close()
			return nil, err
		}
	}
	slices.SortStableFunc(m.waiting, func(a, b *input) int {
		switch {
		case a.first < b.first:
			return -1
		case a.first > b.first:
			return 1
		}
		return 0
	})
	return m, nil
}

// peek learns the time of an input's first packet. With shut the file is closed again, if it can be read from its
// start once more: pipes cannot.
func (m *Merge) peek(in *input, shut bool) error {
	f, err := OpenFile(in.path)
	if err != nil {
		if !isContent(err) {
			return err
		}
		m.damage = append(m.damage, err)
		return nil
	}
	in.file = f
	in.seen.Store(f)
	if f.Size() < 0 || m.size < 0 {
		m.size = -1
	} else {
		m.size += f.Size()
	}
	if !m.advance(in) {
		return nil
	}
	in.first = in.head.Time
	m.waiting = append(m.waiting, in)
	if shut && f.Size() >= 0 {
		in.file = nil
		in.seen.Store(nil)
		return f.Close()
	}
	return nil
}

// isContent tells an input whose octets are wrong from one that could not be opened.
func isContent(err error) bool { return errors.Is(err, ErrDamaged) || errors.Is(err, ErrFormat) }

// advance reads an input's next packet. False: the input has ended and is closed.
func (m *Merge) advance(in *input) bool {
	err := in.file.Next(&in.head)
	if err == nil {
		return true
	}
	if !errors.Is(err, io.EOF) {
		m.damage = append(m.damage, err)
	}
	if err := in.file.Close(); err != nil {
		m.damage = append(m.damage, err)
	}
	in.file = nil
	return false
}

// reach opens an input whose first packet is due.
func (m *Merge) reach(in *input) {
	if in.file == nil {
		f, err := OpenFile(in.path)
		if err != nil {
			m.damage = append(m.damage, err)
			return
		}
		in.file = f
		in.seen.Store(f)
		if !m.advance(in) {
			return
		}
	}
	m.open = append(m.open, in)
	for i := len(m.open) - 1; i > 0; {
		parent := (i - 1) / 2
		if !m.open[i].before(m.open[parent]) {
			break
		}
		m.open[i], m.open[parent] = m.open[parent], m.open[i]
		i = parent
	}
}

// settle puts the top of the heap where it belongs.
func (m *Merge) settle() {
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.open); child++ {
			if m.open[child].before(m.open[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.open[i], m.open[least] = m.open[least], m.open[i]
		i = least
	}
}

// Next fills p with the next packet of the stream. Data is valid until the next call of Next or Close. The only
// error is io.EOF, after the last packet of the last file: a file that is damaged, or cannot be read any more, ends
// there, is named by Damage, and the others go on.
func (m *Merge) Next(p *Packet) error {
	if m.current != nil {
		if !m.advance(m.current) {
			last := len(m.open) - 1
			m.open[0] = m.open[last]
			m.open[last] = nil
			m.open = m.open[:last]
		}
		m.current = nil
		m.settle()
	}
	for len(m.waiting) > 0 && (len(m.open) == 0 || m.waiting[0].first <= m.open[0].head.Time) {
		m.reach(m.waiting[0])
		m.waiting = m.waiting[1:]
	}
	if len(m.open) == 0 {
		return io.EOF
	}
	m.current = m.open[0]
	m.position++
	*p = m.current.head
	p.Position = m.position
	return nil
}

// Close closes what is open. Next must not be called after it.
func (m *Merge) Close() error {
	var failed []error
	for _, in := range m.inputs {
		if in.file != nil {
			failed = append(failed, in.file.Close())
			in.file = nil
		}
	}
	m.open, m.waiting, m.current = nil, nil, nil
	return errors.Join(failed...)
}

// Damage lists what ended a file before its end, one error for each file, in the order found: errors that wrap
// ErrDamaged or ErrFormat, or what the operating system said. It is complete when Next has returned io.EOF.
func (m *Merge) Damage() []error { return slices.Clone(m.damage) }

// Name is the name of the file that the last packet came from, empty before the first.
func (m *Merge) Name() string {
	if m.current == nil {
		return ""
	}
	return m.current.file.Name()
}

// Interfaces are the names of the interfaces of the file that the last packet came from; see File.Interfaces.
func (m *Merge) Interfaces() []string {
	if m.current == nil {
		return nil
	}
	return m.current.file.Interfaces()
}

// Offset is how many octets of all inputs were read so far.
func (m *Merge) Offset() int64 {
	var sum int64
	for _, in := range m.inputs {
		if f := in.seen.Load(); f != nil {
			sum += f.Offset()
		}
	}
	return sum
}

// Size is the length of all inputs in octets, or -1 when one of them is not a regular file.
func (m *Merge) Size() int64 { return m.size }
