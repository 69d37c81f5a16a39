package dialog

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ladders are those that a property is tried on: all that say nothing of the table's size.
func ladders(t *testing.T) (list []*ladder) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		for _, l := range readLadders(t, path) {
			if l.cfg.Calls == 0 {
				list = append(list, l)
			}
		}
	}
	if len(list) < 60 {
		t.Fatalf("%d ladders", len(list))
	}
	return list
}

// withoutCounts leaves out the method counts, the one thing that a copy changes in a leg.
func withoutCounts(lines []string) []string {
	var out []string
	for _, line := range lines {
		words := strings.Fields(line)
		words = slices.DeleteFunc(words, func(w string) bool {
			name, n, ok := strings.Cut(w, ":")
			return ok && strings.ToUpper(name) == name && strings.Trim(n, "0123456789") == "" && len(name) > 2
		})
		out = append(out, strings.Join(words, " "))
	}
	return out
}

// A mirror port shows messages twice: the copy of any message, at once or a moment later, changes the counts of methods and
// nothing else.
func TestCopiesChangeNothing(t *testing.T) {
	for _, l := range ladders(t) {
		t.Run(l.name, func(t *testing.T) {
			// The input ends when it does.
			l.steps = append(l.steps, step{at: l.steps[len(l.steps)-1].at + 400e9, end: true})
			want := withoutCounts(l.run(t, l.steps))
			for i, s := range l.steps {
				if s.text == nil {
					continue
				}
				for _, later := range []int64{0, 3e6} {
					copied := s
					copied.at += later
					steps := slices.Insert(slices.Clone(l.steps), i+1, copied)
					slices.SortStableFunc(steps, func(a, b step) int { return int(a.at - b.at) })
					got := withoutCounts(l.run(t, steps))
					if !slices.Equal(got, want) {
						t.Fatalf("copy of message %d, %d ns later: got\n%s\nwant\n%s", i, later, strings.Join(got, "\n"),
							strings.Join(want, "\n"))
					}
				}
			}
		})
	}
}

// Every message twice.
func TestMirroredLadders(t *testing.T) {
	for _, l := range ladders(t) {
		t.Run(l.name, func(t *testing.T) {
			var steps []step
			for _, s := range l.steps {
				steps = append(steps, s)
				if s.text != nil {
					steps = append(steps, s)
				}
			}
			if got, want := withoutCounts(l.run(t, steps)), withoutCounts(l.run(t, l.steps)); !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// What becomes of a call does not depend on the messages of other calls in between: all ladders woven into one give the
// legs of each.
func TestOtherCallsChangeNothing(t *testing.T) {
	var all []step
	var want []string
	for i, l := range ladders(t) {
		if l.cfg != (Config{}) || slices.ContainsFunc(l.steps, func(s step) bool { return s.text == nil }) {
			continue // an end of the input, and streams between addresses that all ladders share
		}
		rename := func(text string) string {
			text = strings.ReplaceAll(text, "Call-ID: ", fmt.Sprintf("Call-ID: l%d-", i))
			return text
		}
		steps := slices.Clone(l.steps)
		for k := range steps {
			steps[k].text = []byte(rename(string(steps[k].text)))
		}
		want = append(want, l.run(t, steps)...)
		all = append(all, steps...)
	}
	if len(all) < 250 {
		t.Fatalf("%d messages", len(all))
	}
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 1))
		woven := slices.Clone(all)
		r.Shuffle(len(woven), func(i, j int) { woven[i], woven[j] = woven[j], woven[i] })
		// Those of one time in the order of their ladder, and ladders in any order.
		place := map[*byte]int{}
		for i := range all {
			place[&all[i].text[0]] = i
		}
		ladderOf := func(s step) string {
			_, id, _ := strings.Cut(string(s.text), "Call-ID: ")
			id, _, _ = strings.Cut(id, "-")
			return id
		}
		slices.SortStableFunc(woven, func(a, b step) int {
			if a.at != b.at {
				return int(a.at - b.at)
			}
			if ladderOf(a) == ladderOf(b) {
				return place[&a.text[0]] - place[&b.text[0]]
			}
			return 0
		})
		got := (&ladder{}).run(t, woven)
		if !slices.Equal(paired(got), paired(want)) {
			missing(t, paired(got), paired(want))
		}
	}
}

// paired puts the lines of a leg into one and sorts the legs.
func paired(lines []string) (legs []string) {
	for _, line := range lines {
		if strings.HasPrefix(line, "=   ") {
			legs[len(legs)-1] += line
		} else {
			legs = append(legs, line)
		}
	}
	slices.Sort(legs)
	return legs
}

func missing(t *testing.T, got, want []string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("missing %s", w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("too much %s", g)
		}
	}
}
