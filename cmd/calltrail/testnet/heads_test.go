package testnet

import (
	"context"
	"testing"
)

// First fragments come to a mirror as they were sent, one by one.
func TestHeads(t *testing.T) {
	Require(t)
	n := New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	a.Owns("198.18.0.0/16")
	mirror := n.Mirror(n.Namespace("sensor"), "tap0", n.Once())
	if err := a.SendHeads(context.Background(), 1000, 100, b.Addr, 5060); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "100 fragments", func() bool { return mirror.Frames() >= 100 })
	t.Logf("%d frames, %d of UDP", mirror.Frames(), mirror.Copied())
}
