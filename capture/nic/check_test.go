//go:build linux

package nic

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/capture/afpacket/taptest"
)

func TestMain(m *testing.M) { taptest.Main(m) }

func goodConfig() capture.TapConfig {
	cfg := taptest.Config()
	cfg.RingBytes = 64 << 20
	return cfg
}

func TestJudge(t *testing.T) {
	good := facts{exists: true, up: true, mtu: 1500, speed: 1000, rxRing: 4096, rxRingMax: 4096, mayCapture: true}
	for _, test := range []struct {
		name   string
		change func(*facts, *capture.TapConfig)
		want   []string // one for each warning, in order
	}{
		{"nothing", func(*facts, *capture.TapConfig) {}, nil},
		{"the card says nothing", func(f *facts, _ *capture.TapConfig) { f.speed, f.rxRing, f.rxRingMax = 0, 0, 0 }, nil},
		{"no right", func(f *facts, _ *capture.TapConfig) { f.mayCapture = false }, []string{"CAP_NET_RAW"}},
		{"none", func(f *facts, _ *capture.TapConfig) { *f = facts{} }, []string{"CAP_NET_RAW", "no such interface"}},
		{"down", func(f *facts, _ *capture.TapConfig) { f.up = false }, []string{"ip link set dev seen0 up"}},
		{"merged", func(f *facts, _ *capture.TapConfig) {
			f.features = map[string]bool{"rx-gro": true, "rx-lro": true, "rx-gro-hw": false, "rx-checksum": true}
		}, []string{"ethtool -K seen0 gro off lro off"}},
		{"sent in one", func(f *facts, _ *capture.TapConfig) {
			f.features = map[string]bool{"tx-tcp-segmentation": true, "tx-generic-segmentation": true}
		}, []string{"ethtool -K seen0 tso off gso off"}},
		{"merged on the loopback", func(f *facts, _ *capture.TapConfig) {
			f.loopback, f.mtu, f.features = true, 65536, map[string]bool{"rx-gro": true}
		}, nil},
		{"card's ring", func(f *facts, _ *capture.TapConfig) { f.rxRing = 256 }, []string{"ethtool -G seen0 rx 4096"}},
		// A tenth of 1 Gbit/s is 12.5 MB/s: 100 ms of it are 1.25 MB, 2 MiB when rounded up.
		{"ring", func(_ *facts, c *capture.TapConfig) { c.RingBytes = 1 << 20 }, []string{"hold 84ms of a tenth of 1000 Mbit/s, less than 100ms: set capture.ring_bytes to 2097152"}},
		{"just enough", func(_ *facts, c *capture.TapConfig) { c.RingBytes = 1_250_000 }, nil},
		{"shared by workers", func(f *facts, c *capture.TapConfig) { f.speed, c.RingBytes, c.Workers = 100_000, 32<<20, 4 }, nil},
		{"too small for 100G", func(f *facts, _ *capture.TapConfig) { f.speed = 100_000 }, []string{"ring_bytes to 125829120"}},
		{"snap length", func(_ *facts, c *capture.TapConfig) { c.SnapLength = 2000 }, []string{"snap length of 2000 cuts long SIP"}},
		{"MTU", func(_ *facts, c *capture.TapConfig) { c.SnapLength = 1500 }, []string{"cuts long SIP", "MTU of 1500"}},
	} {
		f, cfg := good, goodConfig()
		test.change(&f, &cfg)
		got := judge(cfg, f)
		if len(got) != len(test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
			continue
		}
		for i, line := range got {
			if !strings.Contains(line, test.want[i]) || strings.Contains(line, "\n") || !strings.HasPrefix(line, "interface seen0: ") {
				t.Errorf("%s: %q, want %q", test.name, line, test.want[i])
			}
		}
	}
}

// TestCheck looks at a real interface, and does what the warnings say until there is none.
func TestCheck(t *testing.T) {
	taptest.Pair(t)
	taptest.IP(t, "link", "set", taptest.Seen, "down")
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
	}
	_, err := exec.LookPath("ethtool")
	if err == nil {
		run("ethtool", "-K", taptest.Seen, "gro", "on")
	}
	lines := Check(goodConfig())
	if text := strings.Join(lines, "\n"); !strings.Contains(text, "set dev seen0 up") || !strings.Contains(text, "tso off gso off") {
		t.Fatalf("%q", lines)
	}
	if err != nil {
		t.Skip("ethtool is not installed: what the warnings say cannot be done")
	}
	for _, line := range lines {
		command := strings.Fields(line[strings.LastIndex(line, ": ")+2:])
		run(command[0], command[1:]...)
	}
	if lines = Check(goodConfig()); len(lines) != 0 {
		t.Errorf("after doing what they say: %q", lines)
	}
	cfg := goodConfig()
	cfg.Interface = "none0"
	if lines = Check(cfg); len(lines) != 1 || !strings.Contains(lines[0], "no such interface") {
		t.Errorf("%q", lines)
	}
}

// TestStatsOfReal: dropped frames are counted where the kernel counts them.
func TestStatsOfReal(t *testing.T) {
	taptest.Pair(t)
	before, err := Stats(taptest.Seen)
	if err != nil {
		t.Fatal(err)
	}
	w := taptest.Sender(t, taptest.Wire)
	unknown := taptest.UDP(1, 2, 3, 100)
	unknown[12], unknown[13] = 0x88, 0xb5 // an EtherType nobody takes: rx_dropped
	for range 5 {
		w.MustSend(unknown)
	}
	taptest.Until(t, 2*time.Second, "five frames are counted as dropped", func() bool {
		after, err := Stats(taptest.Seen)
		if err != nil {
			t.Fatal(err)
		}
		return after.Dropped >= before.Dropped+5
	})
}
