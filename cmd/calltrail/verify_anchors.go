package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"calltrail/cmd/calltrail/config"
	"calltrail/store/evidence"
	"calltrail/store/kafka"
)

// readAnchors reads the heads that were kept elsewhere into the query; remarks say what else was found there.
func (o *verifyOptions) readAnchors(ctx context.Context, cfg *config.Config) (remarks []string, err error) {
	if o.anchors != "" {
		f, err := os.Open(o.anchors)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read
		if remarks, err = o.addAnchors("anchor file "+o.anchors, f); err != nil {
			return nil, err
		}
	}
	if o.anchorTopic == "" {
		return remarks, nil
	}
	if len(cfg.Kafka.Brokers) == 0 {
		return nil, usagef("--anchor-topic needs a broker: set kafka.brokers")
	}
	lines, to := io.Pipe()
	go func() { to.CloseWithError(kafka.ReadAnchors(ctx, kafkaConfig(cfg), o.anchorTopic, to)) }()
	defer func() { _ = lines.Close() }() // lets the goroutine end
	more, err := o.addAnchors("anchor topic "+o.anchorTopic, lines)
	return append(remarks, more...), err
}

// addAnchors reads lines of anchors. A place without any is an error: who names it relies on it.
func (o *verifyOptions) addAnchors(where string, r io.Reader) (remarks []string, err error) {
	list, bad, err := evidence.ReadAnchors(r)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%d lines, and none is an anchor", bad)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	o.query.Anchors = append(o.query.Anchors, list...)
	if bad > 0 {
		remarks = append(remarks, fmt.Sprintf("%s: %d lines are no anchors and were left out", where, bad))
	}
	return remarks, nil
}
