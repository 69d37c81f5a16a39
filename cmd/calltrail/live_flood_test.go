package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"calltrail/cmd/calltrail/testnet"
)

// floodSize is how long the flood lasts and how many addresses are scanned. CALLTRAIL_TEST_FLOOD is the time, such as 60s,
// and makes it all of a /16; without it, both are such that the test is over soon.
func floodSize(t *testing.T) (long time.Duration, scanned int) {
	text := os.Getenv("CALLTRAIL_TEST_FLOOD")
	if text == "" {
		return 10 * time.Second, 1 << 12
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		t.Fatalf("CALLTRAIL_TEST_FLOOD is %q; write a duration of at least a second, such as 60s", text)
	}
	return d, 1 << 16
}

// floodMemory is the cap: the ring of 64 MiB, the tables that the test bounds, and the program itself.
const floodMemory = 256 << 20

// A flood of INVITEs at ten times the rate of calls, and one INVITE to each address of a range from as many sources, do not
// take away what is known of established calls: each of them is whole, to the packet. The table of calls is far too small
// for all of it, so what is pushed out is the flood.
func TestLiveFlood(t *testing.T) {
	const (
		rate   = 50 // calls a second
		calls  = 200
		number = "+912225550101" // of the callers
	)
	long, scanned := floodSize(t)
	n := testnet.New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	attacker, victims := n.Host("attacker", "203.0.113.66"), n.Host("victims", "203.0.113.99")
	attacker.Owns("198.18.0.0/16") // RFC 2544: addresses for such tests
	n.Behind(victims, "198.19.0.0/16")
	victims.Swallow("198.19.0.0/16")
	tap := n.Namespace("sensor")
	mirror := n.Mirror(tap, "tap0", n.Once())
	s := newLive(t, tap, afpacketEngine, []string{"tap0"}, settleSoon, "limits: {calls: 1000, streams: 1024}")
	witness := n.Mirror(n.Namespace("witness"), "tap0", []testnet.Source{{Host: a, Direction: testnet.FromHost}, {Host: b, Direction: testnet.FromHost}}).Watch()
	s.begin("postgres")
	load := n.Call(a, b, testnet.Load{Calls: calls, Rate: rate, Talk: calls/rate*time.Second + long + time.Second, Caller: number, Callee: "bob"})
	established(t, mirror, calls)

	var attack errgroup.Group
	began := time.Now()
	for _, x := range []testnet.Traffic{
		{Rate: 10 * rate, Count: int(10 * rate * long.Seconds()), Datagram: func(i int) (netip.Addr, netip.AddrPort, []byte) {
			return netip.Addr{}, netip.AddrPortFrom(victims.Addr, 5060), invite("flood", i, i, attacker.Addr, victims.Addr)
		}},
		{Rate: int(float64(scanned) / long.Seconds()), Count: scanned, Datagram: func(i int) (netip.Addr, netip.AddrPort, []byte) {
			from := netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
			to := netip.AddrFrom4([4]byte{198, 19, byte(i >> 8), byte(i)})
			return from, netip.AddrPortFrom(to, 5060), invite("scan", i, i, from, to)
		}},
	} {
		attack.Go(func() error {
			sent, err := attacker.Send(context.Background(), x)
			if err == nil && sent != x.Count {
				err = fmt.Errorf("%d sent of %d", sent, x.Count)
			}
			return err
		})
	}
	heads := int(10 * rate * long.Seconds())
	// The ring's fanout has the kernel put them together: they wait in its own bounded table. Ours is flooded in cdr/pipeline.
	attack.Go(func() error { return attacker.SendHeads(context.Background(), 10*rate, heads, victims.Addr, 5060) })
	if err := attack.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("fault 14: %d INVITEs and %d first fragments in %.0f s", int(10*rate*long.Seconds())+scanned, heads, time.Since(began).Seconds())
	most, _ := memory(t, s.process.PID())
	if t.Logf("at most %d MiB in memory", most>>20); most > floodMemory {
		t.Errorf("%d MiB in memory, the cap is %d", most>>20, floodMemory>>20)
	}
	load.Wait(long + time.Minute)
	// The flood's records come before them.
	ours := "call_record r WHERE final AND caller_e164 = '" + number + "'"
	testnet.Within(t, long+2*time.Minute, "the calls in Postgres", func() bool {
		return s.db.number("SELECT count(*) FROM calltrail."+ours) == calls
	})
	rows := rows[liveRow](s, ours)
	if len(rows) != calls {
		t.Errorf("%d rows, want %d", len(rows), calls)
	}
	none(t, append(hurt(rows), streamFaults(rows, testnet.Streams(t, witness.Stop()))...))
	s.end()
	c := s.coverage()
	t.Logf("coverage %+v", c)
	if c.Evicted["calls"] == 0 {
		t.Error("nothing was pushed out: the flood did not fill the table, and the test shows nothing")
	}
	if c.KernelDrops != 0 {
		t.Errorf("%d packets were dropped by the kernel", c.KernelDrops)
	}
	if slices.Contains(c.StatesOfTime, "one_way") {
		t.Errorf("the coverage says %q: a scan is no fault of the mirror", c.StatesOfTime)
	}
	if got := s.db.number("SELECT count(DISTINCT call_uid) FROM calltrail.call_record WHERE 'evicted' = ANY (flags)"); uint64(got) != c.Evicted["calls"] {
		t.Errorf("%d calls say that they were pushed out, the coverage says %d", got, c.Evicted["calls"])
	}
}

// invite is an INVITE as scanners send them, to a number of its own.
func invite(kind string, i, callee int, from, to netip.Addr) []byte {
	return fmt.Appendf(nil, "INVITE sip:%d@%s SIP/2.0\r\n"+
		"Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK-%s-%d\r\n"+
		"Max-Forwards: 70\r\n"+
		"From: <sip:%s@%s>;tag=%d\r\n"+
		"To: <sip:%d@%s>\r\n"+
		"Call-ID: %s-%d@%s\r\n"+
		"CSeq: 1 INVITE\r\n"+
		"Contact: <sip:%s@%s:5060>\r\n"+
		"Content-Length: 0\r\n\r\n",
		9000000+callee, to, from, kind, i, kind, from, i, 9000000+callee, to, kind, i, from, kind, from)
}
