package kafka

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
	"calltrail/store/spool"
)

// Headers of a message. Numbers are decimal, hashes 64 lower-case hex digits, so that any Kafka tool shows them. All
// are there exactly once; a reader ignores others.
const (
	headerSensor = "sensor"
	headerEpoch  = "epoch"
	headerSeq    = "seq"
	headerPrev   = "prev_hash"
	headerLeaf   = "leaf"
	headerHash   = "hash"
)

// message is the Kafka form of an entry. It borrows the entry's body.
func message(e *spool.Entry, now time.Time) kafkago.Record {
	return kafkago.Record{
		// A broker deletes by this time: without it a message would be as old as the epoch.
		Time:  now,
		Key:   kafkago.NewBytes([]byte(e.Sensor)),
		Value: kafkago.NewBytes(e.Body),
		Headers: []kafkago.Header{
			{Key: headerSensor, Value: []byte(e.Sensor)},
			{Key: headerEpoch, Value: strconv.AppendUint(nil, e.Epoch, 10)},
			{Key: headerSeq, Value: strconv.AppendUint(nil, e.Seq, 10)},
			{Key: headerPrev, Value: hex.AppendEncode(nil, e.Prev[:])},
			{Key: headerLeaf, Value: hex.AppendEncode(nil, e.Leaf[:])},
			{Key: headerHash, Value: hex.AppendEncode(nil, e.Hash[:])},
		},
	}
}

// size is about what an entry takes in a batch.
func size(e *spool.Entry) int { return len(e.Body) + 2*len(e.Sensor) + 320 }

// item reads a message. What is wrong with its headers is the item's Fault; what could be read is in the item all the
// same. The item keeps the message's value.
func item(m *kafkago.Message) store.Item {
	i := store.Item{Origin: fmt.Sprintf("%s/%d@%d", m.Topic, m.Partition, m.Offset)}
	i.Body = m.Value
	headers := map[string][]byte{}
	var faults []error
	for _, h := range m.Headers {
		if _, twice := headers[h.Key]; twice && known(h.Key) {
			faults = append(faults, fmt.Errorf("header %s is there twice", h.Key))
		}
		headers[h.Key] = h.Value
	}
	number := func(name string) uint64 {
		n, err := strconv.ParseUint(string(headers[name]), 10, 64)
		if err != nil {
			faults = append(faults, fmt.Errorf("header %s is not a number", name))
		}
		return n
	}
	hash := func(name string, into *[sha256.Size]byte) {
		if text := headers[name]; len(text) == hex.EncodedLen(len(into)) {
			if _, err := hex.Decode(into[:], text); err == nil {
				return
			}
		}
		faults = append(faults, fmt.Errorf("header %s is not a SHA-256 in hex", name))
	}
	i.Sensor = string(headers[headerSensor])
	if i.Sensor == "" {
		faults = append(faults, fmt.Errorf("header %s is missing", headerSensor))
	}
	i.Epoch, i.Seq = number(headerEpoch), number(headerSeq)
	hash(headerPrev, &i.Prev)
	hash(headerLeaf, &i.Leaf)
	hash(headerHash, &i.Hash)
	if len(faults) > 0 {
		i.Fault = errors.Join(faults...).Error()
	}
	return i
}

func known(header string) bool {
	switch header {
	case headerSensor, headerEpoch, headerSeq, headerPrev, headerLeaf, headerHash:
		return true
	}
	return false
}
