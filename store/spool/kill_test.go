package spool

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"calltrail/store/faults/control"
)

// Variables of the process that appends: its directory, and what its spool does wrong.
const (
	childEnv  = "CALLTRAIL_SPOOL_CHILD"
	breachEnv = "CALLTRAIL_SPOOL_BREACH"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func killConfig(dir string) Config {
	return Config{Dir: dir, Sensor: "edge-1", SegmentBytes: 64 << 10, QueueBytes: 256 << 10}
}

// child appends until it is killed and prints the last number that it was told is durable. An error of the disk is no end: it
// waits until what was numbered is durable after all.
func child(dir string) error {
	cfg := killConfig(dir)
	if text := os.Getenv(breachEnv); text != "" {
		n, err := strconv.ParseUint(text, 10, 8)
		if err != nil {
			return err
		}
		cfg.breach = breach(n)
	}
	s, err := Open(cfg)
	if err != nil {
		return err
	}
	for next := s.Stats().Last + 1; ; {
		bodies := make([][]byte, 1+next%5)
		for i := range bodies {
			bodies[i] = body(next + uint64(i))
		}
		first, last, err := s.Append(bodies...)
		for err != nil && first != 0 && isIO(err) {
			err = s.WaitDurable(context.Background(), last)
		}
		if err != nil {
			return err
		}
		fmt.Println(last)
		next = last + 1
	}
}

// appender is a process that runs child.
func appender(t testing.TB, dir string, broken breach, before ...string) *exec.Cmd {
	t.Helper()
	argv := append(slices.Clone(before), os.Args[0])
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+dir, fmt.Sprintf("%s=%d", breachEnv, broken))
	return cmd
}

// crashes is how many kills a test makes: n, or CALLTRAIL_CRASHES of them.
func crashes(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("CALLTRAIL_CRASHES")
	if text == "" {
		return n
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CALLTRAIL_CRASHES is %q, must be a number from 1", text)
	}
	return n
}

// Fault 1: kill -9 at random moments under load. What the child has printed is there, with the right bytes and chain.
func TestKill(t *testing.T) {
	t.Parallel()
	kills := crashes(t, 30)
	told := kill(t, kills, intact)
	t.Logf("fault 1: %d kills of an appender", kills)
	t.Logf("%d records after them", told)
}

// Its control: a spool that says of what is only queued that it is durable.
func TestKillIsNoticed(t *testing.T) {
	t.Parallel()
	control.Noticed(t, "acknowledged early", func(t testing.TB) { kill(t, 30, acknowledge) })
}

func kill(t testing.TB, kills int, broken breach) (told uint64) {
	t.Helper()
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 1))
	var epoch uint64
	for cycle := range kills {
		if cycle%100 == 99 { // or reading it would take ever longer
			dir, told, epoch = t.TempDir(), 0, 0
		}
		cmd := appender(t, dir, broken)
		var complaint bytes.Buffer
		cmd.Stderr = &complaint
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for enough := 1 + rnd.IntN(30); lines.Scan(); enough-- {
			if _, err := fmt.Sscan(lines.Text(), &told); err != nil {
				t.Fatal(err)
			}
			if enough == 0 { // the child runs on while it is killed; what it still prints counts
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || complaint.Len() > 0 {
			t.Fatalf("cycle %d: child ended by itself: %s", cycle, complaint.String())
		}
		s := mustOpen(t, killConfig(dir))
		list := readAll(t, s, 1)
		if epoch == 0 {
			epoch = s.Epoch()
		}
		checkChain(t, list, epoch)
		if uint64(len(list)) < told || len(s.Gaps()) != 0 {
			t.Fatalf("cycle %d: %d records, told %d, gaps %v", cycle, len(list), told, s.Gaps())
		}
		if i := slices.IndexFunc(list, func(e Entry) bool { return !bytes.Equal(e.Body, body(e.Seq)) }); i >= 0 {
			t.Fatalf("cycle %d: record %d has other bytes", cycle, i+1)
		}
		mustClose(t, s)
	}
	return told
}
