package geo

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Reload reads all configured files again. What cannot be read stays as it was; the error says so in one line.
func (db *DB) Reload() error { return db.reload(func(*file) bool { return true }) }

func (db *DB) reload(want func(*file) bool) error {
	tried, err := db.read(want)
	if !tried {
		return nil
	}
	if err != nil {
		db.failures.Add(1)
		err = fmt.Errorf("%w (what was read before stays in use)", err)
	} else {
		db.reloads.Add(1)
	}
	db.report(err)
	return err
}

func (db *DB) report(err error) {
	if db.cfg.OnReload != nil {
		db.cfg.OnReload(err)
	}
}

// Run reads files again when they change, until ctx is done. It always returns nil: a machine without change
// notifications is reported, and then the files are only looked at every Poll.
//
// The folders are watched, not the files: a file replaced by rename is another file, and a watch stays with the old.
func (db *DB) Run(ctx context.Context) error {
	var events chan fsnotify.Event
	var failures chan error
	if watcher, err := db.watch(); err != nil {
		db.report(err)
	} else {
		defer func() { _ = watcher.Close() }() // nothing is lost with it
		events, failures = watcher.Events, watcher.Errors
	}
	// The first look finds what changed between New and Run.
	settled := time.NewTimer(db.cfg.Settle)
	defer settled.Stop()
	poll := time.NewTicker(db.cfg.Poll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
			if db.anyChanged() { // other files of the folder change too
				settled.Reset(db.cfg.Settle)
			}
		case err := <-failures:
			// Most often events were lost because too many came at once; look for ourselves.
			db.report(fmt.Errorf("geo: watch for new databases: %w: looking at the files now", err))
			settled.Reset(db.cfg.Settle)
		case <-poll.C:
			if db.anyChanged() {
				settled.Reset(db.cfg.Settle)
			}
		case <-settled.C:
			_ = db.reload((*file).changed) // the error went to OnReload, and the old databases stay
		}
	}
}

// watch registers the folders of the files.
func (db *DB) watch() (*fsnotify.Watcher, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("geo: watch for new databases: %w: looking every %s instead", err, db.cfg.Poll)
	}
	for _, f := range db.files {
		if err := watcher.Add(filepath.Dir(f.path)); err != nil {
			_ = watcher.Close() // the first error is the one to tell
			return nil, fmt.Errorf("geo: watch %s: %w: looking every %s instead", filepath.Dir(f.path), err, db.cfg.Poll)
		}
	}
	return watcher, nil
}

func (db *DB) anyChanged() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, f := range db.files {
		if f.changed() {
			return true
		}
	}
	return false
}
