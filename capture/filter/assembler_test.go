package filter

import (
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// A conditional jump reaches 255 instructions; from 256 on a long jump stands in between. Wherever the ends are, the
// program does the same.
func TestAssembleFarJumps(t *testing.T) {
	pad := bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 0}
	for _, distance := range []int{0, 1, 252, 253, 254, 255, 256, 257, 300, 3000} {
		for _, far := range []string{"one", "other", "both"} {
			var a assembler
			a.do(bpf.LoadAbsolute{Off: 0, Size: 1})
			a.equal(255, "pad", next) // dead steps would be left out
			switch far {
			case "one":
				a.above(5, "yes", next)
			case "other":
				a.above(5, next, "no")
			case "both":
				a.above(5, "yes", "no")
			}
			a.at("pad", "")
			for range distance {
				a.do(pad)
			}
			a.do(bpf.LoadConstant{Dst: bpf.RegA, Val: 7}, bpf.RetA{})
			a.at("yes", "")
			a.do(bpf.LoadConstant{Dst: bpf.RegA, Val: 1}, bpf.RetA{})
			a.at("no", "")
			a.do(bpf.RetConstant{Val: 2})
			code, _, err := a.assemble()
			if err != nil {
				t.Fatal(err)
			}
			if len(code) < distance {
				t.Fatalf("%d instructions: the distance is not there", len(code))
			}
			vm, err := bpf.NewVM(code)
			if err != nil {
				t.Fatalf("distance %d: %v", distance, err)
			}
			for _, octet := range []byte{5, 6} {
				want := 7
				if octet > 5 && far != "other" {
					want = 1
				}
				if octet <= 5 && far != "one" {
					want = 2
				}
				if got, err := vm.Run([]byte{octet}); got != want || err != nil {
					t.Errorf("distance %d, %s far, octet %d: %d, want %d, %v", distance, far, octet, got, want, err)
				}
			}
		}
	}
}

func TestAssembleRefuses(t *testing.T) {
	tests := []struct {
		name  string
		build func(*assembler)
		want  string
	}{
		{"a jump back", func(a *assembler) { a.at("here", ""); a.do(bpf.TXA{}); a.jump("here") }, `a jump to "here", which is not further on`},
		{"a jump to nowhere", func(a *assembler) { a.equal(1, "there", next); a.do(bpf.RetA{}) }, `a jump to "there", which is not further on`},
		{"a name given twice", func(a *assembler) { a.at("here", ""); a.do(bpf.TXA{}); a.at("here", ""); a.do(bpf.RetA{}) }, `two places are named "here"`},
	}
	for _, tt := range tests {
		var a assembler
		tt.build(&a)
		if _, _, err := a.assemble(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestMerged(t *testing.T) {
	const top = 1<<32 - 1
	got := merged([]span{{5061, 5061}, {top, top}, {5060, 5060}, {0, 9}, {5, 7}, {12, 20}, {15, 30}, {0, 0}, {100, top - 1}})
	want := []span{{0, 9}, {12, 30}, {100, top}}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
