// Package service speaks to the service manager: systemd's sd_notify(3) protocol, and its watchdog.
//
// In: what the commands know of themselves (ready, reloading, stopping, one line of status) and how many rounds their loops
// have made. Out: datagrams on the socket that $NOTIFY_SOCKET names. Called by capture and store. Without that variable,
// that is when systemd did not start the program or the unit is not Type=notify, every function does nothing and returns
// nil. It never asks whether Kafka, Postgres or an interface can be reached: a restart would mend none of them.
package service

import (
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// maxStatus bounds a status line, in octets; systemd keeps it in memory and shows it on one line.
const maxStatus = 512

// Ready says that the start is over, or a reload: packets are taken, records go somewhere. The unit is "active" from
// here on, and the watchdog runs.
func Ready() error { return notify(daemon.SdNotifyReady) }

// Reloading says that a reload began; Ready ends it. The time goes with it because Type=notify-reload (systemd 253 and
// later) waits for a message younger than its own signal. Under Type=notify, all there is on Debian 12 (252), systemd
// ignores the time and shows the unit as "reloading" until Ready.
func Reloading() error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return fmt.Errorf("tell systemd of the reload: read the monotonic clock: %w", err)
	}
	return notify(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/1000))
}

// Stopping says that the end has begun, also when the program ends by itself.
func Stopping() error { return notify(daemon.SdNotifyStopping) }

// Status is the line that `systemctl status` shows: counts and states, never a number, an address or a Call-ID. Line
// ends become spaces, since one would begin another message of the protocol; it is cut at 512 octets.
func Status(text string) error {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if len(text) > maxStatus {
		text = strings.ToValidUTF8(text[:maxStatus], "")
	}
	return notify("STATUS=" + text)
}

func notify(state string) error {
	if _, err := daemon.SdNotify(false, state); err != nil {
		return fmt.Errorf("tell systemd %s: %w", firstLine(state), err)
	}
	return nil
}

func firstLine(state string) string {
	line, _, _ := strings.Cut(state, "\n")
	return line
}
