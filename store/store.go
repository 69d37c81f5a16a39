// Package store moves records from where they are durable to where they are wanted: from the sensor's spool to
// Kafka, from Kafka to Postgres, or from the spool to Postgres directly. All three are one shape: a Feed of
// numbered entries, a Sink that makes them safe, and a Pump between them that acknowledges to the Feed only what
// the Sink holds.
//
// In: spool entries. Out: the same bytes, at least once, in the order of each sensor's chain.
// It never changes, merges or rebuilds a record.
package store

import (
	"context"

	"calltrail/store/spool"
)

// Item is one entry on its way, with the place it was read from.
type Item struct {
	spool.Entry
	// Origin says where the item was read, for messages and the quarantine: "calltrail.records.v1/0@1234" for a Kafka
	// message (topic, partition, offset), "spool 42" for a spool entry.
	Origin string
	// Fault, when not empty, says why the item could not be read as an entry (a header is missing, say). Such an item
	// has what could be read of it and goes to the quarantine.
	Fault string
}

// Batch is a run of items fetched together. Its bytes belong to the Feed until the next Fetch.
type Batch struct {
	Items []Item
	// Mark is the Feed's own note of how far the batch reaches; only the Feed reads it.
	Mark any
}

// Feed yields entries in the order of their chains.
type Feed interface {
	// Fetch blocks until there is at least one item, the feed is at its end (io.EOF), or ctx ends.
	Fetch(ctx context.Context) (Batch, error)
	// Ack records that everything up to and with b is safe elsewhere. After a crash the feed starts behind the last
	// Ack, so items may come again.
	Ack(ctx context.Context, b Batch) error
}

// Sink makes entries safe.
type Sink interface {
	// Deliver returns nil only when every item is durable at the receiver, or was there already, or is in quarantine. After
	// any error nothing is known of the items: the same bytes are delivered again.
	Deliver(ctx context.Context, items []Item) error
}
