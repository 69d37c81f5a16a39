package config

import (
	"net/netip"
	"slices"
)

// Capture is for live traffic.
type Capture struct {
	// Interfaces are the taps, by the names of the network interfaces. Default none.
	Interfaces []string `yaml:"interfaces"`
	// Engine takes the packets: afpacket (TPACKET_V3), or libpcap where the program was built with it. Default afpacket.
	Engine string `yaml:"engine"`
	// Workers decode the packets of one interface, spread by the kernel (PACKET_FANOUT_HASH). Default 1.
	Workers int `yaml:"workers"`
	// RingBytes is the memory shared with the kernel, for each worker. Default 64MiB.
	RingBytes Size `yaml:"ring_bytes"`
	// BlockTimeout is how long the kernel may keep a block of the ring that is not full. Default 50ms.
	BlockTimeout Duration `yaml:"block_timeout"`
	// Promiscuous takes packets that are not addressed to the host, as a tap needs. Default true.
	Promiscuous bool `yaml:"promiscuous"`
	// SnapLength is how many octets of a packet are kept. Below 65535, long SIP messages are cut. Default 65535.
	SnapLength int `yaml:"snap_length"`
	// MediaSnapLength is how many octets are kept of a packet that looks like RTP: headers, not sound. Default 192.
	MediaSnapLength int `yaml:"media_snap_length"`
	// Filter turns away in the kernel what cannot be VoIP: wide (by the first bits of the payload), or narrow (by
	// SIPPorts, MediaPorts and Prefixes). Default wide.
	Filter string `yaml:"filter"`
	// AppMedia lets wide pass all UDP between ports above 1023, cut like media: that of applications that hide their media
	// (Telegram, Zoom), and T.38, looks like nothing. BitTorrent, games and VPNs are copied too: it costs. Default false.
	AppMedia bool `yaml:"app_media"`
	// SIPPorts are the ports of SIP over TCP and, in narrow, over UDP: "5060" or "5060-5080". Default 5060.
	SIPPorts []string `yaml:"sip_ports"`
	// TLSPorts are the TCP ports of SIP over TLS, in the form of SIPPorts. Default 5061.
	TLSPorts []string `yaml:"tls_ports"`
	// WebSocketPorts are the TCP ports of SIP over WebSocket (RFC 7118), in the form of SIPPorts: that of the proxy itself
	// where something before it ends the TLS. Default none, because the usual ones are the web's.
	WebSocketPorts []string `yaml:"websocket_ports"`
	// MediaPorts are the UDP ports of media in narrow, in the form of SIPPorts. Default 1024-65535.
	MediaPorts []string `yaml:"media_ports"`
	// Prefixes are the address ranges looked at in narrow; either end counts. Empty (default): all.
	Prefixes []netip.Prefix `yaml:"prefixes"`
	// HEPUDP and HEPTCP are host:port addresses on which capture agents are listened to (HEPv3). Empty (default): off.
	HEPUDP string `yaml:"hep_udp"`
	HEPTCP string `yaml:"hep_tcp"`
	// HEPAllow are the address ranges that agents may send from. HEP has no authentication: whoever can send from there can
	// make calls up. Default 127.0.0.0/8 and ::1, this host alone.
	HEPAllow []netip.Prefix `yaml:"hep_allow"`
}

// HEP says whether capture agents are listened to.
func (c *Capture) HEP() bool { return c.HEPUDP != "" || c.HEPTCP != "" }

// HEPTap is the name of the tap that capture agents make, beside the interfaces.
const HEPTap = "hep"

// Taps are the names of all taps: the interfaces, and HEPTap when capture agents are listened to.
func (c *Capture) Taps() []string {
	taps := slices.Clone(c.Interfaces)
	if c.HEP() {
		taps = append(taps, HEPTap)
	}
	return taps
}
