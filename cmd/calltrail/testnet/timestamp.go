package testnet

import (
	"testing"

	"golang.org/x/sys/unix"
)

// stampOnce has the kernel take the time of each packet when it comes in, as long as the test runs. Otherwise every packet
// socket takes its own when its turn comes, and on a busy machine a sensor and its witness differ by a millisecond about
// the same packet. Any socket that asks for times turns it on for the whole host.
func stampOnce(t testing.TB) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		t.Cleanup(func() { _ = unix.Close(fd) })
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if err != nil {
		t.Fatalf("ask for times of packets: %v", err)
	}
}
