package capture

import (
	"errors"
	"fmt"
	"io"
)

// Classic pcap, draft-ietf-opsawg-pcap. The magic number tells byte order and unit of time.
//
//	file header, 24 octets                      record header, 16 octets
//	 0  magic number  a1b2c3d4 µs, a1b23c4d ns   0  seconds since 1970
//	 4  major version (2)                        4  micro- or nanoseconds
//	 6  minor version (4)                        8  captured length
//	 8  reserved                                12  original length
//	12  reserved                                16  captured octets
//	16  snap length
//	20  FCS length and link type
const (
	pcapHeaderLen   = 24
	recordHeaderLen = 16
)

var (
	magicMicroBig    = [4]byte{0xa1, 0xb2, 0xc3, 0xd4}
	magicMicroLittle = [4]byte{0xd4, 0xc3, 0xb2, 0xa1}
	magicNanoBig     = [4]byte{0xa1, 0xb2, 0x3c, 0x4d}
	magicNanoLittle  = [4]byte{0x4d, 0x3c, 0xb2, 0xa1}
)

// pcapHeader is what the records of a pcap file are read by.
type pcapHeader struct {
	order endian
	unit  int64 // nanoseconds in one count of the fraction
	link  LinkType
}

func (f *File) readPcapHeader(magic [4]byte) error {
	if err := f.win.fill(pcapHeaderLen); err != nil {
		return f.ended(err, pcapHeaderLen)
	}
	h := f.win.buf[f.win.r:][:pcapHeaderLen]
	order := endian(magic[0] == 0xa1)
	f.pcap = pcapHeader{order: order, unit: 1000, link: linkOf(order.uint32(h[20:]))}
	if magic == magicNanoBig || magic == magicNanoLittle {
		f.pcap.unit = 1
	}
	if major, minor := order.uint16(h[4:]), order.uint16(h[6:]); major != 2 || minor != 4 {
		return fmt.Errorf("%s: pcap version %d.%d, supported is 2.4: %w", f.name, major, minor, ErrFormat)
	}
	f.names = []string{""}
	f.win.r += pcapHeaderLen
	return nil
}

// nextRecord reads one pcap record.
func (f *File) nextRecord(p *Packet) error {
	w := &f.win
	if w.left() < recordHeaderLen {
		if err := w.fill(recordHeaderLen); err != nil {
			if errors.Is(err, io.EOF) && w.left() == 0 {
				return io.EOF
			}
			return f.ended(err, recordHeaderLen)
		}
	}
	h := w.buf[w.r:][:recordHeaderLen]
	seconds, fraction := f.pcap.order.uint32(h), f.pcap.order.uint32(h[4:])
	captured, original := f.pcap.order.uint32(h[8:]), f.pcap.order.uint32(h[12:])
	if captured > MaxPacket {
		return f.damaged("captured length %d, at most %d is possible", captured, MaxPacket)
	}
	whole := recordHeaderLen + int(captured)
	if w.left() < whole {
		if err := w.fill(whole); err != nil {
			return f.ended(err, int64(whole))
		}
	}
	p.Time = int64(seconds)*1e9 + int64(fraction)*f.pcap.unit
	p.Data = w.buf[w.r+recordHeaderLen : w.r+whole : w.r+whole]
	p.Length = int(max(original, captured))
	p.Tap = 0
	p.Link = f.pcap.link
	w.r += whole
	return nil
}
