package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds a zstd decoder's memory, whatever the frame header asks for: four times what `zstd -19` needs.
// Files made with --long or --ultra -22 can need more.
const maxWindow = 32 << 20

// packedBuffer is how much compressed input is read at once.
const packedBuffer = 64 << 10

// unpacker is an opened decompressor.
type unpacker interface {
	io.Reader
	Close()
}

type gunzip struct{ *gzip.Reader }

// Close has nothing to free; the checksum was verified by Read.
func (gunzip) Close() {}

// unpack puts a decompressor between the input and the window when the input starts with the magic octets of gzip
// (RFC 1952 section 2.3.1) or of a zstd or skippable frame (RFC 8878 section 3.1).
func (f *File) unpack() error {
	if f.win.fill(4) != nil {
		return nil // shorter than any magic: what the format's reader says of it is clearer
	}
	head := f.win.buf[f.win.r:f.win.end]
	isGzip := head[0] == 0x1f && head[1] == 0x8b
	isZstd := bytes.Equal(head[:4], []byte{0x28, 0xb5, 0x2f, 0xfd}) ||
		head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18})
	if !isGzip && !isZstd {
		return nil
	}
	packed := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(head)), &f.raw), packedBuffer)
	if isGzip {
		r, err := gzip.NewReader(packed)
		if err != nil {
			return &damage{text: fmt.Sprintf("%s: gzip header: %v", f.name, err), cause: err}
		}
		f.unpacker = gunzip{r}
	} else {
		// One decoder at a time works in the caller's goroutine: no other to leak, and Offset keeps in step.
		r, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return fmt.Errorf("%s: zstd: %w", f.name, err)
		}
		f.unpacker = r
	}
	f.win.open(f.unpacker)
	return nil
}

// unpackError names what a decompressor did not like.
func (f *File) unpackError(err error) error {
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("%s: needs a zstd window of more than %d MiB; unpack it with zstd --long first: %w",
			f.place(), maxWindow>>20, ErrFormat)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &damage{text: f.place() + ": compressed file cut short", cause: err}
	}
	return &damage{text: fmt.Sprintf("%s: unpack: %v", f.place(), err), cause: err}
}
