package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
)

// File reads one capture file: pcap with microseconds or nanoseconds in either byte order, or pcapng, plain or
// compressed with gzip or zstd. What it is tells its first octets, never its name. It is a Source.
//
// One goroutine may call Next; Offset and Size may be called from others.
type File struct {
	name     string
	size     int64 // of the raw input; -1 when unknown
	raw      counter
	closer   io.Closer // the opened file; nil when the caller owns the reader
	unpacker unpacker  // nil when the input is not compressed
	win      window
	position uint64
	used     int64 // octets of the current record that left the window already
	err      error // what ended the file; every later Next returns it

	ng     *section // nil: classic pcap
	pcap   pcapHeader
	names  []string
	lastAt int64 // time of the packet before; pcapng's Simple Packet Block carries none
}

// counter counts the raw octets that were read, and keeps apart what the system said from what a decompressor says.
type counter struct {
	r   io.Reader
	n   atomic.Int64
	err error // never io.EOF
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// OpenFile opens the capture file at path, or standard input for "-", and reads as much as tells its format.
// The error wraps ErrDamaged for an empty file or a cut header and ErrFormat for anything that is no capture.
func OpenFile(path string) (*File, error) {
	if path == "-" {
		return NewFile(os.Stdin, "standard input")
	}
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("open capture file: %w", err)
	}
	f, err := NewFile(file, path)
	if err != nil {
		_ = file.Close() // opened for reading: nothing can be lost
		return nil, err
	}
	f.closer = file
	return f, nil
}

// NewFile reads a capture file from r, which the caller closes after Close. The name stands in errors and in Name.
func NewFile(r io.Reader, name string) (*File, error) {
	f := &File{name: name, size: sizeOf(r), raw: counter{r: r}}
	f.win.open(&f.raw)
	if err := f.start(); err != nil {
		f.release()
		return nil, err
	}
	return f, nil
}

// sizeOf is the length of a regular file, and -1 of anything else.
func sizeOf(r io.Reader) int64 {
	file, ok := r.(*os.File)
	if !ok {
		return -1
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	return info.Size()
}

// start unpacks the input if need be and reads the header of the format found.
func (f *File) start() error {
	if err := f.unpack(); err != nil {
		return err
	}
	if err := f.win.fill(4); err != nil {
		if f.win.left() == 0 && errors.Is(err, io.EOF) {
			return f.damaged("the file is empty")
		}
		return f.ended(err, 4)
	}
	magic := [4]byte(f.win.buf[f.win.r:])
	switch magic {
	case magicNG:
		f.ng = &section{taps: make(map[tap]uint16)}
		return f.readSection()
	case magicMicroBig, magicMicroLittle, magicNanoBig, magicNanoLittle:
		return f.readPcapHeader(magic)
	}
	return fmt.Errorf("%s: starts with octets % x: neither pcap nor pcapng: %w", f.name, magic, ErrFormat)
}

// Next fills p with the next packet, numbered from 1. Data points into the File's own memory and is valid until the
// next call of Next or Close. It returns io.EOF where the file ends after a whole record, and an error that wraps
// ErrDamaged and says file, packet and octet where it does not; the same again when called again.
func (f *File) Next(p *Packet) error {
	if f.err != nil {
		return f.err
	}
	var err error
	if f.ng == nil {
		err = f.nextRecord(p)
	} else {
		err = f.nextBlock(p)
	}
	if err != nil {
		f.err = err
		return err
	}
	f.position++
	p.Position = f.position
	f.lastAt = p.Time
	return nil
}

// Close gives back the memory that Packet.Data points into, and closes what OpenFile opened.
func (f *File) Close() error {
	f.err = fmt.Errorf("%s: %w", f.name, os.ErrClosed)
	f.release()
	if f.closer == nil {
		return nil
	}
	if err := f.closer.Close(); err != nil {
		return fmt.Errorf("close capture file: %w", err)
	}
	return nil
}

func (f *File) release() {
	if f.unpacker != nil {
		f.unpacker.Close()
		f.unpacker = nil
	}
	f.win.free()
}

// Name is the path that was opened, "standard input" for "-", or the name given to NewFile.
func (f *File) Name() string { return f.name }

// Interfaces are the names of the interfaces described so far; Packet.Tap is an index into it. A name is empty when
// the file gives none, as pcap never does. Sections of a pcapng file that describe the same interfaces share them.
// The slice belongs to the File and grows with Next.
func (f *File) Interfaces() []string { return f.names }

// Offset is how many octets of the input, compressed ones if it is compressed, were read so far.
func (f *File) Offset() int64 { return f.raw.n.Load() }

// Size is the length of the input in octets, or -1 when it is not a regular file.
func (f *File) Size() int64 { return f.size }

// place names the record that is being read.
func (f *File) place() string {
	of := ""
	if f.unpacker != nil {
		of = " of the unpacked data"
	}
	return fmt.Sprintf("%s: packet %d at byte %d%s", f.name, f.position+1, f.win.offset()-f.used, of)
}

// damaged is the error for octets that cannot be.
func (f *File) damaged(format string, args ...any) error {
	return &damage{text: f.place() + ": " + fmt.Sprintf(format, args...)}
}

// ended is the error for a stream that ended inside a record of which want octets were needed.
func (f *File) ended(err error, want int64) error {
	switch {
	case f.raw.err != nil:
		return fmt.Errorf("%s: read: %w", f.place(), f.raw.err)
	case errors.Is(err, io.EOF):
		left := f.used + int64(f.win.left())
		return &damage{text: fmt.Sprintf("%s: %d octets announced, %d left: file cut short", f.place(), want, left)}
	}
	return f.unpackError(err)
}
