package collector

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"calltrail/capture/hep"

	"calltrail/decode/fuzzbound"
)

// Messages come out as they went in, over the ends of both rings.
func TestQueueKeepsOrderAndOctets(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	q := newQueue(7, 0) // room for the longest message, no more
	var waiting [][]byte
	buf := make([]byte, hep.MaxLen)
	used, full := 0, 0
	for range 20_000 {
		if r.IntN(2) == 0 {
			b := make([]byte, 1+r.IntN(1<<uint(r.IntN(17))))
			b = b[:min(len(b), hep.MaxLen)]
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			ok := q.put(b, int64(len(waiting)), noTime, false)
			if fits := len(waiting) < 7 && used+len(b) <= hep.MaxLen; ok != fits {
				t.Fatalf("%d octets beside %d in %d messages: %v", len(b), used, len(waiting), ok)
			}
			if ok {
				waiting = append(waiting, b)
				used += len(b)
			} else {
				full++
			}
			continue
		}
		e, ok := q.take(buf)
		if ok != (len(waiting) > 0) {
			t.Fatalf("taken: %v of %d", ok, len(waiting))
		}
		if ok {
			if !bytes.Equal(buf[:e.length], waiting[0]) {
				t.Fatal("other octets came out")
			}
			used -= e.length
			waiting = waiting[1:]
		}
	}
	if full == 0 {
		t.Error("the queue was never full: the test proves nothing")
	}
}

// However a stream is cut into reads, the same messages come out.
func FuzzFramer(f *testing.F) {
	one := []byte("HEP3\x00\x0c\x00\x00\x00\x0f\x00\x06")
	f.Add(bytes.Repeat(one, 3), []byte{1, 5, 6, 7, 200})
	f.Add(append(bytes.Clone(one), "HEP3\x00\x05"...), []byte{9})
	f.Add([]byte("HEQ"), []byte{1})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		fuzzbound.CheckNew(t, len(stream), func() func() {
			var f framer
			f.space() // its buffer
			return func() {
				for rest := stream; len(rest) > 0; {
					n := copy(f.space(), rest)
					rest = rest[n:]
					f.grow(n)
					for {
						if m, err := f.cut(); m == nil || err != nil {
							break
						}
					}
				}
			}
		})
		whole, wholeErr := frame(stream, nil)
		pieces, piecesErr := frame(stream, cuts)
		if len(whole) != len(pieces) || wholeErr != piecesErr { //nolint:errorlint // the very value
			t.Fatalf("%d messages and %v; in pieces %d and %v", len(whole), wholeErr, len(pieces), piecesErr)
		}
		sum := 0
		for i := range whole {
			if !bytes.Equal(whole[i], pieces[i]) {
				t.Fatalf("message %d differs", i)
			}
			if !bytes.Equal(whole[i], stream[sum:sum+len(whole[i])]) {
				t.Fatalf("message %d is not what the stream has there", i)
			}
			if n, err := hep.Len(whole[i]); err != nil || n != len(whole[i]) {
				t.Fatalf("message %d: %d octets of %d, %v", i, len(whole[i]), n, err)
			}
			sum += len(whole[i])
		}
		if rest := stream[sum:]; wholeErr == nil {
			if n, err := hep.Len(rest); len(rest) >= hep.HeaderLen && (err != nil || n <= len(rest)) {
				t.Fatalf("%d octets are left, %d of a message, %v", len(rest), n, err)
			}
		}
	})
}

// frame feeds a stream to a framer in reads of the lengths in cuts, again and again; without any, in reads as large as there
// is space.
func frame(stream, cuts []byte) (list [][]byte, err error) {
	var f framer
	for i := 0; len(stream) > 0; i++ {
		space := f.space()
		n := len(space)
		if len(cuts) > 0 {
			n = min(n, max(1, int(cuts[i%len(cuts)])))
		}
		n = copy(space[:n], stream)
		stream = stream[n:]
		f.grow(n)
		for {
			b, err := f.cut()
			if err != nil {
				return list, err
			}
			if b == nil {
				break
			}
			list = append(list, bytes.Clone(b))
		}
	}
	return list, nil
}
