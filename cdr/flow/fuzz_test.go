package flow_test

import (
	"testing"

	"calltrail/cdr/flow"
	"calltrail/decode"
	"calltrail/decode/fuzzbound"
)

// Whatever two packets of a flow hold, what comes out lies within them, and a second table says the same.
func FuzzDatagram(f *testing.F) {
	f.Add(message(allocateSuccess, xor(attrMapped, mapped), xor(attrRelayed, relay)), channel(media(111, 1, 40)), 0)
	f.Add(check("abcd", "efgh"), wrap(dataIndication, record(23, 1, 1, 9)), 3)
	f.Add(record(22, 0, 0, 1, 0, 0, 40), []byte{0x2f, 1, 2, 3}, 0)
	f.Add(append([]byte{0xff, 0x10, 0, 8 + 20, 1, 2, 3, 4, 5, 6, 7, 8}, message(allocateRequest)...), prefixed(message(bindingRequest)), 100)
	f.Fuzz(func(t *testing.T, first, second []byte, more int) {
		if more < 0 || more > 1<<16 {
			return
		}
		w, twin := newWorld(t, flow.Config{}), newWorld(t, flow.Config{})
		w.allocate(alice)
		twin.allocate(alice)
		for i, b := range [][]byte{first, second, first} {
			src, dst := alice, server
			if i == 1 {
				src, dst = server, alice
			}
			fr := frame(src, dst, b)
			fr.PayloadLen += more
			class := decode.Classify(fr)
			w.now += 1e9
			fuzzbound.CheckNew(t, len(b), func() func() {
				other := newWorld(t, flow.Config{})
				other.allocate(alice)
				return func() { other.table.Datagram(fr, class, 0, other.now, other.now) }
			})
			inner, n := w.table.Datagram(fr, class, 0, w.now, w.now)
			if len(inner) > n || n > fr.PayloadLen || len(inner) > len(b) {
				t.Fatalf("inner packet of %d octets, %d on the wire, in %d and %d", len(inner), n, len(b), fr.PayloadLen)
			}
			if _, m := twin.table.Datagram(fr, class, 0, w.now, w.now); m != n {
				t.Fatalf("%d octets, and then %d", n, m)
			}
			tcp := frame(src, dst, append([]byte{0, 1, 0, 2, 0, 0, 0, byte(i), 0, 0, 0, 0, 5 << 4, ack, 0, 0, 0, 0, 0, 0}, b...))
			tcp.PayloadLen += more
			w.table.Segment(tcp, 0, w.now, w.now)
			twin.table.Segment(tcp, 0, w.now, w.now)
		}
		w.table.Finish(w.now)
		twin.table.Finish(w.now)
		got, want := w.events(), twin.events()
		for i := range want {
			if len(got) != len(want) || got[i] != want[i] {
				t.Fatalf("%q and %q", got, want)
			}
		}
		if w.table.Len() != 0 {
			t.Fatalf("%d flows left", w.table.Len())
		}
	})
}
