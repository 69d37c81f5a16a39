package spool

import (
	"bytes"
	"testing"
)

// FuzzRecover opens a spool whose newest segment is arbitrary. It must not fail, must not hand out anything that is not
// a valid frame of the file, and must keep what is appended behind it.
func FuzzRecover(f *testing.F) {
	sm := newSample(f)
	whole := sm.files["/s/"+segmentName(2)]
	f.Add(whole)
	f.Add(whole[:headerSize])
	f.Add(whole[:len(whole)-frameHeader-1])
	f.Add(whole[headerSize:])
	f.Add(append(bytes.Clone(whole), whole[headerSize:]...))
	f.Add([]byte{})
	known := map[string]bool{"appended": true}
	for _, e := range sm.list {
		known[string(e.Body)] = true
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		d := sm.disk("/s/"+segmentName(2), content)
		for range 2 {
			s, err := Open(sampleConfig(d))
			if err != nil {
				t.Skip("refused: ", err) // a valid header of another sensor, epoch or version
			}
			first, _ := mustAppend(t, s, []byte("appended"))
			var last Entry
			for _, e := range readAll(t, s, 0) {
				if e.Seq <= last.Seq || e.Hash != Link(e.Prev, e.Epoch, e.Seq, e.Leaf) {
					t.Fatalf("entry %d after %d", e.Seq, last.Seq)
				}
				if !known[string(e.Body)] && !bytes.Contains(content, e.Body) {
					t.Fatalf("entry %d has a body from nowhere", e.Seq)
				}
				last = e
			}
			if last.Seq != first || string(last.Body) != "appended" {
				t.Fatalf("the last entry is %d, appended was %d", last.Seq, first)
			}
			mustClose(t, s)
		}
	})
}

// FuzzScanner gives the decoder arbitrary octets in which whatever looks like a frame has a right CRC. It must account for
// every octet and hand out only frames whose hashes hold.
func FuzzScanner(f *testing.F) {
	sm := newSample(f)
	for ordinal := range uint64(2) {
		f.Add(sm.files["/s/"+segmentName(ordinal+1)][headerSize:])
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		content = bytes.Clone(content)
		for off := 0; off+frameHeader <= len(content); off += frameAlign {
			if n, ok := frameLength(content[off:]); ok && off+n <= len(content) {
				sealFrame(content[off:off+n], 1, int64(off))
			}
		}
		sc := scanner{
			ordinal: 1, end: int64(len(content)),
			load: func(p []byte, off int64) error { return readThrough(bytes.NewReader(content), p, off) },
		}
		for total := int64(0); ; {
			fr, at, skipped, err := sc.next()
			total += skipped
			if err != nil {
				if total != int64(len(content)) {
					t.Fatalf("%d octets of %d accounted for", total, len(content))
				}
				return
			}
			if at != total || fr.hash != fr.link() || fr.typ == typeRecord && fr.seq == 0 || len(fr.body) > MaxBody {
				t.Fatalf("frame at %d (%d octets before): %+v", at, total, fr)
			}
			total += int64(frameSize(len(fr.body)))
		}
	})
}
