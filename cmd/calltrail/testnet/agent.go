package testnet

import (
	_ "embed"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed config/agent.cfg
var agentConfig string

// agentPort is where an Agent takes requests; the witness knows them by the other end's port.
const agentPort = 5080

// Agent starts a kamailio on the host that sends every request on to another host, and hands each SIP message that it takes
// or sends to a collector as HEPv3, over udp or tcp. No network interface needs to be observed then.
func (h *Host) Agent(next *Host, collector, transport string) *Process {
	h.t.Helper()
	file := filepath.Join(h.Dir, "agent.cfg")
	write(h.t, file, strings.NewReplacer(
		"@ADDRESS@", net.JoinHostPort(h.Addr.String(), strconv.Itoa(agentPort)), "@NEXT@", next.Addr.String(), "@COLLECTOR@", collector, "@TRANSPORT@", transport,
	).Replace(agentConfig))
	p := h.Start(nil, "kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-f", file, "-Y", h.Dir, "-P", filepath.Join(h.Dir, "pid"))
	h.awaitPort(p, agentPort, false)
	return p
}

// CallThrough is Call with an Agent between the two hosts.
func (n *Net) CallThrough(from, proxy, to *Host, l Load) *Calls {
	n.t.Helper()
	callee := to.Answer(l)
	return &Calls{from.Originate(proxy, agentPort, l), callee}
}
