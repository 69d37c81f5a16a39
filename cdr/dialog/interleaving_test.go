package dialog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// way is the path and transaction of a message: what the network does not reorder.
func way(s *step) string {
	return fmt.Sprintf("%v %v %s", min(s.src.AddrPort().String(), s.dst.AddrPort().String()),
		max(s.src.AddrPort().String(), s.dst.AddrPort().String()), s.attrs["call"])
}

// interleaved gives the messages of each moment, a moment being messages not more than 3 ms apart, one time, and shuffles
// them; those between the same two hosts stay in their order, as those of different hops and taps need not.
func interleaved(steps []step, r *rand.Rand) []step {
	out := slices.Clone(steps)
	for i := 0; i < len(out); {
		n := i + 1
		for n < len(out) && out[n].at-out[n-1].at <= 3e6 && out[n].text != nil && out[i].text != nil {
			n++
		}
		moment := out[i:n]
		if out[i].text != nil {
			at := moment[0].at
			queues := map[string][]step{}
			var ways []string
			for _, s := range moment {
				w := way(&s)
				if queues[w] == nil {
					ways = append(ways, w)
				}
				s.at = at
				queues[w] = append(queues[w], s)
			}
			for k := range moment {
				w := ways[0]
				if r != nil {
					w = ways[r.IntN(len(ways))]
				}
				moment[k] = queues[w][0]
				if queues[w] = queues[w][1:]; len(queues[w]) == 0 {
					ways = slices.DeleteFunc(ways, func(o string) bool { return o == w })
				}
			}
		}
		i = n
	}
	return out
}

// withoutOrder sorts what stands in the order in which it was seen: the hops of a call.
func withoutOrder(lines []string) (out []string) {
	for _, line := range lines {
		words := strings.Fields(line)
		first := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "hop=") })
		if first >= 0 {
			last := first
			for last < len(words) && strings.HasPrefix(words[last], "hop=") {
				last++
			}
			slices.Sort(words[first:last])
		}
		counts := slices.IndexFunc(words, func(w string) bool {
			name, _, ok := strings.Cut(w, ":")
			return ok && len(name) > 2 && strings.ToUpper(name) == name
		})
		if counts >= 0 && strings.HasPrefix(line, "= ") {
			slices.Sort(words[counts:])
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

// What several hops, or several taps, see at one moment may come in any order: the record is the same.
func TestInterleavings(t *testing.T) {
	tried := 0
	for _, l := range ladders(t) {
		if strings.HasPrefix(l.name, "A session border controller that puts its own Via only") {
			continue // nothing but the order tells the two hops apart
		}
		t.Run(l.name, func(t *testing.T) {
			want := withoutOrder(l.run(t, interleaved(l.steps, nil)))
			for seed := range uint64(8) {
				steps := interleaved(l.steps, rand.New(rand.NewPCG(seed, 7)))
				if slices.EqualFunc(steps, l.steps, func(a, b step) bool { return &a.text == &b.text && a.at == b.at }) {
					continue
				}
				tried++
				if got := withoutOrder(l.run(t, steps)); !slices.Equal(paired(got), paired(want)) {
					var order []string
					for _, s := range steps {
						if s.text != nil {
							line, _, _ := strings.Cut(string(s.text), "\r\n")
							order = append(order, fmt.Sprintf("%s %s>%s %s", since(s.at), hostName(s.src), hostName(s.dst), line))
						}
					}
					t.Fatalf("got\n%s\nwant\n%s\nin the order\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), strings.Join(order, "\n"))
				}
			}
		})
	}
	if tried < 100 {
		t.Errorf("%d interleavings", tried)
	}
}
