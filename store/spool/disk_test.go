package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// disk is a file system that can lose power. What a program sees (the page cache) and what would be there after a power
// loss are kept apart: Sync copies the dirty sectors of one file, SyncDir the names of one directory. A power loss takes
// of each dirty sector either the old or the new content or, where the file had not reached, garbage; and of the names
// changed since SyncDir any subset.
type disk struct {
	mu    sync.Mutex
	rnd   *rand.Rand
	names map[string]*inode // as the program sees them
	hard  map[string]*inode // as they are on the medium
	log   []nameChange      // not synced
	locks map[string]bool

	power     int     // operations until the power fails; negative: never
	room      int64   // octets that still fit; negative: no limit
	failSync  float64 // probability that Sync fails with EIO
	lyingSync bool    // Sync says yes and does nothing
	syncs     int
}

type inode struct {
	live, hard []byte
	dirty      map[int]bool // sectors of live that are not in hard
}

type nameChange struct {
	dir   string
	apply func(map[string]*inode)
}

var errPower = errors.New("power is off")

func newDisk(seed uint64) *disk {
	return &disk{
		rnd: rand.New(rand.NewPCG(seed, 1)), names: map[string]*inode{}, hard: map[string]*inode{},
		locks: map[string]bool{}, power: -1, room: -1,
	}
}

// tick counts an operation that changes something; the caller holds mu.
func (d *disk) tick() error {
	if d.power == 0 {
		return errPower
	}
	if d.power > 0 {
		d.power--
	}
	return nil
}

// crash cuts the power and returns the disk as the next boot finds it.
func (d *disk) crash() *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.power = 0
	after := newDisk(d.rnd.Uint64())
	after.hard = maps.Clone(d.hard)
	ordered := d.rnd.IntN(2) == 0
	kept := d.rnd.IntN(len(d.log) + 1)
	for i, change := range d.log {
		if ordered && i < kept || !ordered && d.rnd.IntN(2) == 0 {
			change.apply(after.hard)
		}
	}
	for name, n := range after.hard {
		survivor := n.torn(d.rnd)
		after.hard[name] = &inode{hard: survivor, live: slices.Clone(survivor), dirty: map[int]bool{}}
	}
	after.names = maps.Clone(after.hard)
	return after
}

// torn is what a power loss leaves of a file.
func (n *inode) torn(rnd *rand.Rand) []byte {
	sizes := []int{len(n.hard), len(n.live)}
	if low, high := min(sizes[0], sizes[1]), max(sizes[0], sizes[1]); high > low {
		sizes = append(sizes, low+rnd.IntN(high-low))
	}
	out := make([]byte, sizes[rnd.IntN(len(sizes))])
	copy(out, n.hard)
	for s := 0; s*sector < len(out); s++ {
		if !n.dirty[s] {
			continue
		}
		from, to := s*sector, min((s+1)*sector, len(out))
		switch rnd.IntN(5) {
		case 0, 1:
			if from < len(n.live) {
				clear(out[from:to])
				copy(out[from:to], n.live[from:])
			}
		case 2:
			for i := max(from, len(n.hard)); i < to; i++ {
				out[i] = byte(rnd.Uint32())
			}
		}
	}
	return out
}

func (n *inode) sync() {
	hard := make([]byte, len(n.live))
	copy(hard, n.hard)
	for s := range n.dirty {
		n.syncSector(hard, s)
	}
	n.hard, n.dirty = hard, map[int]bool{}
}

func (n *inode) syncSector(hard []byte, s int) {
	from := s * sector
	if from < len(hard) && from < len(n.live) {
		copy(hard[from:min(from+sector, len(hard))], n.live[from:])
	}
}

// spoil is a failed fsync: some sectors are written, none is dirty any more.
func (n *inode) spoil(rnd *rand.Rand) {
	hard := slices.Clone(n.hard)
	for _, s := range slices.Sorted(maps.Keys(n.dirty)) {
		if rnd.IntN(2) == 0 {
			if end := min((s+1)*sector, len(n.live)); end > len(hard) {
				hard = append(hard, make([]byte, end-len(hard))...)
			}
			n.syncSector(hard, s)
		}
	}
	n.hard, n.dirty = hard, map[int]bool{}
}

func (d *disk) MkdirAll(string) error { return nil }

func (d *disk) change(name string, apply func(map[string]*inode)) {
	apply(d.names)
	d.log = append(d.log, nameChange{path.Dir(name), apply})
}

func (d *disk) OpenFile(name string, flag int) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case n != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case n == nil:
		if err := d.tick(); err != nil {
			return nil, err
		}
		n = &inode{dirty: map[int]bool{}}
		d.change(name, func(m map[string]*inode) { m[name] = n })
	}
	f := &diskFile{d: d, n: n}
	if flag&os.O_TRUNC != 0 {
		if err := f.truncate(0); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (d *disk) Rename(oldName, newName string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.tick(); err != nil {
		return err
	}
	n := d.names[oldName]
	if n == nil {
		return fs.ErrNotExist
	}
	d.change(newName, func(m map[string]*inode) {
		delete(m, oldName)
		m[newName] = n
	})
	return nil
}

func (d *disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.tick(); err != nil {
		return err
	}
	n := d.names[name]
	if n == nil {
		return fs.ErrNotExist
	}
	if d.room >= 0 {
		d.room += int64(len(n.live))
	}
	d.change(name, func(m map[string]*inode) { delete(m, name) })
	return nil
}

func (d *disk) ReadDir(dir string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for name := range d.names {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok && !strings.Contains(rest, "/") {
			list = append(list, rest)
		}
	}
	return list, nil
}

func (d *disk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.tick(); err != nil {
		return err
	}
	if d.lyingSync {
		return nil
	}
	var rest []nameChange
	for _, change := range d.log {
		if change.dir == dir {
			change.apply(d.hard)
		} else {
			rest = append(rest, change)
		}
	}
	d.log = rest
	return nil
}

func (d *disk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[name] {
		return nil, fmt.Errorf("%w by this test", ErrLocked)
	}
	d.locks[name] = true
	return closerFunc(func() { delete(d.locks, name) }), nil
}

type closerFunc func()

func (f closerFunc) Close() error { f(); return nil }

type diskFile struct {
	d *disk
	n *inode
}

func (f *diskFile) ReadAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if off >= int64(len(f.n.live)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.live[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt writes as much as there is room for.
func (f *diskFile) WriteAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	err := f.d.tick()
	if err != nil {
		p = p[:f.d.rnd.IntN(len(p)+1)] // the power failed in the middle
	}
	grow := off + int64(len(p)) - int64(len(f.n.live))
	if f.d.room >= 0 && grow > 0 {
		if grow > f.d.room {
			p = p[:max(0, int64(len(p))-grow+f.d.room)]
			grow, err = f.d.room, syscall.ENOSPC
		}
		f.d.room -= grow
	}
	if len(p) == 0 {
		return 0, err
	}
	if need := int(off) + len(p); need > len(f.n.live) {
		f.n.live = append(f.n.live, make([]byte, need-len(f.n.live))...)
	}
	copy(f.n.live[off:], p)
	for s := int(off) / sector; s <= (int(off)+len(p)-1)/sector; s++ {
		f.n.dirty[s] = true
	}
	return len(p), err
}

func (f *diskFile) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return f.truncate(size)
}

func (f *diskFile) truncate(size int64) error {
	if err := f.d.tick(); err != nil {
		return err
	}
	if size < int64(len(f.n.live)) {
		if f.d.room >= 0 {
			f.d.room += int64(len(f.n.live)) - size
		}
		f.n.live = slices.Clip(f.n.live[:size])
		f.n.dirty[int(size)/sector] = true
	}
	return nil
}

func (f *diskFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.tick(); err != nil {
		return err
	}
	f.d.syncs++
	switch {
	case f.d.lyingSync:
		return nil
	case f.d.rnd.Float64() < f.d.failSync:
		f.n.spoil(f.d.rnd)
		return syscall.EIO
	}
	f.n.sync()
	return nil
}

func (f *diskFile) Size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return int64(len(f.n.live)), nil
}

func (f *diskFile) Modified() (time.Time, error) { return time.Time{}, nil }

func (f *diskFile) Close() error { return nil }
