package app

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"calltrail/cdr/flow"
	"calltrail/decode"
	"calltrail/decode/app"
)

// kinds are calls of one subscriber, %[1]s, to a peer %[2]s, that begin at second %[3]d; all of them use the same servers.
var kinds = []string{
	`%[3]d.0-%[4]d.0 %[1]s:1>W:3478 asked answered attempt=whatsapp rtp=%[3]d.5-%[4]d.0
%[3]d.1-%[4]d.0 %[1]s:1>X:3478 asked attempt=whatsapp
%[3]d.7-%[4]d.0 %[1]s:1>%[2]s:9 asked answered rtp=%[3]d.9-%[4]d.0`,
	`%[3]d.0-%[4]d.0 %[1]s:1>R:3478 allocated answered webrtc cred=%[5]d relayed=R:%[6]d peer=%[2]s:9
%[3]d.2-%[4]d.0 %[2]s:9>R:%[6]d ice answered webrtc rtp=%[3]d.5-%[4]d.0
%[3]d.4-%[4]d.0 %[2]s:9>%[1]s:2 ice answered webrtc cred=%[5]d rtp=%[3]d.9-%[4]d.0`,
	`%[3]d.0-%[4]d.0 %[1]s:1>T:1400 turn answered certain=telegram other=%[3]d.5-%[4]d.0
%[3]d.3-%[4]d.0 %[1]s:2>U:1400 turn answered certain=telegram peer=%[2]s:9
%[3]d.4-%[4]d.0 %[1]s:3>V:1400 turn answered likely=telegram
%[3]d.9-%[4]d.0 %[1]s:4>%[2]s:9 ice answered other=%[3]d.9-%[4]d.0`,
	`%[3]d.0-%[4]d.0 %[1]s:1>F:10000 ice answered webrtc sealed=%[3]d.5-%[4]d.0`,
}

// Calls that have nothing to do with each other come out the same, whatever else happens at the time, and in whichever order
// things of one time come in.
func TestInterleaving(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		var all []step
		var alone []string
		for n := range 40 {
			start := r.IntN(60)
			lines := fmt.Sprintf(kinds[r.IntN(len(kinds))], fmt.Sprintf("192.0.2.%d", n+1), fmt.Sprintf("198.51.100.%d", n+1), start,
				start+2+r.IntN(60), 1000+n, 20000+n)
			cfg, steps := parse(t, strings.Split(lines, "\n"))
			told, _ := play(t, cfg, slices.Clone(steps))
			alone = append(alone, told...)
			all = append(all, steps[:len(steps)-1]...)
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		slices.SortStableFunc(all, func(a, b step) int { return cmp.Compare(a.at, b.at) })
		told, sessions := play(t, Config{}, append(all, step{at: epoch + 1000e9, end: true}))
		slices.Sort(told)
		slices.Sort(alone)
		if !slices.Equal(told, alone) {
			t.Fatalf("seed %d: together\n%s\nalone\n%s", seed, strings.Join(told, "\n"), strings.Join(alone, "\n"))
		}
		if sessions.Stats.Calls < 10 {
			t.Fatalf("seed %d: %d calls prove nothing", seed, sessions.Stats.Calls)
		}
	}
}

func end4(ip uint32, port uint16) decode.Endpoint {
	a := netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
	return decode.EndpointOf(netip.AddrPortFrom(a, port))
}

// flood hands in n flows and checks the bounds now and then.
func flood(t *testing.T, cfg Config, n int, make func(i int, f *flow.Flow)) *Sessions {
	t.Helper()
	sessions := New(cfg, func(*Call, bool) {})
	for i := range n {
		at := epoch + int64(i)*1e5
		ev := flow.Event{Kind: flow.Noticed, Now: at}
		ev.First, ev.Last = at, at
		ev.Facts = flow.Asked | flow.Answered
		make(i, &ev.Flow)
		sessions.Handle(&ev, 0)
		if i%1000 != 0 && i != n-1 {
			continue
		}
		x := &sessions.index
		members := 0
		for _, list := range x.pairs {
			members += len(list)
		}
		switch {
		case sessions.Len() > cfg.Sessions:
			t.Fatalf("%d sessions", sessions.Len())
		case members > MaxFlows*sessions.Len() || members != sessions.flows || members > cfg.Flows:
			t.Fatalf("%d flows in %d sessions", members, sessions.Len())
		case x.names > cfg.Learned || len(x.learned) > cfg.Learned:
			t.Fatalf("%d learned addresses", x.names)
		case len(x.clients) > maxAddress*sessions.Len() || len(x.servers) > maxAddress*sessions.Len():
			t.Fatalf("%d clients and %d servers of %d sessions", len(x.clients), len(x.servers), sessions.Len())
		case len(x.credentials) > maxIdentity*sessions.Len() || len(x.hosts) > maxIdentity*sessions.Len():
			t.Fatalf("%d credentials and %d hosts of %d sessions", len(x.credentials), len(x.hosts), sessions.Len())
		}
		for _, m := range []map[address][]*session{x.clients, x.servers, x.learned} {
			for _, list := range m {
				if len(list) > maxSharing {
					t.Fatalf("%d sessions share an address", len(list))
				}
			}
		}
		for _, list := range x.hosts {
			if len(list) > maxHost {
				t.Fatalf("%d sessions share a host", len(list))
			}
		}
	}
	sessions.Finish(epoch+int64(n)*1e5, Cut)
	if sessions.Len() != 0 || sessions.index.size() != 0 || sessions.flows != 0 {
		t.Errorf("%d sessions and %d entries of the index are left", sessions.Len(), sessions.index.size())
	}
	return sessions
}

func TestBounds(t *testing.T) {
	cfg := Config{Sessions: 100, Flows: 1000, Learned: 200}
	many := 20_000
	t.Run("one socket asks many servers", func(t *testing.T) {
		s := flood(t, cfg, many, func(i int, f *flow.Flow) {
			f.Client, f.Server = end4(0xc0000201, 1), end4(0x0b000000+uint32(i), 3478)
		})
		if s.Stats.Begun != 1 || s.Stats.Dropped != uint64(many-MaxFlows) {
			t.Errorf("%+v", s.Stats)
		}
	})
	t.Run("one socket plays with many", func(t *testing.T) {
		s := flood(t, cfg, many, func(i int, f *flow.Flow) {
			f.Client, f.Server = end4(0xc0000201, 1), end4(0x0b000000+uint32(i), 3478)
			f.FirstMedia, f.LastMedia, f.PlayingRTP = f.First, f.First, true
			f.Marks.Add(app.WebRTCICE)
		})
		if s.Stats.Begun != 1 || s.Stats.Refused != uint64(many-MaxFlows) || s.Stats.Calls != 1 {
			t.Errorf("%+v", s.Stats)
		}
	})
	t.Run("many clients ask one server", func(t *testing.T) {
		s := flood(t, cfg, many, func(i int, f *flow.Flow) {
			f.Client, f.Server = end4(0x0b000000+uint32(i), 1), end4(0xc0000201, 3478)
		})
		if s.Stats.Begun != uint64(many) || s.Stats.Evicted != uint64(many-cfg.Sessions) || s.Stats.Merged != 0 {
			t.Errorf("%+v", s.Stats)
		}
	})
	t.Run("one credential everywhere", func(t *testing.T) {
		s := flood(t, cfg, many, func(i int, f *flow.Flow) {
			f.Client, f.Server, f.Credential = end4(0x0b000000+uint32(i), 1), end4(0x0c000000+uint32(i), 2), 7
		})
		if s.Stats.Begun != 1 {
			t.Errorf("%+v", s.Stats)
		}
	})
	t.Run("many sockets ask many servers", func(t *testing.T) {
		s := flood(t, cfg, many, func(i int, f *flow.Flow) {
			f.Client, f.Server = end4(0xc0000201+uint32(i/20), 1), end4(0x0b000000+uint32(i), 3478)
		})
		if s.Stats.Begun != uint64(many/20) || s.Stats.Evicted != uint64(many/20-cfg.Flows/20) {
			t.Errorf("%+v", s.Stats)
		}
	})
	t.Run("many sockets of one host", func(t *testing.T) {
		flood(t, cfg, many, func(i int, f *flow.Flow) {
			f.Client, f.Server = end4(0xc0000201, uint16(i)), end4(0x0b000000+uint32(i), 3478)
			f.Marks = rules(t, "telegram", 3)
		})
	})
	t.Run("many addresses are named", func(t *testing.T) {
		s := flood(t, cfg, many, func(i int, f *flow.Flow) {
			f.Client, f.Server = end4(0x0b000000+uint32(i), 1), end4(0xc0000201, 3478)
			f.NumLearned = flow.MaxLearned
			for n := range f.Learned {
				f.Learned[n] = flow.Learned{Role: flow.Peer, End: end4(0x0c000000+uint32(i*8+n), 9)}
			}
		})
		if s.Stats.Unlearned == 0 {
			t.Errorf("%+v", s.Stats)
		}
	})
	t.Run("more is named than a flow says", func(t *testing.T) {
		flood(t, cfg, 1, func(_ int, f *flow.Flow) { f.NumLearned = 255 })
	})
}

// A call has at most so many revisions, however often its peer changes.
func TestRevisions(t *testing.T) {
	var last Call
	sessions := New(Config{}, func(c *Call, _ bool) { last = *c })
	for i := range 100 {
		at := epoch + int64(i)*20e9
		sessions.Advance(at)
		ev := flow.Event{Kind: flow.Playing, Now: at}
		ev.Client, ev.Server, ev.Credential = end4(0xc0000201, 1), end4(0x0b000000+uint32(i), 9), 7
		ev.First, ev.Last, ev.FirstMedia, ev.LastMedia, ev.PlayingRTP = at, at, at, at, true
		ev.Up.RTP = uint64(i)
		ev.Marks.Add(app.WebRTCICE)
		sessions.Handle(&ev, 0)
	}
	if last.Revision != 1+maxChanges {
		t.Errorf("%d revisions", last.Revision)
	}
	sessions.Finish(epoch+2001e9, Cut)
	if last.Revision != 2+maxChanges || last.Ender != Cut || !last.Overflow {
		t.Errorf("the final revision is %d, %+v", last.Revision, last.Ender)
	}
}

func BenchmarkHandle(b *testing.B) {
	sessions := New(Config{}, func(*Call, bool) {})
	var ev flow.Event
	ev.Facts, ev.NumLearned = flow.Asked|flow.Answered|flow.Allocated|flow.TURN, 3
	now := epoch
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		now += 1e6
		sessions.Advance(now)
		n := uint32(i / 3)
		ev.Client, ev.Server = end4(0x0b000000+n%0xffffff, 1), end4(0xc0000201, 3478)
		ev.Now, ev.First, ev.Last, ev.Serial = now, now, now, n
		for k := range 3 {
			ev.Learned[k] = flow.Learned{Role: flow.Role(k + 1), End: end4(0x0c000000+n*4+uint32(k), 9)}
		}
		ev.Kind = flow.EventKind(i%3 + 1)
		ev.PlayingRTP = ev.Kind != flow.Noticed
		sessions.Handle(&ev, 0)
	}
}

// The system of a server's address is a weak mark like its prefix; nobody asks for that of a client.
func TestSystems(t *testing.T) {
	var asked []netip.Addr
	sessions := New(Config{}, func(*Call, bool) {})
	sessions.System = func(ip netip.Addr) uint32 {
		asked = append(asked, ip)
		return 32934 // WhatsApp's, and Messenger's
	}
	ev := flow.Event{Kind: flow.Noticed, Now: epoch}
	ev.Client, ev.Server, ev.First, ev.Last = end4(0xc0000201, 1), end4(0xc6336401, 3478), epoch, epoch
	sessions.Handle(&ev, 0)
	if want := netip.MustParseAddr("198.51.100.1"); len(asked) == 0 || slices.ContainsFunc(asked, func(ip netip.Addr) bool { return ip != want }) {
		t.Errorf("asked for %v", asked)
	}
	for _, m := range sessions.index.pairs[pairOf(ev.Client, ev.Server, 0)] {
		if as := app.AS(32934); as.Empty() || m.session.marks != as {
			t.Errorf("marks %x, want %x", m.session.marks, as)
		}
	}
}
