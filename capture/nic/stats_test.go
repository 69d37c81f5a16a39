package nic

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"calltrail/capture"
)

const softnetOld = "000012ab 00000003 0000000f\n" // before Linux 2.6.36

const softnetNew = `
0000a1b2 00000002 00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
0000a1b2 ffffffff 00000010 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001 00000000 00000000
`

func TestSoftnet(t *testing.T) {
	for _, test := range []struct {
		text              string
		dropped, squeezed uint64
		want              string // in the error
	}{
		{softnetOld, 3, 15, ""},
		{strings.TrimPrefix(softnetNew, "\n"), 2 + math.MaxUint32, 17, ""},
		{"", 0, 0, "empty"},
		{"00000001 00000002\n", 0, 0, "line 1: 2 columns"},
		{softnetOld + "00000001 0000000g 00000000\n", 0, 0, "line 2, column 2"},
		{"00000001 00000002 100000000\n", 0, 0, "line 1, column 3"},
		{"00000001 -0000002 00000000\n", 0, 0, "line 1, column 2"},
		{softnetNew, 0, 0, "line 1: 0 columns"},
	} {
		dropped, squeezed, err := parseSoftnet(test.text)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q: %v, want %q", test.text, err, test.want)
			}
			continue
		}
		if err != nil || dropped != test.dropped || squeezed != test.squeezed {
			t.Errorf("%q: %d, %d, %v", test.text, dropped, squeezed, err)
		}
	}
}

func FuzzSoftnet(f *testing.F) {
	f.Add(softnetOld)
	f.Add(softnetNew)
	f.Fuzz(func(t *testing.T, text string) {
		dropped, squeezed, err := parseSoftnet(text)
		most := uint64(strings.Count(text, "\n")+1) * math.MaxUint32
		if dropped > most || squeezed > most || err != nil && dropped+squeezed != 0 {
			t.Errorf("%d, %d, %v", dropped, squeezed, err)
		}
	})
}

// tree makes a folder as /sys/class/net, with one interface.
func tree(t *testing.T, counters map[string]string) string {
	t.Helper()
	class := t.TempDir()
	folder := filepath.Join(class, "eth0", "statistics")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range counters {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return class
}

func TestStats(t *testing.T) {
	softnet := filepath.Join(t.TempDir(), "softnet_stat")
	if err := os.WriteFile(softnet, []byte(softnetOld), 0o600); err != nil {
		t.Fatal(err)
	}
	good := map[string]string{"rx_missed_errors": "7\n", "rx_dropped": "18446744073709551615\n", "rx_errors": "9\n"}
	got, err := stats(tree(t, good), softnet, "eth0")
	if want := (capture.NICStats{Missed: 7, Dropped: math.MaxUint64, Errors: 9, SoftnetDropped: 3, SoftnetSqueezed: 15}); got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	bad := map[string]string{"rx_missed_errors": "seven\n", "rx_dropped": "1\n", "rx_errors": "9\n"}
	for _, test := range []struct{ class, softnet, iface, want string }{
		{tree(t, good), softnet, "eth1", "interface eth1: there is no such interface"},
		{tree(t, bad), softnet, "eth0", "rx_missed_errors"},
		{tree(t, good), softnet + "x", "eth0", "counts of the host"},
		{tree(t, good), softnet, "../eth0", "no name of an interface"},
		{tree(t, good), softnet, "", "no name of an interface"},
	} {
		if _, err := stats(test.class, test.softnet, test.iface); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
