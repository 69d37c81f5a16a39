package spool

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
)

// The cursor is a file of one sector, replaced as a whole:
//
//	  0  magic "ctcursor" (8)   8  version (4) = 1   12  zero (4)
//	 16  epoch (8)             24  seq (8)           32  hash of that entry (32)
//	508  CRC-32C of octets 0 to 507
//
// A cursor that cannot be read counts as none: everything kept is delivered once more, which every receiver bears.
const (
	cursorName    = "cursor"
	cursorVersion = 1
)

var cursorMagic = [8]byte{'c', 't', 'c', 'u', 'r', 's', 'o', 'r'}

type cursor struct {
	epoch uint64
	point
	// unreadable is true when there is a cursor that says nothing.
	unreadable bool
}

// Ack says that everything up to and with e, which a Reader of this spool returned, is safe elsewhere. It is durable when
// Ack returns nil; after an error the earlier acknowledgement stands. An entry below an acknowledged one changes nothing.
func (s *Spool) Ack(e Entry) error {
	s.ackMu.Lock()
	defer s.ackMu.Unlock()
	s.mu.Lock()
	acked, last, closed := s.acked, s.durable.seq, s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return s.errorf("%w", ErrClosed)
	case e.Epoch != s.epoch:
		return s.errorf("acknowledge: entry is of epoch %d, the spool of %d", e.Epoch, s.epoch)
	case e.Seq > last:
		return s.errorf("acknowledge: number %d is not durable, the last is %d", e.Seq, last)
	case e.Seq <= acked:
		return nil
	}
	if err := s.storeCursor(cursor{epoch: e.Epoch, point: point{e.Seq, e.Hash}}); err != nil {
		return s.errorf("acknowledge: %w", err)
	}
	s.mu.Lock()
	s.acked = e.Seq
	s.mu.Unlock()
	return nil
}

func (s *Spool) storeCursor(c cursor) error {
	var b [sector]byte
	copy(b[:], cursorMagic[:])
	binary.BigEndian.PutUint32(b[8:], cursorVersion)
	binary.BigEndian.PutUint64(b[16:], c.epoch)
	binary.BigEndian.PutUint64(b[24:], c.seq)
	copy(b[32:], c.hash[:])
	sealSector(b[:])

	part := s.path(cursorName + ".part")
	f, err := s.cfg.FS.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(b[:], 0); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = s.cfg.FS.Rename(part, s.path(cursorName))
	}
	if err != nil {
		_ = s.cfg.FS.Remove(part) // a file whose fsync failed is not used again
		return err
	}
	return s.cfg.FS.SyncDir(s.cfg.Dir)
}

func (s *Spool) loadCursor() (c cursor) {
	f, err := s.cfg.FS.OpenFile(s.path(cursorName), os.O_RDONLY)
	if err != nil {
		return cursor{unreadable: !errors.Is(err, fs.ErrNotExist)}
	}
	defer func() { _ = f.Close() }()
	var b [sector]byte
	if n, _ := f.ReadAt(b[:], 0); n < sector || [8]byte(b[:8]) != cursorMagic ||
		binary.BigEndian.Uint32(b[8:]) != cursorVersion || !sectorSealed(b[:]) {
		return cursor{unreadable: true}
	}
	c.epoch = binary.BigEndian.Uint64(b[16:])
	c.seq = binary.BigEndian.Uint64(b[24:])
	copy(c.hash[:], b[32:])
	return c
}
