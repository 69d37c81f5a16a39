package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Owner is the sensor whose chain the spool in dir holds, by the newest segment with a whole header; "" when there is no
// such segment. It needs no lock: a name does not change.
func Owner(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("spool %s: %w", dir, err)
	}
	for _, e := range slices.Backward(entries) { // in the order of their names, which is that of the ordinals
		ordinal, ok := segmentOrdinal(e.Name())
		if !ok {
			continue
		}
		b, err := head(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", fmt.Errorf("spool %s: %w", dir, err)
		}
		if h, ok, _ := parseHeader(b, ordinal); ok {
			return h.sensor, nil
		}
	}
	return "", nil
}

// head reads the first octets of a file, as many as a header has or fewer.
func head(name string) (b []byte, err error) {
	f, err := os.Open(name) //nolint:gosec // a segment's
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b = make([]byte, headerSize)
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}
