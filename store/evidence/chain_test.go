package evidence

import (
	"fmt"
	"testing"

	"calltrail/store/spool"
)

// What is checked by is written twice; a sensor's chain and this one must be one.
func TestLinkIsTheSpools(t *testing.T) {
	public := make([]byte, PublicKeySize)
	for i := range public {
		public[i] = byte(i)
	}
	if Genesis("edge-1", public) != spool.Genesis("edge-1", public) || Genesis("edge-1", nil) != spool.Genesis("edge-1", nil) {
		t.Error("genesis")
	}
	if Link([32]byte{1}, 1<<40, 1<<50, [32]byte{2}) != spool.Link([32]byte{1}, 1<<40, 1<<50, [32]byte{2}) {
		t.Error("link")
	}
}

func TestWalk(t *testing.T) {
	const epoch, length = 5, 10
	var hashes, leaves [length + 1][32]byte
	for n := 1; n <= length; n++ {
		leaves[n] = [32]byte{byte(n)}
		hashes[n] = Link(hashes[n-1], epoch, uint64(n), leaves[n])
	}
	cert := func(from, to uint64) Certificate {
		return Certificate{FromSeq: from, ToSeq: to, HashBefore: hashes[from-1], HashLast: hashes[to]}
	}
	lying := cert(4, 6)
	lying.HashBefore[0]++
	wrong := cert(4, 6)
	wrong.HashLast[0]++
	cases := []struct {
		name  string
		skip  func(n int) bool
		certs []Certificate
		want  string
	}{
		{"whole", nil, nil, ""},
		{"a hole", func(n int) bool { return n == 4 || n == 5 }, nil, "missing 4-5;"},
		{"no beginning", func(n int) bool { return n < 3 }, nil, "missing 1-2;"},
		{"no end", func(n int) bool { return n > 8 }, nil, "missing 9-10;"},
		{"a certified hole", func(n int) bool { return n >= 4 && n <= 6 }, []Certificate{cert(4, 6)}, ""},
		{"two of them side by side", func(n int) bool { return n >= 4 && n <= 8 }, []Certificate{cert(4, 6), cert(7, 8)}, ""},
		{"one more", func(n int) bool { return n >= 4 && n <= 7 }, []Certificate{cert(4, 6)}, "missing 7-7;"},
		{"one less", func(n int) bool { return n >= 4 && n <= 5 }, []Certificate{cert(4, 6)}, ""},
		{"between two", func(n int) bool { return n >= 2 && n <= 8 }, []Certificate{cert(2, 3), cert(6, 8)}, "missing 4-5;"},
		{"certified end", func(n int) bool { return n > 8 }, []Certificate{cert(9, 10)}, ""},
		{"it lies about the entry before", func(n int) bool { return n >= 4 && n <= 6 }, []Certificate{lying}, "certificate 4-6;"},
		{"it lies about its last", func(n int) bool { return n >= 4 && n <= 6 }, []Certificate{wrong}, "chain_broken 7-7;"},
		{"it lies about its last, which is there", func(n int) bool { return n == 4 }, []Certificate{wrong}, "certificate 6-6;"},
	}
	for _, c := range cases {
		w := NewWalk(epoch, 1, hashes[0], true, c.certs)
		var faults []Fault
		for n := 1; n <= length; n++ {
			if c.skip == nil || !c.skip(n) {
				faults = append(faults, w.Next(uint64(n), leaves[n], hashes[n])...)
			}
		}
		faults = append(faults, w.End(length)...)
		got := ""
		for _, f := range faults {
			got += fmt.Sprintf("%s %d-%d;", f.Kind, f.Seq, f.Last)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
