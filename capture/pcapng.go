package capture

import (
	"errors"
	"fmt"
	"io"
)

// pcapng, draft-ietf-opsawg-pcapng. A file is a row of sections, a section a Section Header Block and the blocks up
// to the next one. Every block:
//
//	 0  block type
//	 4  block total length, a multiple of 4
//	 8  body
//	-4  block total length again
const (
	blockSectionHeader  = 0x0a0d0d0a // section 4.1; the same in both byte orders
	blockInterface      = 0x00000001 // section 4.2
	blockPacket         = 0x00000002 // appendix A, obsolete
	blockSimplePacket   = 0x00000003 // section 4.4
	blockEnhancedPacket = 0x00000006 // section 4.3
)

const (
	blockHeadLen  = 8
	blockExtraLen = 12 // type and both lengths
	// maxBlock bounds the blocks that are looked into: the largest packet and room for options. Other blocks may
	// be of any length, they are skipped.
	maxBlock = MaxPacket + 64<<10
)

var magicNG = [4]byte{0x0a, 0x0d, 0x0d, 0x0a}

// byteOrder is the value of the byte-order magic as a section of that order shows it.
const byteOrder = 0x1a2b3c4d

// section is what the blocks of the current section are read by.
type section struct {
	order      endian
	interfaces []iface
	taps       map[tap]uint16 // over the whole file
}

// tap tells interfaces of a file apart: sections that were written one after the other repeat them.
type tap struct {
	index int // in its section
	name  string
}

// readSection reads a Section Header Block: type, length, byte-order magic, major and minor version, section length,
// options. The interfaces of the section before are gone.
func (f *File) readSection() error {
	const fixed = 24 // up to the end of the section length
	if err := f.win.fill(fixed); err != nil {
		return f.ended(err, fixed)
	}
	h := f.win.buf[f.win.r:][:fixed]
	switch {
	case little.uint32(h[8:]) == byteOrder:
		f.ng.order = little
	case big.uint32(h[8:]) == byteOrder:
		f.ng.order = big
	default:
		return f.damaged("section header: octets % x are no byte-order magic", h[8:12])
	}
	if major, minor := f.ng.order.uint16(h[12:]), f.ng.order.uint16(h[14:]); major != 1 {
		return fmt.Errorf("%s: pcapng version %d.%d, supported is 1: %w", f.place(), major, minor, ErrFormat)
	}
	f.ng.interfaces = f.ng.interfaces[:0]
	// The section length is not needed, and wrong in files that were never closed: the blocks say where they end.
	return f.skipBlock(f.ng.order.uint32(h[4:]), fixed+4)
}

// nextBlock reads blocks up to and with the next packet.
func (f *File) nextBlock(p *Packet) error {
	for {
		w := &f.win
		if w.left() < blockExtraLen {
			if err := w.fill(blockExtraLen); err != nil {
				if errors.Is(err, io.EOF) && w.left() == 0 {
					return io.EOF
				}
				return f.ended(err, blockExtraLen)
			}
		}
		h := w.buf[w.r:][:blockHeadLen]
		total := f.ng.order.uint32(h[4:])
		var err error
		found := true
		switch f.ng.order.uint32(h) {
		case blockEnhancedPacket:
			err = f.enhancedPacket(p, total)
		case blockSimplePacket:
			err = f.simplePacket(p, total)
		case blockPacket:
			err = f.obsoletePacket(p, total)
		case blockInterface:
			found, err = false, f.describeInterface(total)
		case blockSectionHeader:
			found, err = false, f.readSection()
		default:
			found, err = false, f.skipBlock(total, blockExtraLen)
		}
		if found || err != nil {
			return err
		}
	}
}

// block brings a whole block into the window and checks its lengths. It returns the body, valid until the window
// moves; the caller uses up the total length.
func (f *File) block(total uint32, fixed int) ([]byte, error) {
	if err := f.checkTotal(total, fixed+blockExtraLen); err != nil {
		return nil, err
	}
	if total > maxBlock {
		return nil, f.damaged("block of %d octets, at most %d is possible", total, maxBlock)
	}
	w := &f.win
	n := int(total)
	if w.left() < n {
		if err := w.fill(n); err != nil {
			return nil, f.ended(err, int64(n))
		}
	}
	b := w.buf[w.r:][:n]
	if again := f.ng.order.uint32(b[n-4:]); again != total {
		return nil, f.damaged("block length %d at its start, %d at its end", total, again)
	}
	return b[blockHeadLen : n-4], nil
}

func (f *File) checkTotal(total uint32, least int) error {
	if total%4 != 0 || int64(total) < int64(least) {
		return f.damaged("block length %d, must be a multiple of 4 and at least %d", total, least)
	}
	return nil
}

// skipBlock uses up a block that nothing is wanted of, of any length.
func (f *File) skipBlock(total uint32, least int) error {
	if err := f.checkTotal(total, least); err != nil {
		return err
	}
	w := &f.win
	start := w.offset()
	err := w.skip(int64(total) - 4)
	if err == nil {
		err = w.fill(4)
	}
	f.used = w.offset() - start
	if err != nil {
		return f.ended(err, int64(total))
	}
	if again := f.ng.order.uint32(w.buf[w.r:]); again != total {
		return f.damaged("block length %d at its start, %d at its end", total, again)
	}
	w.r += 4
	f.used = 0
	return nil
}
