package main

import (
	"context"

	"calltrail/store"
	"calltrail/store/kafka"
	"calltrail/store/postgres"
)

// deliver empties the spool. The receiver may be away at the start, or refuse for good: the records wait on the spool, and it
// is tried again.
func (s *sensor) deliver(ctx context.Context) error {
	sink := &store.Late{Open: s.openSink}
	defer sink.Close()
	pending := func() bool { return s.spool.Stats().Depth > 0 }
	p, err := store.New(store.Config{Name: s.to, Pending: pending}, store.SpoolFeed(s.spool, 0, true), sink, s.log)
	if err != nil {
		return err
	}
	s.pump.Store(p)
	if err := p.Run(ctx); err != nil && ctx.Err() == nil {
		s.log.Error().Err(err).Msg("delivery ended; records wait on the spool for the next start")
		s.ended.Store(true)
	}
	return nil
}

// deliveryTurns grows while the pump is alive, whether or not the receiver is.
func (s *sensor) deliveryTurns() uint64 {
	if p := s.pump.Load(); p != nil && !s.ended.Load() {
		return p.Turns()
	}
	return s.waits.Load()
}

// openSink connects to where the records go.
func (s *sensor) openSink(ctx context.Context) (store.Sink, func(), error) {
	if s.to == toKafka {
		p, err := kafka.NewPublisher(ctx, kafkaConfig(s.cfg))
		if err != nil {
			return nil, nil, err
		}
		return p, p.Close, nil
	}
	pg, err := postgresConfig(s.cfg, s.log)
	if err != nil {
		return nil, nil, err
	}
	l, err := postgres.Open(ctx, pg)
	if err != nil {
		return nil, nil, err
	}
	return l, l.Close, nil
}

// answer sends entries again that the stores have asked for, beside the delivery of new ones.
func (s *sensor) answer(ctx context.Context) error {
	var requests *kafka.Requests
	closeRequests := func() {
		if requests != nil {
			_ = requests.Close() // it only read
			requests = nil
		}
	}
	defer closeRequests()
	a := store.Answer{Spool: s.spool, Open: s.openSink, Log: s.log, Requests: func(ctx context.Context) (r store.Request, err error) {
		if requests == nil {
			if requests, err = kafka.NewRequests(ctx, kafkaConfig(s.cfg)); err != nil {
				return r, err
			}
		}
		if r, err = requests.Next(ctx); err != nil {
			closeRequests()
		}
		return r, err
	}}
	return a.Run(ctx)
}
