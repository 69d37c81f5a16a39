package encrypted

import (
	"time"

	"calltrail/decode/tcp"
)

// Config says which connections are followed. All times are packet time.
type Config struct {
	// Ports are those of SIP over TLS: a connection with one of them at either end is followed from its first TLS record. On
	// other ports it is when its ClientHello offers SIP by ALPN. Default 5061.
	Ports []tcp.Ports
	// Connections is the most that are followed at a time. Default 65,536.
	Connections int
	// Checkpoint is the age at which an open connection gives an interim event. Default 10 s.
	Checkpoint time.Duration
	// Idle ends a connection in which nothing was sent for so long. Default 1 h.
	Idle time.Duration
	// Linger is how long after its end a connection's late segments still belong to it. Default 5 s.
	Linger time.Duration
}

func (c Config) withDefaults() Config {
	if len(c.Ports) == 0 {
		c.Ports = []tcp.Ports{{First: 5061, Last: 5061}}
	}
	if c.Connections == 0 {
		c.Connections = 65_536
	}
	for _, d := range [...]struct {
		value    *time.Duration
		standard time.Duration
	}{{&c.Checkpoint, 10 * time.Second}, {&c.Idle, time.Hour}, {&c.Linger, 5 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return c
}

// Watched are the ports of which every connection is followed: Ports, or the default.
func (c Config) Watched() []tcp.Ports { return c.withDefaults().Ports }

func (c *Config) watches(port uint16) bool {
	for _, p := range c.Ports {
		if p.First <= port && port <= p.Last {
			return true
		}
	}
	return false
}
