package collector

import (
	"errors"
	"net"
	"time"

	"calltrail/capture/hep"
)

const (
	// socketOctets is how much the kernel is asked to keep of what has not been read from the UDP socket.
	socketOctets = 8 << 20
	// afterError is how long a socket that fails is left alone, so that an error that stays does not cost a processor.
	afterError = 10 * time.Millisecond
)

// readUDP takes datagrams until the socket is closed: one is one message.
func (c *Collector) readUDP() {
	var m hep.Message
	buf := make([]byte, 1<<16)
	oob := make([]byte, overflowSpace)
	var overflow uint32
	for {
		n, oobn, _, from, err := c.udp.ReadMsgUDPAddrPort(buf, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(afterError)
			continue
		}
		if now, ok := overflowOf(oob[:oobn]); ok {
			c.overflown.Add(uint64(now - overflow)) // the kernel counts in 32 bits
			overflow = now
		}
		if !c.allowed(from.Addr()) {
			c.refused.Add(1)
			continue
		}
		c.receive(buf[:n], &m, false)
	}
}
