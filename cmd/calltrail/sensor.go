package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"calltrail/capture/clock"
	"calltrail/capture/hep/collector"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/cmd/calltrail/config"
	"calltrail/store"
	"calltrail/store/evidence"
	"calltrail/store/spool"
)

// sensor is a running capture: it takes the pipeline's records, numbers them on the spool and signs what was covered. It
// is the pipeline's Output and Keeper, called by one goroutine.
type sensor struct {
	cfg    *config.Config
	log    zerolog.Logger
	name   string
	to     string
	spool  *spool.Spool
	signer *evidence.Signer
	clock  *clock.Watcher
	agents *collector.Collector // nil without capture agents

	inForce atomic.Pointer[inForce]

	pipeline *pipeline.Pipeline
	pump     atomic.Pointer[store.Pump]
	restored int

	body    []byte
	since   record.Range // records since the last coverage event
	late    int          // waits for the disk since the run was to end
	covered atomic.Int64 // start of the newest minute with a coverage event, nanoseconds since 1970
	waits   atomic.Uint64
	stop    <-chan struct{} // closed when the run is to end
	ended   atomic.Bool     // the delivery, which must not
}

// inForce is the configuration as it is after the last reload, with its hash, which every record carries.
type inForce struct {
	cfg  *config.Config
	hash string
}

func (s *sensor) enforce(cfg *config.Config) { s.inForce.Store(&inForce{cfg, cfg.Hash()}) }

// Put numbers a record.
func (s *sensor) Put(_ pipeline.Meta, body []byte) error {
	return s.write(body)
}

// write puts a record on the spool.
func (s *sensor) write(body []byte) error {
	return s.insist(func() error {
		seq, err := s.spool.Write(body)
		if err != nil {
			return err
		}
		if s.since.First == 0 {
			s.since.First = seq
		}
		s.since.Last = seq
		return nil
	})
}

// Local keeps the state of a call on the spool, for this host alone.
func (s *sensor) Local(kind byte, body []byte) error {
	return s.insist(func() error { return s.spool.WriteLocal(kind, body) })
}

// insist writes until the disk takes it: packets wait in the ring meanwhile, and what finds no room there is counted. Only
// a closed spool, a body that is too large and a run that is to end are errors.
func (s *sensor) insist(write func() error) error {
	for failures := 0; ; failures++ {
		err := write()
		if err == nil {
			if failures > 0 {
				s.log.Info().Msg("spool takes records again")
			}
			return nil
		}
		if errors.Is(err, spool.ErrClosed) || errors.Is(err, spool.ErrTooLarge) || !s.wait(err, failures) {
			return err
		}
	}
}

// patience is how long a sensor that is to end waits for a disk that takes nothing, in attempts.
const patience = 20

// wait lets a disk that refuses have its time; it is false when there is none left.
func (s *sensor) wait(err error, failures int) bool {
	if failures == 0 {
		s.log.Error().Err(err).Msg("spool takes no records; packets wait in the ring")
	}
	if errors.Is(err, spool.ErrFull) {
		s.waits.Add(1)
	}
	timer := time.NewTimer(200 * time.Millisecond)
	defer timer.Stop()
	<-timer.C
	select {
	case <-s.stop:
		s.late++
		return s.late < patience
	default:
		return true
	}
}

// Coverage completes the events of a minute with what was written since the last one, signs the head of the chain before
// each, and numbers them.
func (s *sensor) Coverage(events []*record.Coverage) error {
	records := s.since
	for _, e := range events {
		head := s.spool.Head()
		e.Records = records
		e.Head = record.ChainHead{
			Epoch: head.Epoch, Seq: head.Seq, Hash: hex.EncodeToString(head.Hash[:]), KeyID: s.signer.KeyID(),
			Signature: base64.StdEncoding.EncodeToString(s.signer.SignHead(s.name, head.Epoch, head.Seq, head.Hash)),
		}
		s.body = e.Append(s.body[:0])
		if err := s.write(s.body); err != nil {
			return err
		}
		s.covered.Store(int64(e.Minute) * 1000)
	}
	s.since = record.Range{}
	return nil
}

// restoreBack is how much of the spool, in time, is read for open calls: each is written down again every two minutes
// (dialog.SaveEvery). What is more is for a sensor that did not run for a while and is killed again at its start.
const restoreBack = 5 * time.Minute

// restore gives the pipeline the calls that were open when the last run ended.
func (s *sensor) restore(ctx context.Context) error {
	r := s.pipeline.Restorer(time.Now().UnixNano())
	err := s.spool.Recent(restoreBack, func(e spool.Frame) error {
		if e.Local {
			r.Local(e.Kind, e.Body)
		} else {
			r.Record(e.Body)
		}
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("take open calls up again: %w", err)
	}
	if s.restored, err = r.Finish(); err != nil {
		s.log.Error().Err(err).Msg("some open calls could not be taken up again")
	}
	return nil
}

// clockRecord gives records the state of the clock.
func clockRecord(w *clock.Watcher) func() *record.Clock {
	return func() *record.Clock {
		st := w.State()
		return &record.Clock{
			Source: st.Source, Reference: st.Reference, Synced: st.Synced, OffsetUS: st.Offset.Microseconds(),
			ErrorUS: max(st.MaxError.Microseconds(), 0),
		}
	}
}
