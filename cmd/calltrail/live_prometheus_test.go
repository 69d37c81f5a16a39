package main

import (
	"io"
	"net"
	"testing"
	"time"

	"calltrail/cmd/calltrail/monitor/promtest"
	"calltrail/cmd/calltrail/testnet"
)

// A real Prometheus scrapes a running sensor and its store: every panel of the dashboard and every alert has its series.
// What calltrail status shows of both is looked at beside.
func TestLivePrometheus(t *testing.T) {
	t.Parallel()
	promtest.Require(t)
	n := testnet.New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	tap := n.Namespace("sensor")
	n.Mirror(tap, "tap0", n.Once())
	s := newLive(t, tap, afpacketEngine, []string{"tap0"}, settleSoon)
	store := tap.Start(s.env, s.program, "store", "--config", s.config)
	store.Await(`"message":"storing from kafka"`)
	s.begin("kafka")
	n.Call(a, b, testnet.Load{Calls: 5, Rate: 5, Talk: time.Second, Caller: "alice", Callee: "bob"}).Wait(time.Minute)
	s.calls(5)
	promtest.Check(t, "../..", promtest.Targets{Sensor: outside(t, tap, "127.0.0.1:9465"), Store: outside(t, tap, "127.0.0.1:9466")})
	s.end()
}

// outside is an address on the host's loopback that leads to one within a namespace.
func outside(t *testing.T, ns *testnet.Namespace, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // for the test's time
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				defer func() { _ = from.Close() }()
				to, err := ns.Dial("tcp", address)
				if err != nil {
					return // who asks sees an empty answer
				}
				defer func() { _ = to.Close() }()
				go func() { _, _ = io.Copy(to, from) }() // until the asker has nothing more
				_, _ = io.Copy(from, to)
			}()
		}
	}()
	return l.Addr().String()
}
