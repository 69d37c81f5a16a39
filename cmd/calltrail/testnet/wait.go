package testnet

import (
	"testing"
	"time"
)

// Patience bounds the wait for a program to do something: far more than any needs on a busy machine.
const Patience = 30 * time.Second

// Eventually polls until a condition holds; the test fails after Patience.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	Within(t, Patience, what, condition)
}

// Within polls until a condition holds; the test fails after limit.
func Within(t testing.TB, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	late, tick := time.NewTimer(limit), time.NewTicker(50*time.Millisecond)
	defer late.Stop()
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}
