package capture

import (
	"io"
	"sync"
)

// MaxPacket is the largest captured length of one packet in octets: the largest snap length that capture programs
// write (tcpdump's and dumpcap's default). A record that announces more is damage.
const MaxPacket = 256 << 10

// bufferSize holds the largest block, and is small enough that a packet is still in the
// processor's cache when its reader looks at it.
const bufferSize = 512 << 10

// buffers lends the windows' memory: a merge of many files opens and closes one after the other.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// window is the part of a stream that is in memory: buf[r:end] is read and not yet used. Slices of it are valid
// until the next fill, skip or free.
type window struct {
	src    io.Reader
	lent   *[bufferSize]byte
	buf    []byte
	r, end int
	base   int64 // offset in the stream of buf[0]
	err    error // what src said last; io.EOF at its end
}

// emptyReads is how often in a row a reader may give nothing and no error.
const emptyReads = 100

func (w *window) open(src io.Reader) {
	w.src = src
	if w.lent == nil {
		w.lent, _ = buffers.Get().(*[bufferSize]byte)
		w.buf = w.lent[:]
	}
	w.r, w.end, w.base, w.err = 0, 0, 0, nil
}

func (w *window) free() {
	if w.lent != nil {
		buffers.Put(w.lent)
		w.lent, w.buf, w.r, w.end = nil, nil, 0, 0
	}
}

// left is how many octets can be used without reading.
func (w *window) left() int { return w.end - w.r }

// offset is the place in the stream of the next octet to use.
func (w *window) offset() int64 { return w.base + int64(w.r) }

// fill reads until n octets are left, n at most bufferSize. When the stream gives fewer it returns the stream's
// error and leaves what there is.
func (w *window) fill(n int) error {
	if w.left() >= n {
		return nil
	}
	w.base += int64(w.r)
	w.end = copy(w.buf, w.buf[w.r:w.end])
	w.r = 0
	for empty := 0; w.end < n; {
		if w.err != nil {
			return w.err
		}
		var got int
		got, w.err = w.src.Read(w.buf[w.end:])
		w.end += got
		if got > 0 {
			empty = 0
		} else if empty++; empty == emptyReads && w.err == nil {
			w.err = io.ErrNoProgress
		}
	}
	return nil
}

// skip uses up n octets without keeping them. It returns the stream's error when there are fewer.
func (w *window) skip(n int64) error {
	for {
		step := min(n, int64(w.left()))
		w.r += int(step)
		n -= step
		if n == 0 {
			return nil
		}
		if err := w.fill(1); err != nil {
			return err
		}
	}
}
