package spool

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOwner(t *testing.T) {
	dir := t.TempDir()
	if got, err := Owner(dir); got != "" || err != nil {
		t.Fatalf("an empty directory: %q, %v", got, err)
	}
	s := mustOpen(t, Config{Dir: dir, Sensor: "edge-7", SegmentBytes: 4 << 10})
	for range 9 {
		mustAppend(t, s, make([]byte, 1000))
	}
	if got, err := Owner(dir); got != "edge-7" || err != nil {
		t.Errorf("while it is open: %q, %v", got, err)
	}
	mustClose(t, s)
	// A newest segment without a whole header says nothing; the one before it does.
	if err := os.WriteFile(filepath.Join(dir, segmentName(99)), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Owner(dir); got != "edge-7" || err != nil {
		t.Errorf("with a torn segment: %q, %v", got, err)
	}
	if _, err := Owner(filepath.Join(dir, "none")); err == nil {
		t.Error("no directory, and no error")
	}
}
