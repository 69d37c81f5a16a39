package gen

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// pcapFile writes classic little-endian pcap with microseconds and Ethernet (draft-ietf-opsawg-pcap).
type pcapFile struct {
	w      *bufio.Writer
	octets int64
	first  int64
	last   int64
}

const snapLength = 262144

func newPcapFile(w io.Writer) (*pcapFile, error) {
	p := &pcapFile{w: bufio.NewWriterSize(w, 1<<18)}
	h := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	h = binary.LittleEndian.AppendUint32(h, snapLength)
	h = binary.LittleEndian.AppendUint32(h, 1)
	return p, p.put(h)
}

// write adds a packet. Times never go back.
func (p *pcapFile) write(at int64, frame []byte) error {
	if p.first == 0 {
		p.first = at
	}
	p.last = at
	var h [16]byte
	binary.LittleEndian.PutUint32(h[0:], low32(at/second))
	binary.LittleEndian.PutUint32(h[4:], low32(at%second))
	binary.LittleEndian.PutUint32(h[8:], low32(int64(len(frame))))
	binary.LittleEndian.PutUint32(h[12:], low32(int64(len(frame))))
	if err := p.put(h[:]); err != nil {
		return err
	}
	return p.put(frame)
}

func (p *pcapFile) put(b []byte) error {
	n, err := p.w.Write(b)
	p.octets += int64(n)
	if err != nil {
		return fmt.Errorf("write capture file: %w", err)
	}
	return nil
}

func (p *pcapFile) flush() error {
	if err := p.w.Flush(); err != nil {
		return fmt.Errorf("write capture file: %w", err)
	}
	return nil
}
