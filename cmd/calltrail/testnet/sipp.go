package testnet

import (
	"bytes"
	"embed"
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

//go:embed config/caller.xml config/callee.xml
var scenarios embed.FS

// Load is many calls from one host to another, each with RTP both ways.
type Load struct {
	// Calls in all, Rate a second, each Talk long from the ACK to the BYE.
	Calls, Rate int
	Talk        time.Duration
	// Caller and Callee are the user parts.
	Caller, Callee string
	// TCP has one connection carry all calls instead of UDP.
	TCP bool
	// More are header fields more of the INVITE: "Name: value".
	More []string

	webSocket bool
}

// Calls are a load under way.
type Calls struct{ caller, callee *Process }

// Call starts sipp on both hosts. The caller hangs up; each call rings for half a second. Call-IDs begin with the user
// part of the caller.
func (n *Net) Call(from, to *Host, l Load) *Calls {
	n.t.Helper()
	callee := to.Answer(l)
	return &Calls{from.Originate(to, 5060, l), callee}
}

// Answer starts the side of sipp that is called, on the host.
func (h *Host) Answer(l Load) *Process {
	h.t.Helper()
	p := h.sipp("callee.xml", l, "")
	h.awaitPort(p, 5060, l.TCP)
	return p
}

// Originate starts the side of sipp that calls, on the host, to a port of another one.
func (h *Host) Originate(to *Host, port int, l Load) *Process {
	h.t.Helper()
	target := netip.AddrPortFrom(to.Addr, uint16(port)).String() //nolint:gosec // a port
	return h.sipp("caller.xml", l, target, "-r", strconv.Itoa(l.Rate), target)
}

// OriginateWebSocket is Originate over a WebSocket (RFC 7118) to port 80 of a proxy. What carries sipp's datagrams in masked frames is
// the program that also makes such captures of pcaps.
func (h *Host) OriginateWebSocket(to *Host, l Load) *Process {
	h.t.Helper()
	const port = 5090 // of the bridge, on the host itself
	bridge := h.Start(nil, "sh", "-c", `tail -f /dev/null | "$0" "$@"`, filepath.Join(Root(h.t), "pcaps", "make", "websocket-bridge"),
		h.Addr.String(), strconv.Itoa(port), to.Addr.String())
	h.awaitPort(bridge, port, false)
	l.webSocket = true
	return h.sipp("caller.xml", l, to.Addr.String(), "-r", strconv.Itoa(l.Rate), netip.AddrPortFrom(h.Addr, port).String())
}

// Each call of sipp has media ports of its own, four after those of the call before.
const (
	firstMediaPort = 20_000
	maxCalls       = 2_500 // after which sipp uses a port again
)

// sipp runs a scenario. target is who is called, with the port if it is not to be the default one.
func (h *Host) sipp(scenario string, l Load, target string, more ...string) *Process {
	h.t.Helper()
	if l.Calls > maxCalls {
		h.t.Fatalf("%d calls would share media ports; %d can be told apart", l.Calls, maxCalls)
	}
	text, err := scenarios.ReadFile("config/" + scenario)
	if err != nil {
		h.t.Fatal(err)
	}
	if l.webSocket {
		text = bytes.ReplaceAll(text, []byte("[transport]"), []byte("WS"))
	}
	write(h.t, filepath.Join(h.Dir, scenario), string(text))
	writeSound(h.t, filepath.Join(h.Dir, "tone.pcap"), l.Talk)
	args := []string{
		"sipp", "-sf", scenario, "-i", h.Addr.String(), "-mi", h.Addr.String(), "-p", "5060", "-mp", strconv.Itoa(firstMediaPort),
		"-m", strconv.Itoa(l.Calls), "-l", strconv.Itoa(l.Calls), "-nostdin", "-buff_size", strconv.Itoa(4 << 20),
		"-cid_str", l.Caller + "-%u-%p@" + h.Addr.String(), "-trace_err", "-error_file", h.Name + ".errors",
		"-s", l.Callee, "-d", strconv.FormatInt(l.Talk.Milliseconds(), 10), "-key", "caller", l.Caller, "-key", "target", target,
	}
	args = append(args, "-key", "more", strings.Join(append([]string{""}, l.More...), "\r\n"))
	if l.TCP {
		args = append(args, "-t", "t1")
	}
	return h.Start(nil, append(args, more...)...)
}

// Wait waits for the end of all calls, at most for limit; the test fails when one did not go as it should.
func (c *Calls) Wait(limit time.Duration) {
	c.caller.t.Helper()
	for _, p := range []*Process{c.caller, c.callee} {
		p.Succeed(limit)
	}
}

// writeSound writes a capture of one side's G.711 A-law, silence in packets of 20 ms: what sipp plays, with addresses and
// ports of the call that plays it.
func writeSound(t testing.TB, path string, length time.Duration) {
	t.Helper()
	const (
		every   = 20 * time.Millisecond
		samples = 160
		silence = 0xd5
	)
	var b []byte
	le := binary.LittleEndian
	// pcap: magic number, version 2.4, snap length, Ethernet.
	b = le.AppendUint32(b, 0xa1b2c3d4)
	b = le.AppendUint16(le.AppendUint16(b, 2), 4)
	b = le.AppendUint32(append(b, make([]byte, 8)...), 65_535)
	b = le.AppendUint32(b, 1)
	be := binary.BigEndian
	for i := range int(length / every) {
		rtp := be.AppendUint16([]byte{0x80, 8}, uint16(i))
		rtp = be.AppendUint32(rtp, uint32(i*samples))
		rtp = be.AppendUint32(rtp, 0x5eed)
		for range samples {
			rtp = append(rtp, silence)
		}
		frame := append(make([]byte, 12), 0x08, 0)
		frame = append(frame, 0x45, 0)
		frame = be.AppendUint16(frame, uint16(28+len(rtp))) //nolint:gosec // 200
		frame = append(frame, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
		frame = be.AppendUint16(be.AppendUint16(frame, firstMediaPort), firstMediaPort)
		frame = be.AppendUint16(frame, uint16(8+len(rtp))) //nolint:gosec // 180
		frame = append(append(frame, 0, 0), rtp...)
		at := time.Duration(i) * every
		b = le.AppendUint32(b, uint32(at/time.Second))
		b = le.AppendUint32(b, uint32(at%time.Second/time.Microsecond))
		b = le.AppendUint32(b, uint32(len(frame)))                   //nolint:gosec // 214
		b = append(le.AppendUint32(b, uint32(len(frame))), frame...) //nolint:gosec // 214
	}
	write(t, path, string(b))
}

// awaitPort waits until a port is open on the host, of UDP or, when it is a stream, of TCP.
func (h *Host) awaitPort(p *Process, port int, stream bool) {
	h.t.Helper()
	Eventually(h.t, fmt.Sprintf("port %d of %s", port, h.Name), func() bool {
		select {
		case <-p.done:
			h.t.Fatalf("%s ended:\n%s", p.name, p.Output())
		default:
		}
		return h.listens(port, stream)
	})
}
