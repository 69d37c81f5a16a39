package config

import "strings"

// nearest is the candidate closest to name, or "" when none is close enough to be what was meant.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", min(len(name)/3+2, 5)
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// hintSection proposes the section, or the full path of a key that was written outside of its section.
func hintSection(name string) string {
	var sections, inside []string
	for _, k := range keys {
		section, leaf, _ := strings.Cut(k.path, ".")
		if len(sections) == 0 || sections[len(sections)-1] != section {
			sections = append(sections, section)
		}
		if leaf == name {
			inside = append(inside, k.path)
		}
	}
	if len(inside) > 0 {
		return strings.Join(inside, " or ")
	}
	return nearest(name, sections)
}

// hintKey proposes a key of the same section, or the full path of the same name in another one.
func hintKey(section, name string) string {
	var siblings, elsewhere []string
	for _, k := range keys {
		s, leaf, _ := strings.Cut(k.path, ".")
		switch {
		case s == section:
			siblings = append(siblings, leaf)
		case leaf == name:
			elsewhere = append(elsewhere, k.path)
		}
	}
	if n := nearest(name, siblings); n != "" {
		return section + "." + n
	}
	return strings.Join(elsewhere, " or ")
}

// distance is the number of inserted, deleted, replaced or swapped octets between a and b (optimal string alignment).
// Names longer than 64 are never near.
func distance(a, b string) int {
	const limit = 64
	if len(a) > limit || len(b) > limit {
		return limit
	}
	var rows [3][limit + 1]int
	before, previous, current := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			current[j] = d
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
