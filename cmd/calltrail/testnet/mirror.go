package testnet

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Direction is a side of a port of the segment's switch, as a mirror (SPAN) session names it.
type Direction string

// Directions.
const (
	// FromHost mirrors the frames that the host sends.
	FromHost Direction = "ingress"
	// ToHost mirrors the frames that go to the host.
	ToHost Direction = "egress"
)

// Source is one side of one host's port.
type Source struct {
	Host      *Host
	Direction Direction
}

// Mirror is a mirror port: copies of the frames of its sources, in order, on an interface of the sensor's namespace.
type Mirror struct {
	net    *Net
	to     *Namespace
	device string // in to
	port   string // its other end, and the name of its nft table
	index  int    // of port: the rules know it by this
}

// Once are the sources that carry each frame of the segment once: what every host sends.
func (n *Net) Once() (sources []Source) {
	for _, h := range n.hosts {
		sources = append(sources, Source{h, FromHost})
	}
	return sources
}

// Twice are the sources that carry each frame between two hosts twice: as a careless mirror session does.
func (n *Net) Twice() (sources []Source) {
	for _, h := range n.hosts {
		sources = append(sources, Source{h, FromHost}, Source{h, ToHost})
	}
	return sources
}

// Mirror makes the interface device in a namespace and copies the frames of sources to it. Hosts that are added later
// are not mirrored.
func (n *Net) Mirror(to *Namespace, device string, sources []Source) *Mirror {
	n.t.Helper()
	n.mirrors++
	m := &Mirror{net: n, to: to, device: device, port: fmt.Sprintf("mirror%d", n.mirrors), index: 1000 + n.mirrors}
	m.Plug()
	var rules strings.Builder
	fmt.Fprintf(&rules, "table netdev %s {\n counter copied { }\n counter sip { }\n counter frames { }\n", m.port)
	for i, s := range sources {
		fmt.Fprintf(&rules, ` chain source%d {
  type filter hook %s device %s priority %d;
  dup to %s
  meta l4proto { icmp, ipv6-icmp } return
  counter name frames
  ip protocol udp counter name copied
  udp dport 5060 counter name sip
 }
`, i, s.Direction, s.Host.port, n.mirrors, m.port)
	}
	rules.WriteString("}\n")
	n.segment.script("nft", "-f", rules.String())
	return m
}

// script runs a program on a text in a file.
func (ns *Namespace) script(program, option, text string) {
	ns.t.Helper()
	file, err := os.CreateTemp(ns.Dir, "script-")
	if err != nil {
		ns.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.WriteString(text); err != nil {
		ns.t.Fatal(err)
	}
	ns.Run(program, option, file.Name())
}

// Plug makes the interface and turns it on: at first, and again after Unplug.
func (m *Mirror) Plug() {
	m.net.t.Helper()
	m.net.segment.ip("link", "add", "name", m.port, "index", strconv.Itoa(m.index),
		"type", "veth", "peer", "name", m.device, "netns", m.to.name)
	m.net.segment.ip("link", "set", m.port, "up")
	m.Up()
}

// Unplug removes the interface, as when a card is taken out.
func (m *Mirror) Unplug() {
	m.net.t.Helper()
	m.net.segment.ip("link", "delete", m.port)
}

// Up turns the sensor's interface on, Down off; frames meanwhile are lost.
func (m *Mirror) Up() {
	m.net.t.Helper()
	m.to.ip("link", "set", m.device, "up")
}

// Down turns the sensor's interface off.
func (m *Mirror) Down() {
	m.net.t.Helper()
	m.to.ip("link", "set", m.device, "down")
}

// Copied is the number of UDP packets of which copies were sent to the mirror port.
func (m *Mirror) Copied() uint64 {
	m.net.t.Helper()
	return m.counter("copied")
}

// Frames is the number of frames, of whatever protocol but ICMP.
func (m *Mirror) Frames() uint64 {
	m.net.t.Helper()
	return m.counter("frames")
}

// Messages is the number of UDP packets that went to port 5060: SIP.
func (m *Mirror) Messages() uint64 {
	m.net.t.Helper()
	return m.counter("sip")
}

func (m *Mirror) counter(name string) uint64 {
	m.net.t.Helper()
	var answer struct {
		Objects []struct {
			Counter *struct{ Packets uint64 }
		} `json:"nftables"`
	}
	text := m.net.segment.Run("nft", "-j", "list", "counter", "netdev", m.port, name)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		m.net.t.Fatalf("nft: %v: %s", err, text)
	}
	for _, o := range answer.Objects {
		if o.Counter != nil {
			return o.Counter.Packets
		}
	}
	m.net.t.Fatalf("nft shows no counter: %s", text)
	return 0
}
