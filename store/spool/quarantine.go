package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

const quarantineDir = "quarantine"

// Gap is damage in the spool: octets of a segment that hold no valid entry where entries had been. The segment itself is
// left as it is; a copy of the octets lies in the directory quarantine/.
type Gap struct {
	// First and Last are the numbers lost; both 0 when there is no record among the damaged entries, or, for a whole
	// segment, when its numbers are not known.
	First, Last uint64
	// Segment, Offset and Length are the octets' place. Length is 0 when they are not damaged but missing.
	Segment        uint64
	Offset, Length int64
}

const gapFormat = "%010d-%012d-%012d-%d-%d.bad"

// file is the name of the copy. It says all that Gap does, so that the directory is the list of gaps.
func (g Gap) file() string {
	return fmt.Sprintf(gapFormat, g.Segment, g.Offset, g.Length, g.First, g.Last)
}

// Gaps lists the damage found so far, also in earlier runs. The newest segment is examined at Open, an older one when it
// is read.
func (s *Spool) Gaps() []Gap {
	s.gapMu.Lock()
	defer s.gapMu.Unlock()
	return slices.Clone(s.gaps)
}

func (s *Spool) loadGaps() error {
	names, err := s.cfg.FS.ReadDir(s.path(quarantineDir))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		var g Gap
		_, err := fmt.Sscanf(name, gapFormat, &g.Segment, &g.Offset, &g.Length, &g.First, &g.Last)
		if err == nil && g.file() == name {
			s.gaps = append(s.gaps, g)
		}
	}
	return nil
}

// keepGap adds g to the list unless its place is on it already.
func (s *Spool) keepGap(g Gap) bool {
	s.gapMu.Lock()
	defer s.gapMu.Unlock()
	for _, old := range s.gaps {
		if old.Segment == g.Segment && old.Offset == g.Offset {
			return false
		}
	}
	s.gaps = append(s.gaps, g)
	return true
}

// reportGap lists g and copies its octets to quarantine/. A copy that fails (the disk is full, say) leaves the damage
// where it is: the next run finds it again.
func (s *Spool) reportGap(g Gap) {
	if s.keepGap(g) {
		_ = s.quarantine(place{g.Segment, g.Offset}, g.Length, g.file())
	}
}

// quarantine copies octets of a segment to a file in quarantine/.
func (s *Spool) quarantine(from place, length int64, name string) (err error) {
	dir := s.path(quarantineDir)
	final := dir + "/" + name
	part := final + ".part"
	out, err := s.cfg.FS.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	err = s.copyOctets(out, from, length)
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = s.cfg.FS.Rename(part, final)
	}
	if err != nil {
		_ = s.cfg.FS.Remove(part)
		return err
	}
	return s.cfg.FS.SyncDir(dir)
}

// forgetDamage empties the copies that are older than Config.KeepDamage. Their names stay: they are the list of gaps, and hold
// no record. It returns how many octets were freed.
func (s *Spool) forgetDamage() (freed int64, err error) {
	if s.cfg.KeepDamage == 0 {
		return 0, nil
	}
	dir := s.path(quarantineDir)
	names, err := s.cfg.FS.ReadDir(dir)
	if err != nil {
		return 0, s.errorf("read %s: %w", quarantineDir, err)
	}
	for _, name := range names {
		n, err := s.empty(dir + "/" + name)
		if err != nil {
			return freed, s.errorf("empty %s/%s: %w", quarantineDir, name, err)
		}
		freed += n
	}
	return freed, nil
}

// empty takes the octets of a file that is old enough.
func (s *Spool) empty(name string) (octets int64, err error) {
	f, err := s.cfg.FS.OpenFile(name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) { // a copy that was not finished has another name now
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at, err := f.Modified()
	if err != nil {
		return 0, err
	}
	octets, err = f.Size()
	if err != nil || octets == 0 || at.IsZero() || s.cfg.Now().Sub(at) <= s.cfg.KeepDamage {
		return 0, err
	}
	if err := f.Truncate(0); err != nil {
		return 0, err
	}
	return octets, f.Sync()
}

func (s *Spool) copyOctets(out io.WriterAt, from place, length int64) error {
	if length == 0 {
		return nil
	}
	in, err := s.cfg.FS.OpenFile(s.path(segmentName(from.ordinal)), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	buf := make([]byte, readChunk)
	for at := int64(0); at < length; {
		part := buf[:min(readChunk, length-at)]
		if err := readThrough(in, part, from.off+at); err != nil {
			return err
		}
		if _, err := out.WriteAt(part, at); err != nil {
			return err
		}
		at += int64(len(part))
	}
	return nil
}

// survey reads a segment through so that its damage is found and listed.
func (s *Spool) survey(seg segment) error {
	r := s.newReader(seg.first)
	r.open(seg)
	for {
		if _, err := r.Poll(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
