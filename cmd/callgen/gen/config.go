package gen

import (
	"fmt"
	"time"
)

// Config says what to make. Start from Default.
type Config struct {
	Calls        int       // how many calls; at least 1
	Seed         uint64    // another seed, another file
	Rate         float64   // calls begun per second, on average; more than 0
	MediaSeconds float64   // mean time from answer to BYE, in seconds; more than 0
	RTP          int       // RTP packets per second and direction, at most 100; 0: no media at all
	Background   int       // other packets (DNS, TCP, QUIC, ARP) per call; 0: none
	IPv6         float64   // share of calls over IPv6, 0 to 1
	TCP          float64   // share of calls whose signalling goes over TCP, 0 to 1; see Carries
	Fragments    float64   // share of calls over UDP whose INVITE is too long for one packet, 0 to 1
	Tunnels      float64   // share of calls in a tunnel: VXLAN, GTP-U or GRE, 0 to 1
	Web          int       // packets of web connections over TCP per call, about; 0: none
	Mix          Mix       // how the calls end
	Start        time.Time // time of the first packet, about; 1970 to 2106
	// Tail is the time from the last packet of a call to one last ARP packet: a reader whose clock is the packets'
	// time sees every timer of the last calls run out. 0: no such packet.
	Tail time.Duration
}

// Default is 10,000 calls within 200 seconds, in about 100 MB.
func Default() Config {
	return Config{
		Calls:        10_000,
		Seed:         1,
		Rate:         50,
		MediaSeconds: 2,
		RTP:          10,
		Background:   4,
		IPv6:         0.15,
		Mix:          DefaultMix(),
		Start:        time.Date(2026, 1, 5, 4, 30, 0, 0, time.UTC),
		Tail:         5 * time.Minute,
	}
}

// Carries says that calls come in other ways than in one UDP datagram a message. Then the truth has the columns transport
// and tunnel.
func (c *Config) Carries() bool { return c.TCP > 0 || c.Fragments > 0 || c.Tunnels > 0 }

// maxRTP is the shortest packet time in use, 10 ms.
const maxRTP = 100

// Check names the first value that cannot be. Write does so too, before it writes anything.
func (c *Config) Check() error {
	switch {
	case c.Calls < 1:
		return fmt.Errorf("calls is %d, must be at least 1", c.Calls)
	case !(c.Rate > 0 && c.Rate <= 1e6): // the negation catches NaN
		return fmt.Errorf("rate is %v calls per second, must be more than 0 and at most 1000000", c.Rate)
	case !(c.MediaSeconds > 0 && c.MediaSeconds <= 86400):
		return fmt.Errorf("media seconds is %v, must be more than 0 and at most 86400", c.MediaSeconds)
	case c.RTP < 0 || c.RTP > maxRTP:
		return fmt.Errorf("rtp is %d packets per second, must be 0 to %d", c.RTP, maxRTP)
	case c.Background < 0:
		return fmt.Errorf("background is %d packets per call, must not be negative", c.Background)
	case !(c.IPv6 >= 0 && c.IPv6 <= 1):
		return fmt.Errorf("ipv6 is %v, must be a share from 0 to 1", c.IPv6)
	case !(c.TCP >= 0 && c.TCP <= 1):
		return fmt.Errorf("tcp is %v, must be a share from 0 to 1", c.TCP)
	case !(c.Fragments >= 0 && c.Fragments <= 1):
		return fmt.Errorf("fragments is %v, must be a share from 0 to 1", c.Fragments)
	case !(c.Tunnels >= 0 && c.Tunnels <= 1):
		return fmt.Errorf("tunnels is %v, must be a share from 0 to 1", c.Tunnels)
	case c.Web < 0:
		return fmt.Errorf("web is %d packets per call, must not be negative", c.Web)
	case c.Start.Year() < 1970 || c.Start.Year() > 2105:
		return fmt.Errorf("start is in %d, pcap can tell 1970 to 2105", c.Start.Year())
	case c.Tail < 0:
		return fmt.Errorf("tail is %v, must not be negative", c.Tail)
	}
	return c.Mix.check()
}
