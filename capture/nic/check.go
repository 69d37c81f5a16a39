//go:build linux

package nic

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/safchain/ethtool"
	"golang.org/x/sys/unix"

	"calltrail/capture"
)

// facts are what the kernel and the card say of an interface.
type facts struct {
	exists, up bool
	loopback   bool
	mtu        int
	speed      uint64 // Mbit/s; 0 when the card does not say
	// features that are on, by the kernel's names (ethtool -k); nil when it does not say.
	features map[string]bool
	// rxRing is how many packets the card's ring holds, rxRingMax how many it could; 0 when the card has none.
	rxRing, rxRingMax uint32
	mayCapture        bool
}

// Check compares a tap's configuration with its interface and returns what an operator should know before relying on it:
// one line each, with what to do. Empty means that nothing is wrong. It looks, and changes nothing.
func Check(cfg capture.TapConfig) []string {
	if !isName(cfg.Interface) {
		return []string{fmt.Sprintf("interface %q: that is no name of an interface: correct capture.interfaces", cfg.Interface)}
	}
	return judge(cfg, look(cfg.Interface))
}

// look asks the kernel. What it does not say stays zero.
func look(name string) facts {
	var f facts
	f.mayCapture = mayCapture()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return f
	}
	defer func() { _ = unix.Close(fd) }() // it was only asked
	ifr, err := unix.NewIfreq(name)
	if err != nil || unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr) != nil {
		return f
	}
	flags := ifr.Uint16()
	f.exists, f.up, f.loopback = true, flags&unix.IFF_UP != 0, flags&unix.IFF_LOOPBACK != 0
	if unix.IoctlIfreq(fd, unix.SIOCGIFMTU, ifr) == nil {
		f.mtu = int(ifr.Uint32())
	}
	tool, err := ethtool.NewEthtool()
	if err != nil {
		return f
	}
	defer tool.Close()
	f.features, _ = tool.Features(name) // a card that says nothing is not warned of
	if ring, err := tool.GetRing(name); err == nil {
		f.rxRing, f.rxRingMax = ring.RxPending, ring.RxMaxPending
	}
	if speed, err := readNumber(classFolder + "/" + name + "/speed"); err == nil {
		f.speed = speed // -1 while there is no link, which is no number
	}
	return f
}

// mayCapture says whether this program may open packet sockets.
func mayCapture() bool {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return !errors.Is(err, unix.EPERM)
	}
	_ = unix.Close(fd) // it was only tried
	return true
}

const (
	// wholeSIP is how long a packet must be allowed to be so that no SIP message in UDP is cut: the most that IP can carry.
	wholeSIP = 65535
	// headerRoom is the Ethernet header and two VLAN tags, which come on top of the MTU.
	headerRoom = 14 + 2*4
	// leastBuffered is how long the ring should hold the traffic of a full link while the program does not read it: a
	// pause of the scheduler or a slow disk, not an outage.
	leastBuffered = 100 * time.Millisecond
	// tapShare is which part of a full link the ring is measured by. The filter in the kernel turns most of it away before
	// it costs room: voice is less than a tenth of an edge's traffic.
	tapShare = 10
)

// feature is one by which the card or the kernel hands over several packets as one: its name in the kernel, and what
// ethtool -K calls it.
type feature struct{ name, short string }

// receiving merges what comes in, sending shows what this host sends before it is cut.
var (
	receiving = []feature{{"rx-gro", "gro"}, {"rx-gro-hw", "rx-gro-hw"}, {"rx-lro", "lro"}}
	sending   = []feature{{"tx-tcp-segmentation", "tso"}, {"tx-generic-segmentation", "gso"}}
)

// on lists those that are on, as the end of an ethtool -K line.
func on(features map[string]bool, among []feature) string {
	var all []string
	for _, m := range among {
		if features[m.name] {
			all = append(all, m.short+" off")
		}
	}
	return strings.Join(all, " ")
}

// judge makes the warnings.
func judge(cfg capture.TapConfig, f facts) []string {
	var all []string
	warn := func(format string, args ...any) {
		all = append(all, "interface "+cfg.Interface+": "+fmt.Sprintf(format, args...))
	}
	if !f.mayCapture {
		warn("no right to capture: give the program CAP_NET_RAW (the systemd unit does), or run it as root")
	}
	if !f.exists {
		warn("there is no such interface: correct capture.interfaces, or plug it in; ip link shows those there are")
		return all
	}
	if !f.up {
		warn("it is down, nothing will be seen: ip link set dev %s up", cfg.Interface)
	}
	if !f.loopback {
		if off := on(f.features, receiving); off != "" {
			warn("received packets are merged before they are seen, counts and times of single ones are lost: ethtool -K %s %s", cfg.Interface, off)
		}
		if off := on(f.features, sending); off != "" {
			warn("what this host itself sends is seen before it is cut into packets, no matter on a pure tap: ethtool -K %s %s", cfg.Interface, off)
		}
	}
	if f.rxRing > 0 && f.rxRing < f.rxRingMax {
		warn("the card's ring holds %d packets of the %d it could, bursts may be missed: ethtool -G %s rx %d",
			f.rxRing, f.rxRingMax, cfg.Interface, f.rxRingMax)
	}
	if held, enough := buffered(cfg, f.speed); f.speed > 0 && held < leastBuffered {
		warn("%d workers' rings of %d bytes hold %v of a tenth of %d Mbit/s, less than %v: set capture.ring_bytes to %d",
			cfg.Workers, cfg.RingBytes, held.Round(time.Millisecond), f.speed, leastBuffered, enough)
	}
	if cfg.SnapLength < wholeSIP {
		warn("a snap length of %d cuts long SIP messages: set capture.snap_length to %d; media has a length of its own, capture.media_snap_length",
			cfg.SnapLength, wholeSIP)
	}
	if !f.loopback && f.mtu+headerRoom > cfg.SnapLength {
		warn("its MTU of %d and the Ethernet header are more than the snap length of %d, whole packets are cut: set capture.snap_length to %d",
			f.mtu, cfg.SnapLength, wholeSIP)
	}
	return all
}

// buffered is how long the rings of all workers hold a tenth of the link's speed (Mbit/s), and how large, in octets, one
// must be to hold enough, rounded up to MiB.
func buffered(cfg capture.TapConfig, speed uint64) (held time.Duration, enough uint64) {
	workers := uint64(max(cfg.Workers, 1))
	perSecond := max(speed, 1) * 1e6 / 8 / tapShare
	held = time.Duration(float64(max(cfg.RingBytes, 0)) * float64(workers) / float64(perSecond) * float64(time.Second))
	const mib = 1 << 20
	enough = perSecond * uint64(leastBuffered/time.Millisecond) / 1000 / workers
	return held, (enough + mib - 1) / mib * mib
}
