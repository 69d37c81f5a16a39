package testnet

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// Net is one Ethernet segment and what is attached to it.
type Net struct {
	t       testing.TB
	prefix  string     // of the names of its namespaces
	segment *Namespace // holds the bridge, the hosts' ports and the mirror ports
	hosts   []*Host
	also    []*Host // by their second addresses
	tunnels int
	mirrors int
}

// Host is a namespace with one card, eth0, on the segment.
type Host struct {
	*Namespace
	// Name as the test gave it.
	Name string
	// Addr is its address.
	Addr netip.Addr

	mac  string
	port string // its port on the bridge
}

var nets atomic.Uint32 // counts the networks of this process

// New makes a segment without hosts. The test is skipped, or fails, where that cannot be done: see Require.
func New(t testing.TB) *Net {
	t.Helper()
	Require(t)
	sweep()
	stampOnce(t)
	n := &Net{t: t, prefix: fmt.Sprintf("%s%d-%d-", prefix, os.Getpid(), nets.Add(1))}
	n.segment = n.Namespace("segment")
	// Ageing 0 and no learning: the table is written by hand.
	n.segment.ip("link", "add", "segment", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
	n.segment.ip("link", "set", "segment", "up")
	return n
}

// Namespace makes a namespace that is not on the segment, such as that of a sensor.
func (n *Net) Namespace(name string) *Namespace {
	n.t.Helper()
	return newNamespace(n.t, n.prefix+name)
}

// documentation are the address ranges of RFC 5737; every host reaches every other one in them directly.
var documentation = []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"}

// Host adds a host with an IPv4 address of the documentation ranges.
func (n *Net) Host(name, address string) *Host {
	n.t.Helper()
	i := len(n.hosts)
	h := &Host{
		Namespace: n.Namespace(name), Name: name, Addr: netip.MustParseAddr(address),
		// 00:00:5E:00:53:xx are the documentation addresses of RFC 9542, section 2.1.2.
		mac: fmt.Sprintf("00:00:5e:00:53:%02x", i+1), port: fmt.Sprintf("port%d", i),
	}
	n.segment.ip("link", "add", h.port, "type", "veth", "peer", "name", "eth0", "address", h.mac, "netns", h.name)
	// Without this the kernel leaves UDP checksums to a card that is not there.
	h.Run("ethtool", "-K", "eth0", "tx", "off")
	n.segment.ip("link", "set", h.port, "master", "segment", "up")
	n.segment.Run("bridge", "link", "set", "dev", h.port, "learning", "off", "flood", "off")
	n.segment.Run("bridge", "fdb", "replace", h.mac, "dev", h.port, "master", "static")
	h.ip("link", "set", "eth0", "up")
	h.ip("address", "add", address+"/32", "dev", "eth0")
	for _, r := range documentation {
		h.ip("route", "add", r, "dev", "eth0", "src", address)
	}
	for _, other := range n.hosts {
		h.knows(other)
		other.knows(h)
	}
	n.hosts = append(n.hosts, h)
	return h
}

// knows saves the asking for the other one's card.
func (h *Host) knows(other *Host) {
	h.t.Helper()
	h.ip("neighbour", "replace", other.Addr.String(), "lladdr", other.mac, "dev", "eth0", "nud", "permanent")
}

// Also gives a host a second address, of IPv4 or IPv6, and returns it by that: the same namespace and card. Mirrors that
// are there already carry it too. Of IPv6 it asks nobody who else has it, and for no router.
func (n *Net) Also(h *Host, address string) *Host {
	n.t.Helper()
	other := h.at(fmt.Sprintf("%s-%d", h.Name, len(n.also)+2), address)
	if other.Addr.Is6() {
		h.sysctl("net.ipv6.conf.eth0.accept_dad=0", "net.ipv6.conf.eth0.accept_ra=0", "net.ipv6.conf.eth0.addr_gen_mode=1", "net.ipv6.conf.eth0.disable_ipv6=0")
		h.ip("address", "add", address+"/32", "dev", "eth0", "nodad")
	} else {
		h.ip("address", "add", address+"/32", "dev", "eth0")
	}
	for _, known := range slices.Concat(n.hosts, n.also) {
		if known.name == h.name {
			continue
		}
		// Who has no IPv6 cannot know a neighbour of it.
		if known.Addr.Is6() == other.Addr.Is6() {
			known.knows(other)
			other.knows(known)
		}
	}
	n.also = append(n.also, other)
	return other
}

// at is the host by another address, with a directory of its own.
func (h *Host) at(name, address string) *Host {
	h.t.Helper()
	other := *h
	ns := *h.Namespace
	ns.Dir = h.t.TempDir()
	other.Namespace, other.Name, other.Addr = &ns, name, netip.MustParseAddr(address)
	return &other
}

// Shrink sets the most octets that the host's card takes: an IP packet that is longer goes out in fragments.
func (h *Host) Shrink(mtu int) {
	h.t.Helper()
	h.ip("link", "set", "eth0", "mtu", strconv.Itoa(mtu))
}

// Behind routes an address range to another host, from every host.
func (n *Net) Behind(router *Host, addresses string) {
	n.t.Helper()
	for _, h := range n.hosts {
		if h != router {
			h.ip("route", "replace", addresses, "via", router.Addr.String(), "dev", "eth0", "onlink")
		}
	}
}

// Swallow takes packets to an address range that is behind the host, and answers none.
func (h *Host) Swallow(addresses string) {
	h.t.Helper()
	h.sysctl("net.ipv4.ip_forward=1")
	h.ip("route", "replace", "blackhole", addresses)
}

// Owns makes every address of a range the host's own: sockets may be bound to them.
func (h *Host) Owns(addresses string) {
	h.t.Helper()
	h.ip("route", "replace", "local", addresses, "dev", "lo")
}

// listens says whether a port is open on the host, of UDP or, when it is a stream, of TCP.
func (h *Host) listens(port int, stream bool) bool {
	h.t.Helper()
	option := "-Hlun"
	if stream {
		option = "-Hltn"
	}
	return strings.Contains(h.Run("ss", option), netip.AddrPortFrom(h.Addr, uint16(port)).String()+" ") //nolint:gosec // a port
}
