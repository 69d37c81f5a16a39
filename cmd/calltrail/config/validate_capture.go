package config

import (
	"fmt"
	"time"
)

func (v *validator) capture() {
	c := v.cfg.Capture
	if v.cfg.Sensor.KeyFile == "" {
		v.fail("sensor.key_file", "is empty; name a file on this host, and make it with `calltrail key init`")
	}
	seen := map[string]bool{}
	for i, name := range c.Interfaces {
		switch path := fmt.Sprintf("capture.interfaces[%d]", i); {
		case name == "" || len(name) > 15:
			v.fail(path, "%q is not a network interface; write its name as `ip link` shows it", name)
		case seen[name]:
			v.fail(path, "%q is named twice, so that every packet would count twice; remove one", name)
		case name == HEPTap && c.HEP():
			v.fail(path, "%q is how records name what capture agents send; give the interface another name", name)
		}
		seen[name] = true
	}
	for _, x := range []struct {
		path           string
		n, least, most int
	}{
		{"capture.workers", c.Workers, 1, 256},
		{"capture.snap_length", c.SnapLength, 256, 65_535},
		{"capture.media_snap_length", c.MediaSnapLength, 96, 65_535},
	} {
		if x.n < x.least || x.n > x.most {
			v.fail(x.path, "%d is out of range; write %d to %d", x.n, x.least, x.most)
		}
	}
	if c.MediaSnapLength > c.SnapLength {
		v.fail("capture.media_snap_length", "%d is more than capture.snap_length (%d); lower it", c.MediaSnapLength, c.SnapLength)
	}
	if c.RingBytes < mib || c.RingBytes > 4*gib {
		v.fail("capture.ring_bytes", "%s is out of range; write 1MiB to 4GiB", c.RingBytes)
	}
	v.between("capture.block_timeout", c.BlockTimeout, time.Millisecond, time.Second)
	v.hep()
	v.ports("capture.sip_ports", c.SIPPorts)
	v.ports("capture.tls_ports", c.TLSPorts)
	v.ports("capture.websocket_ports", c.WebSocketPorts)
	v.ports("capture.media_ports", c.MediaPorts)
}

// hep sees that capture agents can be heard, when they are to be.
func (v *validator) hep() {
	c := v.cfg.Capture
	for _, x := range []struct{ path, addr string }{{"capture.hep_udp", c.HEPUDP}, {"capture.hep_tcp", c.HEPTCP}} {
		if x.addr != "" && !isHostPort(x.addr) {
			v.fail(x.path, "%q is not an address to listen on; write host:port, such as 192.0.2.10:9060", x.addr)
		}
	}
	if c.HEP() && len(c.HEPAllow) == 0 {
		v.fail("capture.hep_allow", "is empty, so that no capture agent would be heard; name their addresses")
	}
}

func (v *validator) ports(path string, list []string) {
	for i, text := range list {
		if _, err := ParsePorts(text); err != nil {
			v.fail(fmt.Sprintf("%s[%d]", path, i), "%s", err)
		}
	}
}

func (v *validator) metrics() {
	m := v.cfg.Metrics
	for _, x := range []struct{ path, addr string }{
		{"metrics.listen", m.Listen}, {"metrics.store_listen", m.StoreListen}, {"metrics.assignments_listen", m.AssignmentsListen},
	} {
		if x.addr != "" && !isHostPort(x.addr) {
			v.fail(x.path, "%q is not an address to listen on; write host:port, such as 127.0.0.1:9465", x.addr)
		}
	}
	if m.Listen != "" && m.Listen == m.StoreListen {
		v.fail("metrics.store_listen", "is metrics.listen too, so that sensor and store could not run on one host; choose another port")
	}
	if a := m.AssignmentsListen; a != "" && (a == m.Listen || a == m.StoreListen) {
		v.fail("metrics.assignments_listen", "is the address of another program's metrics too, so that both could not run on one host; choose another port")
	}
}
