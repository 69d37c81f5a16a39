package testnet

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a program in a namespace. It ends with the test at the latest, and with the test's own process.
type Process struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	output output
	done   chan struct{} // closed when it has ended
}

// output is what a process has said so far, on standard output and standard error.
type output struct {
	mu    sync.Mutex
	bytes bytes.Buffer
	more  chan struct{} // closed and made anew at each write
}

// Write is for os/exec only.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.bytes.Write(p)
}

// now is what was said, and a channel that is closed when there is more.
func (o *output) now() (said string, more <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes.String(), o.more
}

// start runs a command line in the directory dir, with the environment env; nil is the test's own.
func start(t testing.TB, dir string, env []string, argv ...string) *Process {
	t.Helper()
	p := &Process{
		t: t, name: filepath.Base(argv[0]), cmd: exec.Command(argv[0], argv[1:]...), //nolint:noctx,gosec // a test's own command, which ends with it
		output: output{more: make(chan struct{})}, done: make(chan struct{}),
	}
	p.cmd.Dir, p.cmd.Env = dir, env
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.WaitDelay = time.Second // a child that lives on may hold the pipe
	// A group of its own, to be ended whole.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState has the outcome
		close(p.done)
	}()
	t.Cleanup(p.Kill)
	return p
}

// Output is what the process has said so far.
func (p *Process) Output() string {
	said, _ := p.output.now()
	return said
}

// Await waits until the process has said something that matches the pattern, and returns the submatches. The test fails
// when the process ends first, or after Patience.
func (p *Process) Await(pattern string) []string {
	p.t.Helper()
	re, late := regexp.MustCompile(pattern), time.NewTimer(Patience)
	defer late.Stop()
	for {
		said, more := p.output.now()
		if found := re.FindStringSubmatch(said); found != nil {
			return found
		}
		select {
		case <-more:
		case <-p.done:
			if found := re.FindStringSubmatch(p.Output()); found != nil {
				return found
			}
			p.t.Fatalf("%s ended and did not say %q:\n%s", p.name, pattern, p.Output())
		case <-late.C:
			p.t.Fatalf("%s did not say %q in %v:\n%s", p.name, pattern, Patience, p.Output())
		}
	}
}

// Signal sends a signal to the process alone.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
}

// PID is the process's number, also after its end.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.done }

// Wait waits for the end and returns the exit status; -1 when a signal ended it. The test fails after limit.
func (p *Process) Wait(limit time.Duration) int {
	p.t.Helper()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C:
		p.t.Fatalf("%s did not end in %v:\n%s", p.name, limit, p.Output())
	}
	return p.cmd.ProcessState.ExitCode()
}

// Succeed waits for the end; the test fails when the exit status is not 0.
func (p *Process) Succeed(limit time.Duration) {
	p.t.Helper()
	if status := p.Wait(limit); status != 0 {
		p.t.Fatalf("%s: exit status %d:\n%s", p.name, status, p.Output())
	}
}

// Kill ends the process and all that it started, by SIGKILL, and returns when it is gone.
func (p *Process) Kill() {
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.t.Errorf("kill %s: %v", p.name, err)
	}
	<-p.done
}
