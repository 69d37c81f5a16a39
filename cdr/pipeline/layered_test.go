package pipeline

import (
	"testing"

	"calltrail/decode/reassembly"
)

// A stream that goes on is known for as long as it does; one that is silent is forgotten, and a flood of others pushes out what
// is older than the flood alone.
func TestLayered(t *testing.T) {
	stream := func(i int) *reassembly.Flow { return &reassembly.Flow{SrcPort: uint16(i), Scope: uint32(i >> 16)} }
	known := func(l *layered, i int) bool { return l.get(stream(i)).vlans == 1 }
	l := newLayered()
	l.of(stream(1), 0).vlans = 1
	l.of(stream(2), 0).vlans = 1
	for now := range int64(10) {
		l.of(stream(1), now*layeredFor)
	}
	if !known(&l, 1) || known(&l, 2) {
		t.Errorf("the one that goes on: %t; the silent one: %t", known(&l, 1), known(&l, 2))
	}
	l.of(stream(2), 10*layeredFor).vlans = 1
	for i := range maxLayered {
		l.of(stream(10+i), 10*layeredFor+1)
	}
	if !known(&l, 2) {
		t.Error("pushed out by fewer than a generation")
	}
	for i := range 3 * maxLayered {
		l.of(stream(10+maxLayered+i), 10*layeredFor+2)
	}
	if n := len(l.newest) + len(l.older); n > 2*maxLayered || known(&l, 2) {
		t.Errorf("%d streams after a flood", n)
	}
}
