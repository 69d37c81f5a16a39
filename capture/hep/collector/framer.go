package collector

import "calltrail/capture/hep"

// framer cuts what comes on a TCP connection into HEP messages, which follow one another without anything between them.
type framer struct {
	buf  [hep.MaxLen]byte
	r, w int // buf[r:w] is yet to be cut
}

// space is where the next octets go: at least one. What was cut before is overwritten.
func (f *framer) space() []byte {
	if f.r > 0 {
		f.w = copy(f.buf[:], f.buf[f.r:f.w])
		f.r = 0
	}
	return f.buf[f.w:]
}

// grow says that n octets were put into the space.
func (f *framer) grow(n int) { f.w += n }

// cut returns the next whole message, nil when more octets are needed, and hep's error when none begins where one must. The
// message is valid until the next call of space.
func (f *framer) cut() ([]byte, error) {
	b := f.buf[f.r:f.w]
	if len(b) < hep.HeaderLen {
		return nil, begins(b)
	}
	n, err := hep.Len(b)
	if err != nil {
		return nil, err
	}
	if n > len(b) {
		return nil, nil
	}
	f.r += n
	return b[:n:n], nil
}

// pending says whether a message has begun.
func (f *framer) pending() bool { return f.r < f.w }

// begins says whether b, shorter than a header, can become one: garbage of a few octets must not hold a connection.
func begins(b []byte) error {
	const magic = "HEP3"
	n := min(len(b), len(magic))
	if string(b[:n]) != magic[:n] {
		return hep.ErrMagic
	}
	return nil
}
