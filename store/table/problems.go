package table

import (
	"fmt"
	"strings"
)

// maxProblems bounds how many bad lines are kept to be listed, of all files of an import together; what is more is counted.
const maxProblems = 1000

// Problem is a line of a file that cannot be imported.
type Problem struct {
	File   string // its name without the folder
	Line   int    // from 1; a row of several lines is its first
	Reason string // in words; quotes at most 64 characters of the line
}

// Problems are all that is wrong with the files of an import. Nothing was imported.
type Problems struct {
	List []Problem // in the order of the files and lines; at most 1,000
	More int       // how many there are beside these
}

// Error has a line for each.
func (p *Problems) Error() string {
	var b strings.Builder
	for _, one := range p.List {
		_, _ = fmt.Fprintf(&b, "%s:%d: %s\n", one.File, one.Line, one.Reason) // a Builder never fails
	}
	if p.More > 0 {
		_, _ = fmt.Fprintf(&b, "and %d lines more\n", p.More)
	}
	n := len(p.List) + p.More
	if n == 1 {
		b.WriteString("1 line is wrong: nothing was imported")
	} else {
		_, _ = fmt.Fprintf(&b, "%d lines are wrong: nothing was imported", n)
	}
	return b.String()
}

// Add notes a line.
func (p *Problems) Add(file string, line int, reason string) {
	if len(p.List) >= maxProblems {
		p.More++
		return
	}
	p.List = append(p.List, Problem{file, line, reason})
}

// Err is p when there is a problem, else nil.
func (p *Problems) Err() error {
	if len(p.List) == 0 {
		return nil
	}
	return p
}
