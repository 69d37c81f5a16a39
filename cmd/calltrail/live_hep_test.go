package main

import (
	"fmt"
	"testing"
	"time"

	"calltrail/capture/hep/collector"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/testnet"
)

// The tap has one name, whoever asks for it.
func TestHEPTap(t *testing.T) {
	if collector.Name != config.HEPTap {
		t.Errorf("the collector calls itself %q, the configuration calls it %q", collector.Name, config.HEPTap)
	}
}

// A sensor that observes no interface gets its calls from a capture agent: kamailio's siptrace, over UDP and over TCP. Its rows
// agree with what tshark saw on a tap beside the caller.
func TestLiveHEP(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			const calls = 5
			n := testnet.New(t)
			a, proxy, b := n.Host("a", "192.0.2.10"), n.Host("proxy", "192.0.2.2"), n.Host("b", "198.51.100.10")
			home := n.Host("sensor", "203.0.113.10")
			direct := n.Mirror(n.Namespace("witness"), "tap0", []testnet.Source{{Host: a, Direction: testnet.FromHost}, {Host: a, Direction: testnet.ToHost}})
			const address = "203.0.113.10:9060"
			s := newLive(t, home.Namespace, afpacketEngine, nil, settleSoon,
				fmt.Sprintf(`capture: {hep_%s: "%s", hep_allow: ["192.0.2.2"]}`, transport, address))
			witness := direct.Watch()
			s.begin("postgres")
			proxy.Agent(b, address, transport)
			n.CallThrough(a, proxy, b, testnet.Load{Calls: calls, Rate: 5, Talk: time.Second, Caller: "alice", Callee: "bob"}).Wait(time.Minute)
			rows := s.calls(calls)
			o := testnet.Dissect(t, witness.Stop())
			if len(o.Calls) != calls {
				t.Fatalf("tshark has %d calls, want %d", len(o.Calls), calls)
			}
			none(t, hepFaults(rows, o.Calls))
			s.end()
			c := s.coverage()
			sip := s.db.number("SELECT sum((decoded->>'sip')::bigint) FROM calltrail.coverage WHERE tap = 'hep'")
			// INVITE, 180, 200, ACK, BYE, 200, each taken and sent by the proxy.
			if want := uint64(calls * 6 * 2); !c.in("complete") || c.Packets != want || uint64(sip) != want || c.KernelDrops != 0 {
				t.Errorf("coverage %+v with %d of SIP, want complete with %d packets, all SIP", c, sip, want)
			}
		})
	}
}

// hepFaults holds rows made of what an agent said to tshark's calls: the caller's hop is the first one. The agent reads its own
// clock, once it is scheduled.
func hepFaults(rows []liveRow, calls []testnet.Call) (faults []string) {
	byID := map[string]*liveRow{}
	for i := range rows {
		byID[rows[i].CallID] = &rows[i]
	}
	if len(rows) != len(calls) {
		faults = append(faults, fmt.Sprintf("%d rows, tshark has %d calls", len(rows), len(calls)))
	}
	for _, c := range calls {
		r := byID[c.CallID]
		if r == nil {
			faults = append(faults, "no row of "+c.CallID)
			continue
		}
		got := fmt.Sprintf("%s to %s from %s %d, %d, %s by %s, %s on %s", r.Caller, r.Callee, r.SrcIP, r.SrcPort, r.Status, r.Disposition, r.EndedBy, r.Visibility, r.Tap)
		want := fmt.Sprintf("%s to %s from %s %d, %d, answered by %s, sip_only on hep", c.FromUser, c.ToUser, c.SrcIP, c.SrcPort, c.Status, c.ByeFrom)
		if got != want {
			faults = append(faults, fmt.Sprintf("%s: the row has %s; want %s", c.CallID, got, want))
		}
		faults = append(faults, apart(c.CallID+" started_at", r.Started, c.Invite.Time, nearKamailio)...)
		faults = append(faults, apart(c.CallID+" ringing_at", r.Rang, c.Rang.Time, nearKamailio)...)
		faults = append(faults, apart(c.CallID+" answered_at", r.Answered, c.Answer.Time, nearKamailio)...)
		faults = append(faults, apart(c.CallID+" ended_at", r.Ended, c.End.Time, nearKamailio)...)
	}
	return faults
}
