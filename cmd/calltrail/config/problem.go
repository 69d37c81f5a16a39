package config

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	// Where is the place of the value: "file:line:column", "environment CALLTRAIL_LOG_LEVEL", "--log-level" or "default".
	Where string
	// Key is the path of the key, "kafka.brokers"; empty when the file as a whole is at fault.
	Key string
	// What is wrong, and after a semicolon what to do.
	What string
}

func (p Problem) String() string {
	if p.Key == "" {
		return p.Where + ": " + p.What
	}
	return p.Where + ": " + p.Key + ": " + p.What
}

// OnCommandLine says that a flag gave the value.
func (p Problem) OnCommandLine() bool { return strings.HasPrefix(p.Where, "--") }

// Problems is everything wrong with a configuration, in the order of the file. It is an error of one line a problem.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// err is ps as an error, nil when there is none.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// origin says where a value came from.
type origin struct {
	layer        layer
	name         string // file, variable or flag
	line, column int    // in a file
}

// layer is one of the places values come from, later ones on top.
type layer int

const (
	fromDefault layer = iota
	fromFile
	fromEnvironment
	fromFlag
)

func (o origin) String() string {
	switch o.layer {
	case fromFile:
		return fmt.Sprintf("%s:%d:%d", o.name, o.line, o.column)
	case fromEnvironment:
		return "environment " + o.name
	case fromFlag:
		return o.name
	case fromDefault:
	}
	return "default"
}
