package filter_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"calltrail/capture/filter"
)

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*filter.Config)
		want   string
	}{
		{"mode", func(c *filter.Config) { c.Mode = 7 }, "mode(7) is none"},
		{"link type", func(c *filter.Config) { c.Link = 147 }, "link type 147 is not known"},
		{"no snap length", func(c *filter.Config) { c.SnapLength = 0 }, "snap length 0 is out of range; use 96 to 262144"},
		{"snap length", func(c *filter.Config) { c.SnapLength = 262_145 }, "snap length 262145 is out of range"},
		{"no media snap length", func(c *filter.Config) { c.MediaSnapLength = 0 }, "media snap length 0 is out of range"},
		{"media snap length", func(c *filter.Config) { c.SnapLength = 191 }, "media snap length 192 is out of range; use 1 to the snap length, 191"},
		{"narrow without ports", func(c *filter.Config) { c.Mode, c.SIPPorts, c.TCPPorts = filter.Narrow, nil, nil }, "narrow without ports would pass nothing"},
		{"ports in the wrong order", func(c *filter.Config) { c.MediaPorts = []filter.Ports{{First: 9, Last: 8}} }, "ports 9 to 8 are no range"},
		{"TCP ports in the wrong order", func(c *filter.Config) { c.TCPPorts = []filter.Ports{{First: 9, Last: 8}} }, "ports 9 to 8 are no range"},
		{"port 0", func(c *filter.Config) { c.SIPPorts = []filter.Ports{{}} }, "ports 0 to 0 are no range"},
		{"tunnel port 0", func(c *filter.Config) { c.TunnelPorts = []uint16{4789, 0} }, "tunnel port 0"},
		{"no prefix", func(c *filter.Config) { c.Prefixes = []netip.Prefix{{}} }, "a prefix without an address"},
		{"a prefix of both versions", func(c *filter.Config) { c.Prefixes = prefixes("::ffff:0.0.0.0/90") }, "holds more than the IPv4-mapped"},
		{"more prefixes than fit", func(c *filter.Config) {
			c.Mode = filter.Narrow
			for i := range 1000 {
				c.Prefixes = append(c.Prefixes, netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/24", i/100, i%100*2)))
			}
		}, "instructions for 1000 prefixes, 3 ranges of ports and 0 tunnel ports, and the kernel takes 4096; name fewer"},
	}
	for _, tt := range tests {
		cfg := wide
		tt.change(&cfg)
		if _, err := filter.New(cfg); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "filter: ") {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestParseMode(t *testing.T) {
	for _, mode := range []filter.Mode{filter.Wide, filter.Narrow} {
		if got, err := filter.ParseMode(mode.String()); got != mode || err != nil {
			t.Errorf("%v came back as %v, %v", mode, got, err)
		}
	}
	if _, err := filter.ParseMode("Wide"); err == nil {
		t.Error("Wide is taken for wide")
	}
}

// many are configurations of every sort that New must make a program of.
func many() map[string]filter.Config {
	list := map[string]filter.Config{}
	for _, link := range links {
		list[fmt.Sprintf("wide %d", link)] = onLink(wide, link)
		list[fmt.Sprintf("narrow %d", link)] = onLink(narrow, link)
	}
	add := func(name string, base filter.Config, change func(*filter.Config)) {
		change(&base)
		list[name] = base
	}
	add("no ports of SIP", wide, func(c *filter.Config) { c.SIPPorts, c.TCPPorts = nil, nil })
	add("no TCP", narrow, func(c *filter.Config) { c.SIPPorts, c.TCPPorts = nil, nil })
	add("TCP only", narrow, func(c *filter.Config) { c.SIPPorts, c.MediaPorts = nil, nil })
	add("all TCP", wide, func(c *filter.Config) { c.SIPPorts = []filter.Ports{{First: 1, Last: 65_535}} })
	add("one tunnel", wide, func(c *filter.Config) { c.TunnelPorts = []uint16{65_535} })
	add("least snap lengths", wide, func(c *filter.Config) { c.SnapLength, c.MediaSnapLength = 96, 96 })
	add("any address", narrow, func(c *filter.Config) { c.Prefixes = nil })
	add("IPv4 only", narrow, func(c *filter.Config) { c.Prefixes = prefixes("0.0.0.0/0") })
	add("IPv6 only", narrow, func(c *filter.Config) { c.Prefixes = prefixes("::/0") })
	add("mapped", narrow, func(c *filter.Config) { c.Prefixes = prefixes("::ffff:192.0.2.0/120") })
	add("hosts", narrow, func(c *filter.Config) {
		c.Prefixes = prefixes("192.0.2.1/32", "2001:db8:1::1/128", "2001:db8:1::/33", "128.0.0.0/1", "255.255.255.255/32")
	})
	add("two hundred prefixes", narrow, func(c *filter.Config) {
		for i := range 100 {
			c.Prefixes = append(c.Prefixes,
				netip.MustParsePrefix(fmt.Sprintf("10.0.%d.0/24", 2*i)), netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d::/48", 2*i)))
		}
	})
	return list
}

// Every program is within the kernel's limit, is taken by the kernel, and has no instruction that nothing leads to. (That no
// jump leads back the instructions cannot even say.)
func TestPrograms(t *testing.T) {
	for name, cfg := range many() {
		t.Run(name, func(t *testing.T) {
			p := programOf(t, cfg)
			raw := p.Raw()
			if len(raw) > 4096 || len(raw) == 0 {
				t.Fatalf("%d instructions", len(raw))
			}
			newKernel(t, p)
			reached := make([]bool, len(raw))
			reached[0] = true
			for i, ins := range raw {
				if !reached[i] {
					t.Errorf("nothing leads to instruction %d: %v", i, ins.Disassemble())
				}
				var to []int
				switch {
				case ins.Op&7 == 6: // BPF_RET
				case ins.Op == 5: // BPF_JMP | BPF_JA
					to = []int{i + 1 + int(ins.K)}
				case ins.Op&7 == 5:
					to = []int{i + 1 + int(ins.Jt), i + 1 + int(ins.Jf)}
				default:
					to = []int{i + 1}
				}
				for _, next := range to {
					if next >= len(raw) {
						t.Fatalf("instruction %d leads past the end", i)
					}
					reached[next] = true
				}
			}
		})
	}
}

// Prefixes at their edges.
func TestPrefixes(t *testing.T) {
	frame4 := func(src, dst string) []byte {
		s, d := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
		return with(with(udpOn(5060, 5060, invite), 26, s[:]...), 30, d[:]...)
	}
	frame6 := func(src, dst string) []byte {
		s, d := netip.MustParseAddr(src).As16(), netip.MustParseAddr(dst).As16()
		return with(with(onEther(ipv6(17, udp(5060, 5060, invite))), 22, s[:]...), 38, d[:]...)
	}
	tests := []struct {
		config   string
		src, dst string
		want     int
	}{
		{"hosts", "192.0.2.1", "1.1.1.1", whole},
		{"hosts", "1.1.1.1", "192.0.2.1", whole},
		{"hosts", "127.255.255.255", "127.0.0.1", drop},
		{"hosts", "128.0.0.0", "1.1.1.1", whole},
		{"hosts", "1.1.1.1", "255.255.255.255", whole},
		{"hosts", "2001:db8:1::1", "2001:db8:9::1", whole},
		{"hosts", "2001:db8:9::1", "2001:db8:1:7fff:ffff:ffff:ffff:ffff", whole},
		{"hosts", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8:8000::", whole},
		{"hosts", "2001:db8:1:8000::", "2001:db8:0:ffff:ffff:ffff:ffff:ffff", whole}, // 2001:db8:1::/33 is 2001:db8::/33
		{"hosts", "2001:db8:8000::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", drop},
		{"mapped", "192.0.2.255", "1.1.1.1", whole},
		{"mapped", "192.0.3.0", "192.0.1.255", drop},
		{"mapped", "2001:db8:1::1", "2001:db8:1::1", drop},
		{"IPv4 only", "1.1.1.1", "2.2.2.2", whole},
		{"IPv4 only", "2001:db8:1::1", "2001:db8:1::1", drop},
		{"IPv6 only", "2001:db8:1::1", "2001:db8:1::1", whole},
		{"IPv6 only", "1.1.1.1", "2.2.2.2", drop},
		{"any address", "2001:db8:1::1", "2001:db8:1::1", whole},
		{"two hundred prefixes", "10.0.198.255", "1.1.1.1", whole},
		{"two hundred prefixes", "10.0.199.0", "10.0.1.0", drop},
		{"two hundred prefixes", "1.1.1.1", "10.0.0.0", whole},
		{"two hundred prefixes", "2001:db8:98::1", "2001:db8:99::1", whole},
		{"two hundred prefixes", "2001:db8:99::1", "2001:db8:3::1", drop},
	}
	configs := many()
	for _, tt := range tests {
		frame := frame4
		if strings.Contains(tt.src, ":") {
			frame = frame6
		}
		if got := run(t, virtual(t, programOf(t, configs[tt.config])), frame(tt.src, tt.dst)); got != tt.want {
			t.Errorf("%s: %s > %s: %d, want %d", tt.config, tt.src, tt.dst, got, tt.want)
		}
	}
}
