package testnet

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// Witness is dumpcap beside the sensor on the same interface: another program with a socket and a ring of its own. It
// takes whole packets.
type Witness struct {
	process *Process
	mirror  *Mirror
	file    string
	came    func() uint64 // to the mirror port so far, of what it takes
	before  uint64        // when it began
}

// Watch starts a witness of UDP on the mirror port and returns when it captures. Traffic begins after that, or the witness
// cannot know that it has seen all.
func (m *Mirror) Watch() *Witness {
	m.net.t.Helper()
	return m.watch(m.Copied, "udp")
}

// WatchAll is Watch for all that Frames counts: everything but ICMP, and MLD, which is ICMPv6 behind another header.
func (m *Mirror) WatchAll() *Witness {
	m.net.t.Helper()
	return m.watch(m.Frames, "not icmp and not icmp6 and not (ip6 and ip6[6] == 0)")
}

func (m *Mirror) watch(came func() uint64, filter string) *Witness {
	m.net.t.Helper()
	w := &Witness{mirror: m, file: filepath.Join(m.to.Dir, m.device+".pcapng"), came: came, before: came()}
	// The ring, in MiB, holds all that any test sends.
	w.process = m.to.Start(nil, "dumpcap", "-B", "256", "-f", filter, "-i", m.device, "-w", w.file)
	w.process.Await(`File: `)
	return w
}

var packetCount = regexp.MustCompile(`Packets: (\d+)`)

// seen is how many packets it has taken from its ring so far.
func (w *Witness) seen() uint64 {
	all := packetCount.FindAllStringSubmatch(w.process.Output(), -1)
	if len(all) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(all[len(all)-1][1], 10, 64)
	if err != nil {
		w.mirror.net.t.Fatal(err)
	}
	return n
}

// Stop ends the capture when all that was copied to the mirror port is in it, and returns its file, in the order of time.
// The traffic is over. The test fails when the witness missed a packet.
func (w *Witness) Stop() (path string) {
	t := w.mirror.net.t
	t.Helper()
	copied := w.came() - w.before
	// dumpcap leaves what is in its ring when it is told to end.
	Eventually(t, fmt.Sprintf("the witness to see %d packets", copied), func() bool { return w.seen() >= copied })
	w.process.Signal(syscall.SIGINT)
	w.process.Succeed(Patience)
	counts := w.process.Await(`received/dropped on interface '[^']*': (\d+)/(\d+)`)
	if counts[1] != strconv.FormatUint(copied, 10) || counts[2] != "0" {
		t.Fatalf("the witness saw %s packets of %d and lost %s", counts[1], copied, counts[2])
	}
	path = w.file + ".ordered"
	// Packets from two processors may stand in the ring one after the other and be microseconds apart the other way.
	command(t, "reordercap", w.file, path)
	if err := os.Remove(w.file); err != nil {
		t.Fatal(err)
	}
	return path
}
