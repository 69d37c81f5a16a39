package app

import (
	"net/netip"

	"calltrail/cdr/flow"
	"calltrail/decode"
	"calltrail/decode/app"
)

// Who talks to whom in a session. All of this is of the session's flows in the order of their first packets.

// parties are the ends of a call.
type parties struct {
	client, peer, relay, mapped decode.Endpoint
	peerSeen                    bool
	up, down                    flow.Volume
}

// parties finds the ends. The client is the host that asked the first relay: in a flow between two peers either may have asked
// first. Its port is that of the flow with most media.
func (s *session) parties() (p parties) {
	s.sort()
	ip := s.clientIP()
	var carrier, relay *member
	for _, m := range s.members {
		up, down := &m.flow.Up, &m.flow.Down
		switch ip {
		case m.flow.Client.IP:
		case m.flow.Server.IP:
			up, down = down, up
		default:
			continue
		}
		add(&p.up, up)
		add(&p.down, down)
		if carrier == nil || m.mediaPackets() > carrier.mediaPackets() {
			carrier = m
		}
		if s.viaServer(m) && m.flow.Client.IP == ip && (relay == nil || m.packets() > relay.packets()) {
			relay = m
		}
	}
	if carrier != nil {
		if p.client = carrier.flow.Client; p.client.IP != ip {
			p.client = carrier.flow.Server
		}
	} else {
		p.client = s.callerEnd // its flows had to make room
	}
	if relay != nil {
		p.relay = relay.flow.Server
	}
	for i := range s.learned {
		if l := &s.learned[i]; l.role == flow.Mapped && l.by == ip {
			p.mapped = l.Endpoint
			break
		}
	}
	s.findPeer(&p, ip)
	return p
}

// clientIP is the address of the host that asked the first relay, or else the first server of another kind; when all flows are
// between peers, of the one that asked first in the flow with most media.
func (s *session) clientIP() [16]byte {
	if s.revision > 0 {
		return s.caller
	}
	var asked, most *member
	for _, m := range s.members {
		if s.viaServer(m) {
			return m.flow.Client.IP
		}
		if asked == nil && asksServer(&m.flow) {
			asked = m
		}
		if most == nil || m.mediaPackets() > most.mediaPackets() {
			most = m
		}
	}
	switch {
	case asked != nil:
		return asked.flow.Client.IP
	case most != nil:
		return most.flow.Client.IP
	}
	return [16]byte{}
}

// Zoom's media servers listen on these ports.
const zoomFirst, zoomLast = 8801, 8810

// viaServer says that the flow's server is no party of the call. Calls in Discord never go from one party to the other.
func (s *session) viaServer(m *member) bool {
	port := m.flow.Server.Port
	return m.relayed || s.name == app.Discord || s.name == app.Zoom && port >= zoomFirst && port <= zoomLast
}

// How good an address is as the peer's: one that plays, one that answered, one that was only named; a private one below a public
// one of its kind.
const (
	public   = 1
	named    = 2
	answered = 4
	playing  = 6
)

// findPeer looks for the other party: the end of a flow to the client that goes through no server, the other client of the
// relay when both sides are on the tap, or else the public address that the client wants its relay to send to.
func (s *session) findPeer(p *parties, client [16]byte) {
	best, packets := 0, uint64(0)
	for _, m := range s.members {
		end, ok := s.farEnd(m, client)
		if !ok {
			continue
		}
		var rank int
		switch {
		case m.plays():
			rank = playing
		case m.flow.Facts&flow.Answered != 0 || m.flow.Up.Packets > 0 && m.flow.Down.Packets > 0:
			rank = answered
		default:
			rank = named // packets go there, and none come back
		}
		if isPublic(end) {
			rank += public
		}
		if n := m.mediaPackets(); rank > best || rank == best && n > packets {
			p.peer, p.peerSeen, best, packets = end, rank >= answered, rank, n
		}
	}
	for i := range s.learned {
		l := &s.learned[i]
		if l.role != flow.Peer || l.IP == client || l.IP == p.mapped.IP || !networks(l.IP).Empty() {
			continue
		}
		rank := named
		if isPublic(l.Endpoint) {
			rank += public
		}
		if rank > best {
			p.peer, p.peerSeen, best = l.Endpoint, false, rank
		}
	}
}

// farEnd is the end of a flow that may be the other party.
func (s *session) farEnd(m *member, client [16]byte) (end decode.Endpoint, ok bool) {
	f := &m.flow
	if asksServer(f) && !m.relayed && m.mediaPackets() == 0 && s.name != app.WhatsApp {
		return end, false // it told a host its address, no more; WhatsApp asks its peers in the same way
	}
	switch {
	case s.viaServer(m):
		// The other client of the relay, unless it is the same one outside its NAT.
		return f.Client, f.Client.IP != client && !s.mappedTo(f.Client.IP)
	case f.Client.IP == client:
		return f.Server, true
	case f.Server.IP == client:
		return f.Client, true
	case s.relayed(f.Server) || s.mappedTo(f.Server.IP):
		return f.Client, true
	default:
		return f.Server, s.relayed(f.Client) || s.mappedTo(f.Client.IP)
	}
}

// relayed says that an address was given to one of the session's clients by its relay.
func (s *session) relayed(end decode.Endpoint) bool {
	for i := range s.learned {
		if l := &s.learned[i]; l.role == flow.Relayed && l.Endpoint == end {
			return true
		}
	}
	return false
}

// mappedTo says that an address is that of one of the session's clients outside its NAT.
func (s *session) mappedTo(ip [16]byte) bool {
	for i := range s.learned {
		if l := &s.learned[i]; l.role == flow.Mapped && l.IP == ip {
			return true
		}
	}
	return false
}

// shared is the address space behind carriers' NATs (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// isPublic says that an address tells who has it: private ones (RFC 1918, RFC 4193) are used again everywhere.
func isPublic(end decode.Endpoint) bool {
	ip := end.AddrPort().Addr()
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared.Contains(ip)
}

func add(sum, v *flow.Volume) {
	sum.Packets += v.Packets
	sum.Octets += v.Octets
	sum.RTP += v.RTP
	sum.RTCP += v.RTCP
	sum.Sealed += v.Sealed
	sum.Other += v.Other
	sum.RTPOctets += v.RTPOctets
	sum.SealedOctets += v.SealedOctets
	sum.OtherOctets += v.OtherOctets
}
