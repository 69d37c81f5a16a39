package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const pcaps = "../.."

// The committed captures are what the committed plain ones give.
func TestCapturesMatchThePlainOnes(t *testing.T) {
	made := map[string]bool{}
	for i := range cases {
		c := &cases[i]
		made[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.write(pcaps, dir); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"capture.pcap", "README.md"} {
				got, want := read(t, dir, c.name, name), read(t, pcaps, c.name, name)
				if !bytes.Equal(got, want) {
					t.Errorf("%s is not what %s gives: run pcaps/make/carried", name, c.from)
				}
			}
			// Another plain capture must give another one, or this test proves nothing.
			plain := read(t, pcaps, c.from, "capture.pcap")
			changed, err := c.make(bytes.ReplaceAll(plain, []byte("Max-Forwards: 70"), []byte("Max-Forwards: 71")))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(changed, read(t, pcaps, c.name, "capture.pcap")) {
				t.Error("another plain capture gave the same")
			}
		})
	}
	committed, err := filepath.Glob(filepath.Join(pcaps, "carry-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range committed {
		if name := filepath.Base(path); !made[name] {
			t.Errorf("nothing makes %s", name)
		}
	}
}

func TestDamagedCapturesAreRefused(t *testing.T) {
	c := &cases[0]
	plain := read(t, pcaps, c.from, "capture.pcap")
	for name, b := range map[string][]byte{
		"nothing":              nil,
		"no capture":           bytes.Repeat([]byte{1}, 100),
		"another link":         append(append(bytes.Clone(plain[:20]), 101), plain[21:]...),
		"no packet":            plain[:fileLen],
		"ends in a header":     plain[:fileLen+recordLen-1],
		"ends in a packet":     plain[:len(plain)-1],
		"a frame of 10 octets": append(bytes.Clone(plain[:fileLen]), append([]byte{0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 10, 0, 0, 0}, make([]byte, 10)...)...),
	} {
		if _, err := c.make(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func read(t *testing.T, elements ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
