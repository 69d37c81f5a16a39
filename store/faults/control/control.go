// Package control runs the negative controls of tests: a check that is given something broken on purpose must fail, or it proves
// nothing where nothing is broken. What is broken is the shipped code itself, through a variable that only a test sets.
//
// It is for tests only: nothing but _test.go files imports it.
package control

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Noticed runs a check that must fail. It fails t when the check sees nothing wrong, and returns what it said otherwise. The
// check gets a testing.TB of its own, whose failures do not count; temporary directories and cleanups are those of t.
func Noticed(t testing.TB, what string, check func(testing.TB)) (said string) {
	t.Helper()
	r := &recorder{TB: t}
	ended := make(chan struct{})
	go func() { // FailNow and Fatal end the goroutine
		defer close(ended)
		check(r)
	}()
	<-ended
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.failed {
		t.Errorf("%s: the check noticed nothing", what)
	}
	first, _, _ := strings.Cut(r.said.String(), "\n")
	t.Logf("%s: noticed: %.300s", what, first)
	return r.said.String()
}

// recorder is a testing.TB that keeps what it is told.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed bool
	said   strings.Builder
}

func (r *recorder) say(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	r.said.WriteString(line + "\n")
}

func (*recorder) Helper()    {}
func (*recorder) Log(...any) {}
func (r *recorder) Fail()    { r.say("failed") }
func (r *recorder) FailNow() { r.Fail(); runtime.Goexit() }
func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// Logf is not a failure and is not kept.
func (*recorder) Logf(string, ...any) {}

// Error implements testing.TB.
func (r *recorder) Error(args ...any) { r.say(strings.TrimSuffix(fmt.Sprintln(args...), "\n")) }

// Errorf implements testing.TB.
func (r *recorder) Errorf(format string, args ...any) { r.say(fmt.Sprintf(format, args...)) }

// Fatal implements testing.TB.
func (r *recorder) Fatal(args ...any) { r.Error(args...); runtime.Goexit() }

// Fatalf implements testing.TB.
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }
