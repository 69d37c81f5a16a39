package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// Progress tells whether every part has moved since it was last asked, and if not, which stand still. One goroutine
// calls it.
type Progress func() (ok bool, stalled string)

// Watchdog tells systemd that the program lives, as long as it makes progress. It asks progress three times in each
// WatchdogSec of the unit, so that a part has to stand still for two thirds of it at least before systemd ends the
// program with SIGABRT and starts it anew; the stacks of all goroutines are then in the journal. Which part stands still is
// logged once, when it is first seen, and once more when it goes on.
//
// It blocks until ctx ends and then returns nil; also at once when the unit has no watchdog. Its error is a WATCHDOG_USEC
// that cannot be read.
func Watchdog(ctx context.Context, log zerolog.Logger, progress Progress) error {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("watchdog: %w: systemd sets it from WatchdogSec= of the unit", err)
	}
	if limit == 0 {
		return nil
	}
	if limit < 3*time.Microsecond {
		return errors.New("watchdog: WatchdogSec= of the unit is too short; 30s is what calltrail's units have")
	}
	ticker := time.NewTicker(limit / 3)
	defer ticker.Stop()
	w := watchdog{log: log, limit: limit}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			w.ask(progress)
		}
	}
}

type watchdog struct {
	log     zerolog.Logger
	limit   time.Duration
	stalled string // as logged; empty while all goes well
	mute    bool   // the last ping could not be sent
}

func (w *watchdog) ask(progress Progress) {
	ok, stalled := progress()
	if !ok {
		if stalled == "" {
			stalled = "unknown"
		}
		if stalled != w.stalled {
			w.log.Error().Str("part", stalled).Dur("limit", w.limit).Msg("no progress; systemd restarts the program if this lasts")
		}
		w.stalled = stalled
		return
	}
	if w.stalled != "" {
		w.log.Info().Str("part", w.stalled).Msg("progress again")
		w.stalled = ""
	}
	err := notify(daemon.SdNotifyWatchdog)
	if err != nil && !w.mute {
		w.log.Error().Err(err).Msg("systemd cannot be told that the program lives; it restarts the program if this lasts")
	}
	w.mute = err != nil
}

// Part is a loop that has to turn for the program to do its work.
type Part struct {
	// Name of the part in the log: "worker eth1/0", "spool".
	Name string
	// Turns counts its rounds and must grow also when there is nothing to do or nobody to send to: idle is not stalled. It
	// is called from the watchdog's goroutine and must not wait for the part it is about.
	Turns func() uint64
}

// Turning is the Progress of parts: all of them must have turned since it was last asked, at first since this call.
func Turning(parts ...Part) Progress {
	last := make([]uint64, len(parts))
	for i, p := range parts {
		last[i] = p.Turns()
	}
	return func() (bool, string) {
		var stalled []string
		for i, p := range parts {
			now := p.Turns()
			if now == last[i] {
				stalled = append(stalled, p.Name)
			}
			last[i] = now
		}
		return len(stalled) == 0, strings.Join(stalled, ", ")
	}
}
