package status

import "time"

// Sensor is the state of a running `calltrail capture`. What is not known is null.
type Sensor struct {
	// Sensor is the sensor's name, Version the program's.
	Sensor  string `json:"sensor"`
	Version string `json:"version"`
	// At is when this was true, Started when the program began.
	At      time.Time `json:"at"`
	Started time.Time `json:"started"`
	// Failing says why /healthz is 503; empty when it is 200.
	Failing string `json:"failing,omitempty"`
	Taps    []Tap  `json:"taps"`
	// RecentSeconds is the time that the Recent counts are of: five minutes, less after a start.
	RecentSeconds float64 `json:"recent_seconds"`
	Calls         Calls   `json:"calls"`
	// LagSeconds is how far the work is behind the clock; null before the first packet.
	LagSeconds *float64 `json:"lag_seconds"`
	// CoverageMinute is the minute of the last coverage event.
	CoverageMinute *time.Time `json:"coverage_minute"`
	Spool          *Spool     `json:"spool"`
	Disk           *Disk      `json:"disk"`
	Delivery       []Delivery `json:"delivery"`
	Clock          *Clock     `json:"clock"`
}

// Tap is one interface under observation.
type Tap struct {
	// Name of the interface, and whether packets can come.
	Name string `json:"name"`
	Up   bool   `json:"up"`
	// DownSeconds is for how long they could not since the start, Reopened how often the socket was made again.
	DownSeconds float64 `json:"down_seconds"`
	Reopened    uint64  `json:"reopened"`
	// PacketsPerSecond and OctetsPerSecond are means of the last 10 to 20 s; null at the start.
	PacketsPerSecond *float64 `json:"packets_per_second"`
	OctetsPerSecond  *float64 `json:"octets_per_second"`
	// SIPPerSecond is SIP messages, likewise.
	SIPPerSecond *float64 `json:"sip_per_second"`
	// TCPStreams are the directions of TCP connections in memory.
	TCPStreams int `json:"tcp_streams"`
	// Total is since the start, Recent of the last Sensor.RecentSeconds.
	Total  Seen `json:"total"`
	Recent Seen `json:"recent"`
	// CardError says why the card's counts cannot be read.
	CardError string `json:"card_error,omitempty"`
}

// Seen counts what a tap gave and what was lost on the way.
type Seen struct {
	Packets uint64 `json:"packets"`
	Octets  uint64 `json:"octets"`
	// Unreadable packets, by any reason.
	Unreadable uint64 `json:"unreadable"`
	// KernelDrops found no room in the ring, CardMissed none in the card (in Total: since the host began).
	KernelDrops uint64 `json:"kernel_drops"`
	CardMissed  uint64 `json:"card_missed"`
	// Duplicates are copies by a mirror port.
	Duplicates uint64 `json:"duplicates"`
	// Flows that began, and those of which one direction only was seen.
	Flows       uint64 `json:"flows"`
	OneWayFlows uint64 `json:"one_way_flows"`
	// Carriage is what came of putting packets together.
	Carriage Carriage `json:"carriage"`
}

// Carriage counts what was put together out of packets, and what could not be.
type Carriage struct {
	// SIPMessages were read, whatever carried them.
	SIPMessages uint64 `json:"sip_messages"`
	// TCPGaps are gaps in TCP streams that nothing filled.
	TCPGaps uint64 `json:"tcp_gaps"`
	// TCPEvicted are TCP connections with SIP that were pushed out of memory, TLSEvicted TLS connections.
	TCPEvicted uint64 `json:"tcp_evicted"`
	TLSEvicted uint64 `json:"tls_evicted"`
	// FlowsEvicted are conversations that may be calls in applications.
	FlowsEvicted uint64 `json:"flows_evicted"`
	// PiecesEvicted are pieces of TCP streams and of SCTP messages that waited for others, and SCTP associations.
	PiecesEvicted uint64 `json:"pieces_evicted"`
	// Datagrams were put together from fragments, DatagramsLost could not be: fragments did not come, or there was no room.
	Datagrams     uint64 `json:"datagrams"`
	DatagramsLost uint64 `json:"datagrams_lost"`
}

// Minus is what was added since an earlier count. A count that began anew meanwhile, as a card's does when its driver is
// loaded again, gives 0.
func (s Seen) Minus(earlier Seen) Seen {
	return Seen{
		Packets:     since(s.Packets, earlier.Packets),
		Octets:      since(s.Octets, earlier.Octets),
		Unreadable:  since(s.Unreadable, earlier.Unreadable),
		KernelDrops: since(s.KernelDrops, earlier.KernelDrops),
		CardMissed:  since(s.CardMissed, earlier.CardMissed),
		Duplicates:  since(s.Duplicates, earlier.Duplicates),
		Flows:       since(s.Flows, earlier.Flows),
		OneWayFlows: since(s.OneWayFlows, earlier.OneWayFlows),
		Carriage:    s.Carriage.minus(earlier.Carriage),
	}
}

func (c Carriage) minus(earlier Carriage) Carriage {
	return Carriage{
		SIPMessages:   since(c.SIPMessages, earlier.SIPMessages),
		TCPGaps:       since(c.TCPGaps, earlier.TCPGaps),
		TCPEvicted:    since(c.TCPEvicted, earlier.TCPEvicted),
		TLSEvicted:    since(c.TLSEvicted, earlier.TLSEvicted),
		FlowsEvicted:  since(c.FlowsEvicted, earlier.FlowsEvicted),
		PiecesEvicted: since(c.PiecesEvicted, earlier.PiecesEvicted),
		Datagrams:     since(c.Datagrams, earlier.Datagrams),
		DatagramsLost: since(c.DatagramsLost, earlier.DatagramsLost),
	}
}

func since(now, then uint64) uint64 { return now - min(now, then) }

// Calls are the calls in memory, and the records made of calls and events.
type Calls struct {
	Open     int `json:"open"`
	InMemory int `json:"in_memory"`
	// Evicted were pushed out of the full table since the start, RecentEvicted in the last Sensor.RecentSeconds.
	Evicted       uint64 `json:"evicted"`
	RecentEvicted uint64 `json:"recent_evicted"`
	// Records given out, all revisions and events.
	Records uint64 `json:"records"`
}

// Spool is the sensor's durable queue.
type Spool struct {
	// Last is the highest durable number, Acked the highest that the receiver has confirmed.
	Last  uint64 `json:"last"`
	Acked uint64 `json:"acked"`
	// Depth is how many records wait, DepthBytes about how much disk they take, Bytes what the whole spool takes.
	Depth      uint64 `json:"depth"`
	DepthBytes int64  `json:"depth_bytes"`
	Bytes      int64  `json:"bytes"`
	// OldestSeconds is how long the oldest waiting record has waited at least; not longer than the program runs.
	OldestSeconds float64 `json:"oldest_seconds"`
	// Gaps counts damaged places.
	Gaps int `json:"gaps"`
	// Failure says why nothing can be made durable now.
	Failure string `json:"failure,omitempty"`
}

// Disk is the file system of the spool.
type Disk struct {
	FreeBytes  uint64 `json:"free_bytes"`
	TotalBytes uint64 `json:"total_bytes"`
	// BytesPerSecond is what the spool has written, a mean of up to a day; null until there are ten minutes of it.
	BytesPerSecond *float64 `json:"bytes_per_second"`
	Error          string   `json:"error,omitempty"`
}

// DaysLeft is how long the free space lasts when nothing is delivered and removed any more. Not known: false; a spool that
// does not grow: false too.
func (d *Disk) DaysLeft() (float64, bool) {
	if d.BytesPerSecond == nil || *d.BytesPerSecond <= 0 {
		return 0, false
	}
	return float64(d.FreeBytes) / *d.BytesPerSecond / (24 * 60 * 60), true
}

// Delivery is a pump: from the spool to Kafka or Postgres, or from Kafka to Postgres.
type Delivery struct {
	// Name of the other side.
	Name string `json:"name"`
	// Items were delivered and acknowledged since the start.
	Items uint64 `json:"items"`
	// Failures is how many attempts in a row have failed up to now, LastError why the newest did.
	Failures    int        `json:"failures"`
	LastError   string     `json:"last_error,omitempty"`
	LastErrorAt *time.Time `json:"last_error_at"`
}

// Clock is the state of the sensor's clock.
type Clock struct {
	Synced bool `json:"synced"`
	// Source is what steers the clock (chrony, kernel), Reference its reference, Stratum the distance to the true time.
	Source    string `json:"source"`
	Reference string `json:"reference"`
	Stratum   int    `json:"stratum"`
	// OffsetSeconds is how far the clock is off by its own estimate, ErrorSeconds the most it can be.
	OffsetSeconds float64 `json:"offset_seconds"`
	ErrorSeconds  float64 `json:"error_seconds"`
}
