package status

import "time"

// Store is the state of a running `calltrail store`.
type Store struct {
	Version string    `json:"version"`
	At      time.Time `json:"at"`
	Started time.Time `json:"started"`
	// Failing says why /healthz is 503; empty when it is 200.
	Failing string `json:"failing,omitempty"`
	// Stored records since the start; Duplicates whose record was there, Redelivered entries that were, Quarantined ones,
	// and Alarms: bytes or places on the chain that do not agree with their hashes.
	Stored      uint64   `json:"stored"`
	Duplicates  uint64   `json:"duplicates"`
	Redelivered uint64   `json:"redelivered"`
	Quarantined uint64   `json:"quarantined"`
	Alarms      uint64   `json:"alarms"`
	Delivery    Delivery `json:"delivery"`
	// Kafka and Postgres as the store saw them less than a minute ago; null when it has not asked.
	Kafka    *Kafka    `json:"kafka"`
	Postgres *Postgres `json:"postgres"`
}

// Kafka is how far the store is behind.
type Kafka struct {
	// Lag is how many messages of the records topic the store's group has not committed.
	Lag uint64 `json:"lag"`
	// Error says why that is not known.
	Error string `json:"error,omitempty"`
}

// Postgres is what the database holds.
type Postgres struct {
	// Newest is when the newest entry was received, by the database's clock; null: the database is empty.
	Newest *time.Time `json:"newest"`
	// Missing entries below the heads of the chains, in Gaps runs.
	Missing uint64 `json:"missing"`
	Gaps    uint64 `json:"gaps"`
	// Quarantined items stand in the quarantine table.
	Quarantined uint64 `json:"quarantined"`
	// Error says why nothing is known.
	Error string `json:"error,omitempty"`
}
