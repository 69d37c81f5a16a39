package reassembly

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// checkAssociations holds the table to what is always so.
func checkAssociations(t *testing.T, a *Associations) {
	t.Helper()
	parts, blocks := 0, 0
	for key, s := range a.known {
		octets := 0
		for i, w := range s.parts {
			if w.association != s || i > 0 && s.parts[i-1].message > w.message {
				t.Fatal("a chunk out of its place")
			}
			octets += w.octets
			blocks += blocksFor(w.octets)
		}
		if s.key != key || octets != s.octets || len(s.parts) > maxParts || s.octets > 2*maxMessage {
			t.Fatalf("%d octets of %d in %d chunks", octets, s.octets, len(s.parts))
		}
		parts += len(s.parts)
	}
	if parts != a.waiting.n || len(a.known) != a.recent.n || len(a.known) > a.cfg.Associations ||
		blocks != a.pool.made-a.pool.spare || a.pool.made > a.pool.most {
		t.Fatalf("%d chunks of %d, %d associations of %d, %d blocks of %d", parts, a.waiting.n, a.recent.n, len(a.known), blocks, a.pool.made)
	}
}

// Messages cut into any chunks, DATA or I-DATA, bundled in any way, in any order and with any copies, on two paths, come
// out once each, as sent.
func TestAnyChunksMakeTheMessages(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 4))
			sent := map[string]int{}
			var chunks [][]byte
			tsn, interleaved := r.Uint32(), seed%2 == 0
			for mid := range uint32(1 + r.IntN(8)) {
				m := fmt.Sprintf("INFO sip:%d@example.com SIP/2.0\r\n\r\n", mid) + strings.Repeat("x", r.IntN(5000))
				sent[m]++
				size := 1 + r.IntN(len(m))
				size = max(size, len(m)/7)
				for from := 0; from < len(m); from += size {
					to := min(len(m), from+size)
					flags := byte(0)
					if from == 0 {
						flags |= flagBegin
					}
					if to == len(m) {
						flags |= flagEnd
					}
					if interleaved {
						chunks = append(chunks, iDataChunk(flags, tsn, mid, uint32(from/size), m[from:to]))
					} else {
						chunks = append(chunks, dataChunk(flags, tsn, 0, m[from:to]))
					}
					tsn++
				}
			}
			for range r.IntN(4) {
				chunks = append(chunks, chunks[r.IntN(len(chunks))])
			}
			r.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
			a := NewAssociations(AssociationConfig{})
			for now := int64(0); len(chunks) > 0; now++ {
				n := 1 + r.IntN(min(3, len(chunks)))
				b := sctpPacket(1, chunks[:n]...)
				chunks = chunks[n:]
				f := *sctpFlow
				f.Src = addr(byte(r.IntN(2)))
				v := a.Packet(&f, b, len(b), now)
				if (v == Completed) != (len(a.Messages) > 0) || v < Held {
					t.Fatalf("%d with %d messages", v, len(a.Messages))
				}
				for _, m := range a.Messages {
					if sent[string(m.Octets)] != 1 || m.Overlap {
						t.Fatalf("%.60q was not sent, or is given out again", m.Octets)
					}
					sent[string(m.Octets)]--
				}
				checkAssociations(t, a)
			}
			for m, n := range sent {
				if n != 0 {
					t.Errorf("%.40q never came out", m)
				}
			}
		})
	}
}
