package faults

import "strings"

// Command is one call of go test: the tests of a fault in one folder.
type Command struct{ Folder, Expression string }

// Commands are those that run a fault's tests and controls, and no others.
func (f *Fault) Commands() (list []Command, err error) {
	tests, err := f.all()
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for _, test := range tests {
		i, ok := at[test.Folder]
		if !ok {
			i = len(list)
			at[test.Folder] = i
			list = append(list, Command{Folder: test.Folder})
		}
		if !strings.Contains(list[i].Expression+"|", test.Expression()+"|") {
			list[i].Expression = strings.TrimPrefix(list[i].Expression+"|"+test.Expression(), "|")
		}
	}
	return list, nil
}
