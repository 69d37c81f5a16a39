package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// A sensor that is told to reload while calls go on, back and forth between its two filters, takes the new one, and no
// packet is lost by it.
func TestLiveReload(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		const calls = 30
		n := testnet.New(t)
		a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
		tap := n.Namespace("sensor")
		mirror := n.Mirror(tap, "tap0", n.Once())
		s := newLive(t, tap, engine, []string{"tap0"}, settleSoon, `capture: {sip_ports: ["1024-65535"]}`)
		text, err := os.ReadFile(s.config)
		if err != nil {
			t.Fatal(err)
		}
		witness := mirror.Watch()
		s.begin("postgres")
		load := n.Call(a, b, testnet.Load{Calls: calls, Rate: 10, Talk: 3 * time.Second, Caller: "alice", Callee: "bob"})
		established(t, mirror, calls/3)
		const reloads = 6
		for i := range reloads {
			filter, level := "narrow", "debug"
			if i%2 == 1 {
				filter, level = "wide", "info"
			}
			s.rewrite(strings.Replace(string(text), "capture: {", "log: {level: "+level+"}\ncapture: {filter: "+filter+", ", 1))
			s.process.Signal(syscall.SIGHUP)
			done := i + 1
			testnet.Eventually(t, "the reload", func() bool {
				return strings.Count(s.process.Output(), `"message":"configuration reloaded"`) >= done
			})
			talk(t, mirror, 100)
		}
		// What is wrong changes nothing, and what needs a restart is named.
		s.rewrite(string(text) + "nonsense: 1\n")
		s.process.Signal(syscall.SIGHUP)
		s.process.Await(`configuration not reloaded`)
		s.rewrite(strings.Replace(string(text), "capture: {", "limits: {calls: 4321}\ncapture: {", 1))
		s.process.Signal(syscall.SIGHUP)
		s.process.Await(`"limits.calls".*wait for a restart`)
		load.Wait(time.Minute)
		rows := s.calls(calls)
		none(t, append(hurt(rows), streamFaults(rows, testnet.Streams(t, witness.Stop()))...))
		s.end()
		if c := s.coverage(); c.KernelDrops != 0 || c.Packets != mirror.Copied() {
			t.Errorf("coverage %+v, want the %d packets that came, and no drops", c, mirror.Copied())
		}
	})
}

// rewrite replaces the sensor's configuration.
func (s *live) rewrite(text string) {
	s.Helper()
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}
