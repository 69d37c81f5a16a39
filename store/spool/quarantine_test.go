package spool

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Copies of damaged octets go when they are old; what they say by their names, also to the next run, stays.
func TestOldDamageIsEmptied(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Sensor: "s", KeepDamage: 48 * time.Hour}
	folder := filepath.Join(cfg.Dir, quarantineDir)
	old := Gap{First: 3, Last: 4, Segment: 1, Offset: 1024, Length: 4}
	young := Gap{Segment: 2, Offset: 512, Length: 4}
	open := func() *Spool {
		s, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := open().Close(); err != nil {
		t.Fatal(err)
	}
	ages := map[string]time.Duration{old.file(): 49 * time.Hour, "0000000003.torn": 49 * time.Hour, young.file(): 47 * time.Hour}
	for name, age := range ages {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("who"+name[:1]), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	want := []Gap{old, young}
	s := open()
	for _, octets := range []int64{8, 0} { // the second time there is nothing to do
		if got := s.Gaps(); !slices.Equal(got, want) {
			t.Fatalf("gaps %+v, want %+v", got, want)
		}
		freed, err := s.Trim(-1, -1)
		if err != nil || freed != octets {
			t.Errorf("%d octets freed, want %d: %v", freed, octets, err)
		}
		for name, age := range ages {
			info, err := os.Stat(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			if empty := info.Size() == 0; empty != (age > cfg.KeepDamage) {
				t.Errorf("%s of %v has %d octets", name, age, info.Size())
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open()
	}
	cfg.KeepDamage = 0
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	if freed, err := s.Trim(-1, -1); err != nil || freed != 0 {
		t.Errorf("kept for ever: %d octets freed, %v", freed, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
