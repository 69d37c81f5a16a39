package main

import (
	"fmt"
	"net/netip"
	"slices"
)

// carriage is one case: a plain call, and what it is carried in.
type carriage struct {
	name, from string
	title      string
	about      string                  // for the README
	change     func([]packet) []packet // of the call before it is carried; nil: none
	layers     []layer                 // the innermost first, without the frame around all
	mtu        int                     // of the link outside, in octets of IPv4; 0: large enough
}

// make returns the capture, given the one that it is made from.
func (c *carriage) make(plain []byte) ([]byte, error) {
	header, frames, err := readFile(plain)
	if err != nil {
		return nil, err
	}
	call, err := readCall(frames)
	if err != nil {
		return nil, err
	}
	if c.change != nil {
		call = c.change(call)
	}
	var hosts []netip.Addr // in the order in which they appear: the caller's side first
	for _, p := range call {
		for _, host := range []netip.Addr{p.src, p.dst} {
			if !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	var out []frame
	for n, p := range call {
		up := slices.Index(hosts, p.src) < slices.Index(hosts, p.dst)
		out = append(out, c.carry(passage{up: up, n: n + 1}, p)...)
	}
	return writeFile(header, out)
}

// carry returns the frames of one packet: several when it takes several fragments. The last frame has the packet's time.
func (c *carriage) carry(way passage, p packet) (list []frame) {
	in := content{etherIPv4, p.ip}
	if p.src.Is6() {
		in.etherType = etherIPv6
	}
	for _, l := range c.layers {
		in = l(way, in)
	}
	parts := [][]byte{in.b}
	if c.mtu > 0 && in.etherType == etherIPv4 {
		parts = fragments(in.b, c.mtu)
		if way.n%2 == 1 {
			slices.Reverse(parts) // as another path would bring them
		}
	}
	for i, b := range parts {
		at := p.at - int64(len(parts)-1-i)*1000
		list = append(list, frame{at: at, b: ethernet(0)(way, content{in.etherType, b}).b})
	}
	return list
}

func (c *carriage) readme() string {
	return fmt.Sprintf(`# %s

%s

Made of [%s](../%s/), with the first %d packets of sound in each direction, by `+"`pcaps/make/carried`"+`, which runs
[make/carry](../make/carry/). The messages, the sound and their times are those of that capture.
`, c.title, c.about, c.from, c.from, keptMedia)
}
