package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// A sensor that is stopped, or killed, in mid call and started again makes one call of it: the same call_uid, revisions
// that go on, the flag sensor_restart; and the end that came afterwards is in it.
func TestLiveRestart(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		for _, tt := range []struct {
			name string
			end  func(*live)
		}{
			{"SIGTERM", (*live).end},
			{"SIGKILL", func(s *live) { s.process.Kill() }},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				const calls = 5
				n := testnet.New(t)
				a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
				tap := n.Namespace("sensor")
				mirror := n.Mirror(tap, "tap0", n.Once())
				s := newLive(t, tap, engine, []string{"tap0"}, "timers: {settle: 2500ms, checkpoint: 2s}")
				witness := mirror.Watch()
				s.begin("postgres")
				load := n.Call(a, b, testnet.Load{Calls: calls, Rate: 50, Talk: 7 * time.Second, Caller: "alice", Callee: "bob"})
				// Each call has had an interim record: the chain has something to go on from.
				testnet.Eventually(t, "interim records", func() bool {
					return s.db.number("SELECT count(DISTINCT call_uid) FROM calltrail.call_record") == calls
				})
				tt.end(s)
				s.begin("postgres")
				load.Wait(time.Minute)
				s.calls(calls)
				o := testnet.Dissect(t, witness.Stop())
				s.end()
				s.drain()

				all := rows[liveRow](s, "call_record r ORDER BY call_uid, revision")
				byCall := map[string][]liveRow{}
				for i := range all {
					byCall[all[i].CallUID] = append(byCall[all[i].CallUID], all[i])
				}
				if len(byCall) != calls {
					t.Errorf("%d calls, want %d", len(byCall), calls)
				}
				var last []liveRow
				for uid, revisions := range byCall {
					for i := range revisions {
						if revisions[i].Revision != i+1 {
							t.Errorf("call %s: revision %d follows on %d others", uid, revisions[i].Revision, i)
						}
					}
					r := revisions[len(revisions)-1]
					if !r.Final || !slices.Contains(r.Flags, "sensor_restart") || r.Disposition != "answered" || r.EndedBy != "caller" {
						t.Errorf("call %s ended as %+v, want a final record with the flag sensor_restart, answered, ended by the caller", uid, r)
					}
					last = append(last, r)
				}
				// Signalling is whole; of the media, what came while nobody looked is missing.
				none(t, callsFaults(last, o.Calls))
				none(t, tooMany(last, o.Streams))
				none(t, s.db.chainFaults())
			})
		}
	})
}

// tooMany are the streams of rows of which the row has no packet, or more than tshark saw.
func tooMany(rows []liveRow, streams []testnet.Stream) (faults []string) {
	got := packetsOf(rows)
	for _, s := range streams {
		key := streamKey(s.Src, s.Sport, s.Dst, s.Dport, s.SSRC)
		if got[key] == 0 || got[key] > s.Packets {
			faults = append(faults, fmt.Sprintf("RTP %s: %d packets in rows, tshark has %d", key, got[key], s.Packets))
		}
	}
	return faults
}
