package attest

import (
	"context"
	"fmt"
	"time"
)

// Reload reads the folder again. When it cannot be read whole, all stays as it was; the error says so in one line.
func (v *Verifier) Reload() error {
	if v.cfg.Dir == "" {
		return nil
	}
	err := v.load()
	if err != nil {
		v.failures.Add(1)
		err = fmt.Errorf("%w (the certificates read before stay in use)", err)
	} else {
		v.reloads.Add(1)
	}
	if v.cfg.OnReload != nil {
		v.cfg.OnReload(err)
	}
	return err
}

// Run reads the folder again when it has changed, until ctx is done. It always returns nil. The folder is looked at, not
// watched: certificates change once in months, lie in folders within folders, and often on file systems that
// tell nothing.
func (v *Verifier) Run(ctx context.Context) error {
	if v.cfg.Dir == "" {
		<-ctx.Done()
		return nil
	}
	poll := time.NewTicker(v.cfg.Poll)
	defer poll.Stop()
	for {
		if v.changed() { // the first look finds what changed between New and Run
			_ = v.Reload() // the error went to OnReload
		}
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		}
	}
}
