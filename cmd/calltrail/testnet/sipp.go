package testnet

import (
	"embed"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strconv"
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
}

// Calls are a load under way.
type Calls struct{ caller, callee *Process }

// Call starts sipp on both hosts. The caller hangs up; each call rings for half a second. Call-IDs begin with the user
// part of the caller.
func (n *Net) Call(from, to *Host, l Load) *Calls {
	n.t.Helper()
	c := &Calls{callee: to.sipp("callee.xml", l)}
	to.awaitPort(c.callee, 5060)
	c.caller = from.sipp("caller.xml", l, "-r", strconv.Itoa(l.Rate), to.Addr.String()+":5060")
	return c
}

// Each call of sipp has media ports of its own, four after those of the call before.
const (
	firstMediaPort = 20_000
	maxCalls       = 2_500 // after which sipp uses a port again
)

func (h *Host) sipp(scenario string, l Load, more ...string) *Process {
	h.t.Helper()
	if l.Calls > maxCalls {
		h.t.Fatalf("%d calls would share media ports; %d can be told apart", l.Calls, maxCalls)
	}
	text, err := scenarios.ReadFile("config/" + scenario)
	if err != nil {
		h.t.Fatal(err)
	}
	write(h.t, filepath.Join(h.Dir, scenario), string(text))
	writeSound(h.t, filepath.Join(h.Dir, "tone.pcap"), l.Talk)
	args := []string{
		"sipp", "-sf", scenario, "-i", h.Addr.String(), "-mi", h.Addr.String(), "-p", "5060", "-mp", strconv.Itoa(firstMediaPort),
		"-m", strconv.Itoa(l.Calls), "-l", strconv.Itoa(l.Calls), "-nostdin", "-buff_size", strconv.Itoa(4 << 20),
		"-cid_str", l.Caller + "-%u-%p@" + h.Addr.String(), "-trace_err", "-error_file", h.Name + ".errors",
		"-s", l.Callee, "-d", strconv.FormatInt(l.Talk.Milliseconds(), 10), "-key", "caller", l.Caller,
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

// awaitPort waits until a UDP port is open on the host.
func (h *Host) awaitPort(p *Process, port int) {
	h.t.Helper()
	Eventually(h.t, fmt.Sprintf("port %d of %s", port, h.Name), func() bool {
		select {
		case <-p.done:
			h.t.Fatalf("%s ended:\n%s", p.name, p.Output())
		default:
		}
		return h.listens(port)
	})
}
