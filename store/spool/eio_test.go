package spool

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"calltrail/store/faults/control"
)

func isIO(err error) bool { return errors.Is(err, syscall.EIO) }

// Fault 4 in the real kernel: strace answers fsyncs of a process with EIO. No file is synced again after it, and all that the
// process was told is durable is there, in one chain.
func TestFailedSyncOfTheKernel(t *testing.T) {
	t.Parallel()
	failed := failedSyncs(t, intact)
	t.Logf("fault 4: %d failed fsyncs", failed)
}

// Its control: a spool that asks again, which the kernel answers with success.
func TestFailedSyncOfTheKernelIsNoticed(t *testing.T) {
	t.Parallel()
	control.Noticed(t, "a failed fsync is called again", func(t testing.TB) { failedSyncs(t, syncAgain) })
}

// syncLine is strace's of an fsync, or of a close, with the descriptor's path: "fsync(5</s/0001.seg>) = -1 EIO …".
var syncLine = regexp.MustCompile(`(fsync|close)\(\d+<([^>]*)>\) += (-?\d+)`)

func failedSyncs(t testing.TB, broken breach) (failed int) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		if os.Getenv("CALLTRAIL_REQUIRE_PROGRAMS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
	// Every fourth fsync from the fifth on: of segments, of the directory's names.
	cmd := appender(t, dir, broken, "strace", "-f", "-y", "-qq", "-o", trace, "-e", "trace=fsync,close", "-e", "inject=fsync:error=EIO:when=5+4")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := uint64(0)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscan(lines.Text(), &told); err != nil {
			t.Fatal(err)
		}
		if told > 200 {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // strace and the child
		}
	}
	if err := cmd.Wait(); err == nil || complaint.Len() > 0 {
		t.Fatalf("the child ended by itself: %s", complaint.String())
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]bool{} // files whose fsync has failed
	for _, m := range syncLine.FindAllSubmatch(text, -1) {
		call, path := string(m[1]), string(m[2])
		switch {
		case call == "close":
			delete(refused, path)
		case refused[path]:
			t.Fatalf("%s was synced again after a failure", filepath.Base(path))
		case string(m[3]) == "-1":
			refused[path] = true
			failed++
		}
	}
	if failed < 5 {
		t.Fatalf("%d fsyncs failed: this shows nothing", failed)
	}
	s := mustOpen(t, killConfig(dir))
	list := readAll(t, s, 1)
	checkChain(t, list, s.Epoch())
	if uint64(len(list)) < told || len(s.Gaps()) != 0 {
		t.Fatalf("%d records, told %d, gaps %v", len(list), told, s.Gaps())
	}
	for _, e := range list {
		if !bytes.Equal(e.Body, body(e.Seq)) {
			t.Fatalf("record %d has other bytes", e.Seq)
		}
	}
	mustClose(t, s)
	return failed
}
