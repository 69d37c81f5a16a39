package main

import (
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// A tap without Ethernet, a TUN device here: the kernel's filter counts its offsets from the IP header there, passes the calls,
// and nothing of the rest. A reload makes the filter for the same header again.
func TestLiveRawIP(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		const calls = 4
		n := testnet.New(t)
		a, b := n.PointToPoint("192.0.2.10", "198.51.100.10")
		s := newLive(t, a.Namespace, engine, []string{"tun0"}, settleSoon)
		text, err := os.ReadFile(s.config)
		if err != nil {
			t.Fatal(err)
		}
		s.begin("postgres")
		load := testnet.Load{Calls: calls, Rate: 10, Talk: time.Second, Caller: "alice", Callee: "bob"}
		n.Call(a, b, load).Wait(time.Minute)
		s.calls(calls)
		s.rewrite(strings.Replace(string(text), "capture: {", "capture: {media_snap_length: 128, ", 1))
		s.process.Signal(syscall.SIGHUP)
		s.process.Await(`"message":"configuration reloaded"`)
		load.Caller = "carol"
		n.Call(a, b, load).Wait(time.Minute)
		rows := s.calls(2 * calls)
		none(t, hurt(rows))
		if len(rows) != 2*calls {
			t.Errorf("%d calls, want %d", len(rows), 2*calls)
		}
		if _, err := b.Send(t.Context(), testnet.Traffic{Rate: 100, Count: 20, Datagram: func(int) (netip.Addr, netip.AddrPort, []byte) {
			return netip.Addr{}, netip.AddrPortFrom(a.Addr, 5060), []byte("\xffneither SIP nor RTP")
		}}); err != nil {
			t.Fatal(err)
		}
		const messages = 6 // INVITE, 180, 200, ACK, BYE, 200
		want := uint64(2 * calls * messages)
		for i := range rows {
			for _, m := range rows[i].Media {
				want += m.Packets
			}
		}
		s.end()
		if c := s.coverage(); !c.in("complete") || c.Packets != want {
			t.Errorf("coverage %+v, want complete with %d packets", c, want)
		}
	})
}
