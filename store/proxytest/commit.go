package proxytest

import (
	"bytes"
	"encoding/binary"
	"net"
)

// Verdict is what becomes of a COMMIT.
type Verdict int

const (
	// Pass lets it and its answer through.
	Pass Verdict = iota
	// CutBefore resets the connection, and the server never hears of the COMMIT.
	CutBefore
	// CutAfter lets the server commit and resets the connection before its answer.
	CutAfter
	// HoldBefore stops the connection, with no end, before the COMMIT.
	HoldBefore
)

// Commit is a COMMIT on its way.
type Commit struct{ statements []byte }

// After says whether the connection has prepared a statement with that text in it.
func (c Commit) After(text string) bool { return bytes.Contains(c.statements, []byte(text)) }

// frontend reads what a Postgres client says: a start without a type, then messages of a type, a length that counts itself, and
// a body (PostgreSQL's documentation, 54.7). TLS it cannot read: tests connect without.
type frontend struct {
	link    *link
	started bool
	pending []byte
	said    []byte // texts of Parse messages, the last 64 KiB
}

// pass sends on what is whole.
func (f *frontend) pass(octets []byte) error {
	f.pending = append(f.pending, octets...)
	whole := 0
	for {
		size := f.next(f.pending[whole:])
		if size == 0 {
			break
		}
		message := f.pending[whole : whole+size]
		if f.started {
			if verdict := f.look(message); verdict != Pass {
				if err := f.link.write(f.link.server, f.pending[:whole]); err != nil {
					return err
				}
				f.pending = append(f.pending[:0], f.pending[whole:]...)
				whole = 0
				if err := f.obey(verdict); err != nil {
					return err
				}
				message = f.pending[:size]
			}
		}
		whole += len(message)
		f.started = true
	}
	err := f.link.write(f.link.server, f.pending[:whole])
	f.pending = append(f.pending[:0], f.pending[whole:]...)
	return err
}

// next is the size of the first message, 0 when it is not whole.
func (f *frontend) next(b []byte) int {
	head := 1
	if !f.started {
		head = 0
	}
	if len(b) < head+4 {
		return 0
	}
	size := head + int(binary.BigEndian.Uint32(b[head:]))
	if len(b) < size {
		return 0
	}
	return size
}

// look asks about a COMMIT, which drivers send as a simple query.
func (f *frontend) look(message []byte) Verdict {
	body := message[5:]
	switch message[0] {
	case 'P':
		f.said = append(f.said, body...)
		f.said = f.said[max(0, len(f.said)-64<<10):]
	case 'Q':
		if bytes.EqualFold(bytes.TrimRight(body, "\x00; "), []byte("commit")) {
			f.link.proxy.mu.Lock()
			ask := f.link.proxy.atCommit
			f.link.proxy.mu.Unlock()
			return ask(Commit{f.said})
		}
	}
	return Pass
}

func (f *frontend) obey(v Verdict) error {
	switch v {
	case CutBefore:
		f.link.reset()
		return net.ErrClosed
	case HoldBefore:
		f.link.become(dead)
		f.link.stops()
		return net.ErrClosed
	case CutAfter:
		f.link.become(deaf)
	case Pass:
	}
	return nil
}
