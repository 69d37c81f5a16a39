package print

import (
	"bufio"
	"io"
)

// bufferSize is the buffer before each output, in octets.
const bufferSize = 64 << 10

type jsonl struct{ w *bufio.Writer }

func newJSONL(w io.Writer) *jsonl { return &jsonl{bufio.NewWriterSize(w, bufferSize)} }

func (p *jsonl) Print(body []byte) error {
	if _, err := p.w.Write(body); err != nil {
		return err
	}
	return p.w.WriteByte('\n')
}

func (p *jsonl) Flush() error { return p.w.Flush() }
