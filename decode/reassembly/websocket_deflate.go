package reassembly

import (
	"compress/flate"
	"errors"
	"io"

	"calltrail/decode/sip"
)

const (
	// maxInflated is how much is inflated in one call, in octets: a frame of 100 octets may hold 100,000.
	maxInflated = sip.MaxMessage
	windowSize  = 32 << 10 // RFC 1951 section 2
)

// inflater reads compressed messages. The zero value is ready; it takes its 40 KiB when it is first used.
type inflater struct {
	reader io.ReadCloser
	in     deflated
	left   int // octets that may still be made in this call
}

// deflated is a compressed message and what the sender left away from its end, with a final empty block behind it (RFC
// 7692 section 7.2.2).
type deflated struct{ b, tail []byte }

var deflateTail = []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}

// Read implements io.Reader.
func (d *deflated) Read(p []byte) (int, error) {
	if len(d.b) == 0 {
		d.b, d.tail = d.tail, nil
	}
	if len(d.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, d.b)
	d.b = d.b[n:]
	return n, nil
}

// ReadByte implements io.ByteReader, so that flate needs no buffer of its own.
func (d *deflated) ReadByte() (byte, error) {
	var p [1]byte
	_, err := d.Read(p[:])
	return p[0], err
}

// prepare makes the reader ready for what rests on window.
func (z *inflater) prepare(window []byte) bool {
	if z.reader == nil {
		z.reader = flate.NewReaderDict(&z.in, window)
		return true
	}
	r, ok := z.reader.(flate.Resetter)
	return ok && r.Reset(&z.in, window) == nil
}

// noText is what flate's window is written over with.
var noText [windowSize]byte

// forget lets go of the message, and of the plain text that flate keeps of what it made: it is one for all connections, and
// would hold the last message, which may be content, until another compressed one comes.
func (z *inflater) forget() {
	z.in = deflated{}
	z.prepare(noText[:])
}

// inflate returns what b holds, in a buffer of the pool. Messages may rest on those before them (RFC 7692 section 7.2.3.2),
// so the last 32 KiB are kept; where some were lost, a message that needs them is refused by flate and not made up.
func (s *Streams) inflate(c *connection, dir int, b []byte) (out []byte, ok bool) {
	h, z := &c.halves[dir], &s.flate
	z.in = deflated{b, deflateTail}
	if !z.prepare(h.ws.window) {
		return nil, false
	}
	defer z.forget()
	out = s.pool.get(min(max(4*len(b), minBuffer), maxPartial))
	for {
		if len(out) == cap(out) {
			larger := append(s.pool.get(min(2*cap(out), maxPartial)), out...)
			s.pool.put(out)
			out = larger
		}
		n, err := z.reader.Read(out[len(out):min(cap(out), z.left+1)])
		if out = out[:len(out)+n]; errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(out) > z.left {
			s.pool.put(out)
			s.release(c, h.ws.window)
			h.ws.window = nil
			z.left -= min(z.left, len(out))
			return nil, false
		}
	}
	z.left -= len(out)
	if !s.alone(c, dir) {
		s.remember(c, h.ws, out)
	}
	return out, true
}

// alone says whether each message of a direction is compressed for itself. Where the handshake was not seen it is not.
func (s *Streams) alone(c *connection, dir int) bool {
	client := !c.halves[dir].server
	return c.agreed.switching && (client && c.agreed.clientAlone || !client && c.agreed.serverAlone)
}

// remember keeps the last octets of what was inflated.
func (s *Streams) remember(c *connection, ws *webSocket, out []byte) {
	if len(out) > windowSize {
		out = out[len(out)-windowSize:]
	}
	if over := len(ws.window) + len(out) - windowSize; over > 0 {
		ws.window = ws.window[:copy(ws.window, ws.window[over:])]
	}
	if len(out) > 0 {
		ws.window = append(s.reserve(c, ws.window, len(ws.window)+len(out)), out...)
	}
}
