package encrypted

import (
	"errors"

	"calltrail/decode"
	"calltrail/decode/tls"
	"calltrail/decode/tunnel"
)

// Volume is what went one way.
type Volume struct {
	// Packets are segments that brought octets not seen before; Octets is the payload up to the highest sequence number,
	// what the tap missed included.
	Packets, Octets uint64

	next  uint32 // sequence number after all that was seen
	began bool
}

// Ender says how a connection ended.
type Ender uint8

// Enders.
const (
	Open    Ender = iota
	Closed        // FIN of both sides, or RST
	Silent        // nothing for Config.Idle
	Evicted       // pushed out of a full table
	Ended         // still open when the input ended
)

// bounds of what is kept of a hello.
const (
	maxServerName = 255 // RFC 1035 section 2.3.4
	maxProtocols  = 8
)

// Connection is what is known of one TLS connection. It holds no slice of a packet.
type Connection struct {
	Client, Server decode.Endpoint
	Scope          uint32
	// VLAN, VLANs and Tunnels are what its first packet came through, as in a decode.Frame.
	VLAN    [2]uint16
	VLANs   uint8
	Tunnels []tunnel.Header
	// Started is the time of its first TLS record, LastSeen that of the newest segment that brought something, End that of its
	// end; nanoseconds since 1970-01-01T00:00:00Z, 0 for never.
	Started, LastSeen, End int64
	Ender                  Ender
	// Hello says that the ClientHello was read. Without it the connection was met in its middle, or it was no hello that can
	// be read.
	Hello bool
	// ServerName, Protocols and Version as the client offered them (tls.ClientHello).
	ServerName string
	Protocols  []string
	Version    uint16
	// Up is from client to server.
	Up, Down Volume
	// Revision counts the events made of it so far.
	Revision int

	hello    []byte // of an unfinished ClientHello
	fin      [2]bool
	viewed   bool
	active   int64  // newest segment of any kind: a keep-alive brings nothing, and says that the connection lives
	finished bool   // ended; its late segments still come
	deadline int64  // in the table's timers
	order    uint64 // of its beginning
	position int    // in the timers
	key      key
	slot     uint64
	// renumber: a SYN was seen that would begin the numbering anew, with first.
	renumber bool
	first    uint32
}

// VersionName names the TLS version as people do, "" when it is none.
func (c *Connection) VersionName() string {
	switch c.Version {
	case 0x0300:
		return "ssl3"
	case 0x0301:
		return "1.0"
	case 0x0302:
		return "1.1"
	case 0x0303:
		return "1.2"
	case 0x0304:
		return "1.3"
	}
	return ""
}

// take counts a segment's payload. It says whether that was new, and whether it follows on what was seen before.
func (v *Volume) take(seq uint32, n int) (fresh, inOrder bool) {
	if n == 0 {
		return false, false
	}
	end := seq + uint32(n) //nolint:gosec // at most 65,535
	if !v.began {
		v.began, v.next = true, end
		v.Packets++
		v.Octets += uint64(n) //nolint:gosec // positive
		return true, true
	}
	ahead := int32(end - v.next) //nolint:gosec // serial number arithmetic (RFC 1982)
	if ahead <= 0 || ahead > maxLeap {
		return false, false
	}
	inOrder = seq == v.next
	v.Packets++
	v.Octets += uint64(ahead)
	v.next = end
	return true, inOrder
}

// near says that a sequence number is about where the sender is.
func (v *Volume) near(seq uint32) bool {
	off := int32(seq - v.next) //nolint:gosec // serial number arithmetic
	return !v.began || off > -maxWindow && off < maxWindow
}

// maxWindow is the most that a receiver may let a sender be ahead (RFC 7323 section 2.3), as far as windows in use go.
const maxWindow = 1 << 24

// maxLeap is more than any window: what is further ahead is another connection, or made up.
const maxLeap = 1 << 26

// greet reads the ClientHello, of which b is the next piece.
func (c *Connection) greet(b, scratch []byte) {
	if len(c.hello)+len(b) > tls.MaxHello {
		c.hello = nil
		return
	}
	whole := b
	if c.hello != nil {
		c.hello = append(c.hello, b...)
		whole = c.hello
	}
	var h tls.ClientHello
	switch err := tls.ParseClientHello(whole, scratch, &h); {
	case err == nil:
		c.Hello, c.hello = true, nil
		c.ServerName = string(h.ServerName[:min(len(h.ServerName), maxServerName)])
		c.Version = h.Version
		for p := range h.Protocols() {
			if len(c.Protocols) == maxProtocols {
				break
			}
			c.Protocols = append(c.Protocols, string(p))
		}
	case errors.Is(err, tls.ErrShort):
		if c.hello == nil {
			c.hello = append(make([]byte, 0, len(b)), b...)
		}
	default:
		c.hello = nil
	}
}
