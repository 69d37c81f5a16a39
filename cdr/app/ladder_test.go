package app

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/flow"
	"calltrail/decode"
)

// The ladders of testdata/*.txt. A case is a line "# name", the flows that cdr/flow tells of, and the calls made of them:
//
//	0.0-30.0 A:1>T:1400 asked certain=telegram other=1.5-30   a flow from its first to its last packet, and what is known of it
//	5.0 stream A:1>T:1400 ssrc=7 pt=111 packets=40            a stream of RTP that is closed 30 s after its last= packet
//	0.0 sip A:1                                               an address that a SIP call announced, from then on, or from-to
//	90.0 end                                                  the end of the input, else 400 s after the last packet
//	! Sessions=2 Together=3s                                  the configuration
//	= telegram certain … 0.000-30.000                         a revision, by the time it was told
//
// Of a flow: asked answered ice turn allocated hello established are facts; rtp= sealed= other= media from-to, 50 packets a
// second each way, oneway of those only up. A flow is noticed 0.1 s after its first packet, plays after 1 s of media and is
// closed 15 s after its last packet or 30 s after its last media, or evicted at evicted=. weak= likely= certain= webrtc name
// marks of an application, attempt= those by which it sets up calls; cred= is the ICE credential; mapped= peer= relayed= what
// STUN named, known from the moment the flow is noticed or from at=; types=120/97 payload types up and down; ssrc=1/2 synchronisation sources, once for noise; scope= the
// network, tap= the tap. A and D are subscribers, N their NAT, L a private address; B and C far ends; R and S relays of nobody
// known; T, U and V servers of Telegram; W and X of WhatsApp; F is a conference server.
//
// go test -run TestLadders -update rewrites the lines with =; read the diff.
var update = flag.Bool("update", false, "rewrite the expectations in testdata")

var hosts = map[string]string{
	"A": "192.0.2.10", "D": "192.0.2.11", "N": "192.0.2.200", "L": "10.0.0.10", "B": "198.51.100.20", "C": "198.51.100.30",
	"R": "203.0.113.5", "S": "203.0.113.6", "F": "203.0.113.66", "T": "91.108.9.35", "U": "91.108.13.23", "V": "91.108.17.2",
	"W": "157.240.203.62", "X": "157.240.231.62",
}

// epoch is the start of every ladder.
var epoch = time.Date(2026, 1, 5, 4, 30, 0, 0, time.UTC).UnixNano()

func endName(e decode.Endpoint) string {
	if e == (decode.Endpoint{}) {
		return "-"
	}
	for name, ip := range hosts {
		if netip.MustParseAddr(ip) == e.AddrPort().Addr() {
			return fmt.Sprintf("%s:%d", name, e.Port)
		}
	}
	return e.AddrPort().String()
}

// play runs a ladder and returns a line for each revision.
func play(t testing.TB, cfg Config, steps []step) (told []string, sessions *Sessions) {
	t.Helper()
	var now int64
	var sip []decode.Endpoint
	sessions = New(cfg, func(c *Call, final bool) { told = append(told, describe(c, final, now)) })
	sessions.Signalled = func(f *flow.Flow) bool { return slices.Contains(sip, f.Client) || slices.Contains(sip, f.Server) }
	for i := range steps {
		s := &steps[i]
		for {
			at, ok := sessions.NextTimer()
			if !ok || at >= s.at {
				break
			}
			now = at
			sessions.Advance(at + 1)
		}
		now = s.at
		switch {
		case s.end:
			sessions.Finish(now, Cut)
		case s.event != nil:
			sessions.Handle(s.event, s.tap)
		case s.sip != nil:
			if i := slices.Index(sip, *s.sip); i >= 0 {
				sip = slices.Delete(sip, i, i+1)
			} else {
				sip = append(sip, *s.sip)
			}
		case s.stream != nil:
			owns := sessions.Owns(s.stream.Flow.Src, s.stream.Flow.Dst, s.stream.Flow.Scope)
			if took := sessions.Stream(s.stream); took != owns {
				t.Errorf("a stream is owned: %t, and taken: %t", owns, took)
			} else if !took {
				told = append(told, clock(now)+" stream is nobody's")
			}
		}
	}
	if sessions.Len() != 0 || sessions.index.size() != 0 || sessions.flows != 0 {
		t.Errorf("%d sessions and %d entries of the index are left after the end", sessions.Len(), sessions.index.size())
	}
	return told, sessions
}

// size is the number of entries.
func (x *index) size() int {
	return len(x.pairs) + len(x.credentials) + len(x.clients) + len(x.servers) + len(x.learned) + len(x.hosts) + len(x.sources) + x.names
}

func clock(at int64) string {
	if at == 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(at-epoch)/1e9, 'f', 3, 64)
}

var enders = [...]string{"open", "silent", "evicted", "cut"}

// describe is a revision in a line.
func describe(c *Call, final bool, now int64) string {
	var b strings.Builder
	kind, rev := "call", ""
	if !c.Media {
		kind = "attempt"
	}
	if final {
		rev = "f"
	}
	name := c.Name.String()
	if name == "" {
		name = "unknown"
	}
	fmt.Fprintf(&b, "%s %d%s %s %s %s %s", clock(now), c.Revision, rev, name, cmp.Or(c.Confidence.String(), "none"), c.Medium, kind)
	fmt.Fprintf(&b, " %s-%s seen=%s %s", clock(c.Started), clock(c.End), clock(c.LastSeen), enders[c.Ender])
	fmt.Fprintf(&b, " %s", endName(c.Client))
	for _, e := range []struct {
		role string
		end  decode.Endpoint
	}{{"relay", c.Relay}, {"peer", c.Peer}, {"mapped", c.Mapped}} {
		if e.end != (decode.Endpoint{}) {
			fmt.Fprintf(&b, " %s=%s", e.role, endName(e.end))
			if e.role == "peer" && !c.PeerSeen {
				b.WriteString("?")
			}
		}
	}
	fmt.Fprintf(&b, " up=%d down=%d flows=", c.Up.Packets, c.Down.Packets)
	for i := range c.Flows {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "%s>%s", endName(c.Flows[i].Client), endName(c.Flows[i].Server))
	}
	for i := range c.Streams {
		fmt.Fprintf(&b, " rtp=%d/%d", c.Streams[i].Flow.SSRC, c.Streams[i].Packets)
	}
	if c.Overflow {
		b.WriteString(" overflow")
	}
	if c.Tap != 0 {
		fmt.Fprintf(&b, " tap=%d", c.Tap)
	}
	return b.String()
}

func TestLadders(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no ladders", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		for i, c := range strings.Split("\n"+strings.TrimSpace(string(text)), "\n# ")[1:] {
			lines := strings.Split(strings.TrimSpace(c), "\n")
			if i > 0 {
				out.WriteString("\n")
			}
			fmt.Fprintf(&out, "# %s\n", lines[0])
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+lines[0], func(t *testing.T) {
				cfg, steps := parse(t, lines[1:])
				got, _ := play(t, cfg, steps)
				var want []string
				for _, l := range lines[1:] {
					if w, ok := strings.CutPrefix(l, "= "); ok {
						want = append(want, w)
					} else {
						fmt.Fprintln(&out, l)
					}
				}
				for _, g := range got {
					fmt.Fprintln(&out, "= "+g)
				}
				if !*update && !slices.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
