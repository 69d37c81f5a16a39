package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
)

// heapTest, set in the environment, is where the process writes its heap: see TestContentIsForgotten.
const heapTest = "CALLTRAIL_TEST_HEAP"

// transports are what records say of contentCarriages.
var transports = map[string]string{
	"udp": "udp", "fragments": "udp", "tcp": "tcp", "websocket": "ws", "deflated websocket": "ws", "sctp": "sctp",
}

// After a run no content and no secret is left in memory. Covered: every object on the heap of a process of its own that
// the garbage collector has not freed, its global variables and its stacks, while the Pipeline that has run is still held.
// Not covered: what is freed and not yet written over.
func TestContentIsForgotten(t *testing.T) {
	if name := os.Getenv(heapTest); name != "" {
		dumpHeap(t, name)
		return
	}
	t.Run("one worker", func(t *testing.T) { contentIsForgotten(t, "udp", "1") })
	for _, how := range contentCarriages {
		t.Run(how, func(t *testing.T) { contentIsForgotten(t, how, "3") })
	}
}

func contentIsForgotten(t *testing.T, how, workers string) {
	list, _, marks := contentCapture(how)
	dir := t.TempDir()
	name, file := filepath.Join(dir, "heap"), filepath.Join(dir, "content.pcap")
	if err := os.WriteFile(file, pcap(list), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestContentIsForgotten$")
	// A copy that is interrupted by a signal leaves the octets that it has in registers on a stack.
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1", heapTest+"="+name, "CALLTRAIL_TEST_WORKERS="+workers, "CALLTRAIL_TEST_CAPTURE="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dump, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(dump, []byte("Kept Name")) {
		t.Error("the records are not in the dump: it proves nothing")
	}
	for _, n := range marksIn(dump, marks) {
		t.Errorf("mark %d is in memory: %q", n, around(dump, secret(n)))
	}
}

// dumpHeap runs the capture and writes the heap to a file.
func dumpHeap(t *testing.T, name string) {
	lookups, err := goldenLookups()
	if err != nil {
		t.Fatal(err)
	}
	cfg := pipeline.Config{Workers: 1, Sensor: "test", Messages: true}
	if os.Getenv("CALLTRAIL_TEST_WORKERS") == "3" {
		cfg.Workers = 3
	}
	out := &collected{}
	p, err := pipeline.New(cfg, lookups, out)
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error)
	go func() { // on a stack of its own, so that nothing on this one points to what was read
		src, err := capture.OpenFile(os.Getenv("CALLTRAIL_TEST_CAPTURE"))
		if err == nil {
			err = errors.Join(p.Run(context.Background(), src), src.Close())
		}
		ran <- err
	}()
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.GC() // pools give up their contents at the second
	debug.WriteHeapDump(f.Fd())
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(p)
	runtime.KeepAlive(out)
}
