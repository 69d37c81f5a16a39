package record

import "github.com/google/uuid"

// Coverage says what one tap of one sensor saw in one minute of packet time, and what it missed. "No record" can be told
// from "no call" by it. Counts are of the time between from_at and to_at, which is the whole minute but for the first after
// a start and the last before a stop; for one tap and minute there may be several events then.
//
// Append sets RecordID; whoever knows the chain fills Records and Head before it. The store takes an event of which Minute
// is a whole minute, Minute <= From <= To <= Minute + 60 s, and no number is past the largest int64.
type Coverage struct {
	// Identity of the event, a hash of what was observed.
	RecordID uuid.UUID `json:"record_id"`
	// Format of the event.
	Schema string `json:"schema" schema:"const=calltrail.coverage.v1"`
	// What was observed.
	Kind Kind `json:"kind" schema:"const=coverage"`
	// UTC date of minute, the partition key of the store.
	Day string `json:"day" schema:"date"`
	// Sensor that made the event.
	Sensor string `json:"sensor" schema:"maxLength=255"`
	// Interface.
	Tap string `json:"tap"`
	// Start of the minute.
	Minute Time `json:"minute"`
	// From when on the tap was listened to in this minute, not before it.
	From Time `json:"from_at"`
	// Until when, at most a minute after minute.
	To Time `json:"to_at"`
	// What to make of it: complete, lossy (packets were lost, or the tap was down for a part), one_way (traffic of one
	// direction only), down (nothing could be seen).
	State string `json:"state" schema:"enum=complete|lossy|one_way|down"`
	// Time in which the interface was down or had no socket, milliseconds.
	DownMS int64 `json:"down_ms" schema:"min=0"`
	// How often the socket was made again.
	Reopened uint64 `json:"reopened"`
	// Packets taken from the ring.
	Packets uint64 `json:"packets"`
	// Octets of these packets as they were on the wire.
	Octets uint64 `json:"octets"`
	// Handed on to a parser, by what they are. Decoded, ignored and dropped add up to packets.
	Decoded map[string]uint64 `json:"decoded,omitempty"`
	// Read well enough to know that there is no use for them, by reason.
	Ignored map[string]uint64 `json:"ignored,omitempty"`
	// Could not be read, by reason.
	Dropped map[string]uint64 `json:"dropped,omitempty"`
	// Copies made by a mirror port, counted once in everything else.
	Duplicates uint64 `json:"duplicates"`
	// Packets the kernel had no room for in the ring.
	KernelDrops uint64 `json:"kernel_drops"`
	// How often the ring was full.
	RingFreezes uint64 `json:"ring_freezes"`
	// Packets the card had no room for (rx_missed_errors).
	NICMissed uint64 `json:"nic_missed"`
	// Packets the host dropped before any socket, all interfaces (softnet_stat).
	SoftnetDropped uint64 `json:"softnet_dropped"`
	// Estimate of what was never seen.
	Unseen Unseen `json:"unseen"`
	// Pairs of hosts that began to exchange signalling or media.
	Flows uint64 `json:"flows"`
	// Of these the ones of which only one direction was seen.
	OneWayFlows uint64 `json:"one_way_flows"`
	// What tables that were full pushed out, of the whole sensor, by table.
	Evicted map[string]uint64 `json:"evicted,omitempty"`
	// Records of the whole sensor since the coverage event before, by number on the chain.
	Records Range `json:"records"`
	// Head of the chain just before this event, signed.
	Head ChainHead `json:"head"`
	// Who looked, with what.
	Observer Observer `json:"observer"`
}

// Unseen estimates what never reached the sensor, by what was seen of it.
type Unseen struct {
	// Octets of TCP on SIP ports that the other end acknowledged and the tap did not see.
	TCPOctets uint64 `json:"tcp_octets"`
	// Calls of which the signalling of one side only was seen.
	OneSidedCalls uint64 `json:"one_sided_calls"`
	// RTP packets missing from many streams at the same time: lost on the way to the tap, not between the parties.
	RTPPackets uint64 `json:"rtp_packets"`
}

// Range is a run of numbers on the chain; both 0 when it is empty.
type Range struct {
	// First number.
	First uint64 `json:"first"`
	// Last number.
	Last uint64 `json:"last"`
}

// ChainHead is the end of a sensor's chain at one moment, and the sensor's signature of it.
type ChainHead struct {
	// Epoch of the chain.
	Epoch uint64 `json:"epoch"`
	// Last number given; 0 before the first.
	Seq uint64 `json:"seq"`
	// Hash of the entry of that number, or the chain's beginning, lower-case hex.
	Hash string `json:"hash" schema:"hex=64"`
	// Names the public key: the first 16 hex digits of its SHA-256.
	KeyID string `json:"key_id" schema:"hex=16"`
	// Ed25519 signature (RFC 8032) of the text that docs/record.md gives, base64.
	Signature string `json:"signature" schema:"base64"`
}
