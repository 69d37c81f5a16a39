package attest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must come; no test waits that long when all is well.
const patience = 20 * time.Second

func TestRunReloads(t *testing.T) {
	a, b := newSigner(t, template{}), newSigner(t, template{})
	dir := folder(t, map[string][]byte{"a.pem": a.cert})
	reports := make(chan error, 100)
	v := newVerifier(t, Config{Dir: dir, Poll: time.Millisecond, OnReload: func(err error) { reports <- err }})
	report := func() error {
		t.Helper()
		select {
		case err := <-reports:
			return err
		case <-time.After(patience):
			t.Fatal("no reload was reported")
			return nil
		}
	}
	want := func(s *signer, want Reason) {
		t.Helper()
		if got := v.Verify(s.passport(), call); got.Reason != want {
			t.Errorf("%s, want %s", got.Reason, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	p := b.passport()
	if got := v.Verify(p, call); got.Reason != UnknownCertificate {
		t.Errorf("before: %s", got.Reason)
	}

	rename(t, filepath.Join(dir, "a.pem"), b.cert)
	if err := report(); err != nil {
		t.Fatal(err)
	}
	want(a, UnknownCertificate)
	if got := v.Verify(p, call); got.Reason != Verified {
		t.Errorf("what was found with the old certificates is still remembered: %s", got.Reason)
	}

	// A bad file changes nothing, not even beside a good one.
	rename(t, filepath.Join(dir, "z.pem"), []byte("no certificate"))
	err := report()
	if err == nil || !strings.Contains(err.Error(), "z.pem") || !strings.Contains(err.Error(), "stay in use") {
		t.Fatalf("report %v, want the file, and that the others stay in use", err)
	}
	want(b, Verified)

	if err := os.Remove(filepath.Join(dir, "z.pem")); err != nil {
		t.Fatal(err)
	}
	if err := report(); err != nil {
		t.Fatal(err)
	}
	rename(t, filepath.Join(dir, named), a.cert)
	for v.Stats().Certificates != 2 { // the folder may be seen before what is in it
		if err := report(); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	want(a, Verified)

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	gone := func(err error) bool { return err != nil && strings.Contains(err.Error(), "is not there") }
	for err = report(); !gone(err); { // the files go one by one
		err = report()
	}
	if st := v.Stats(); st.Reloads < 3 || st.Failures < 2 {
		t.Errorf("stats %+v", st)
	}
}

func rename(t *testing.T, path string, b []byte) {
	t.Helper()
	put(t, filepath.Join(filepath.Dir(path), ".new"), b)
	if err := os.Rename(filepath.Join(filepath.Dir(path), ".new"), path); err != nil {
		t.Fatal(err)
	}
}

func TestRunWithoutFolder(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := newVerifier(t, Config{})
	if err := errors.Join(v.Run(ctx), v.Reload()); err != nil {
		t.Error(err)
	}
}

// Verify while the certificates are swapped sees one set or the other. Run with -race it also shows that nothing is shared
// without care.
func TestVerifyDuringReload(t *testing.T) {
	a, b := newSigner(t, template{}), newSigner(t, template{})
	dir := folder(t, map[string][]byte{named: a.cert})
	v := newVerifier(t, Config{Dir: dir})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		p := a.passport()
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := v.Verify(p, call); got.Reason != Verified && got.Reason != SignatureInvalid {
					t.Errorf("torn: %s", got.Reason)
					return
				}
			}
		})
	}
	for i := range 20 {
		rename(t, filepath.Join(dir, named), [][]byte{b.cert, a.cert}[i%2])
		if err := v.Reload(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
	if got := v.Verify(a.passport(), call); got.Reason != Verified {
		t.Errorf("in the end: %s", got.Reason)
	}
}

// TestChangedOnce: neither an empty folder nor a missing one is read again and again.
func TestChangedOnce(t *testing.T) {
	dir := t.TempDir()
	v := newVerifier(t, Config{Dir: dir})
	want := func(what string, want bool) {
		t.Helper()
		if got := v.changed(); got != want {
			t.Errorf("%s: changed %t, want %t", what, got, want)
		}
	}
	want("empty", false)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	want("gone", true)
	if v.Reload() == nil {
		t.Error("a missing folder was read")
	}
	want("still gone", false)
	put(t, filepath.Join(dir, "a.pem"), newSigner(t, template{}).cert)
	want("back", true)
	if err := v.Reload(); err != nil {
		t.Error(err)
	}
	want("read", false)
}
