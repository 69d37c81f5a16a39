package pipeline

import (
	"sync/atomic"
	"time"

	"calltrail/cdr/app"
	"calltrail/cdr/attest"
	"calltrail/cdr/dialog"
	"calltrail/cdr/encrypted"
	"calltrail/cdr/flow"
	"calltrail/cdr/geo"
	"calltrail/cdr/mediaonly"
	"calltrail/cdr/number"
	"calltrail/cdr/record"
	"calltrail/cdr/route"
	"calltrail/cdr/spoof"
	"calltrail/decode/reassembly"
	"calltrail/decode/tcp"
)

// Config says who observes and within what bounds.
type Config struct {
	// Workers decode packets side by side; at least 1. The records do not depend on it.
	Workers int
	// Sensor names the chain that the records will be on.
	Sensor string
	// Version is the program's version, ConfigHash the hash of its effective configuration, File the capture file when
	// there is just one: they go to the record's observer.
	Version, ConfigHash, File string
	// LegalBasis of signalling, of media, of registrations and of calls in applications, in the operator's words; empty in
	// replay. A live run takes no packet of what has none.
	LegalBasisSIP, LegalBasisMedia, LegalBasisRegistration, LegalBasisApp string
	// Dialog are the timers and bounds of calls.
	Dialog dialog.Config
	// Streams is the most RTP streams that one worker counts at a time. Default 131,072.
	Streams int
	// StreamIdle closes a stream that has been silent for so long, in packet time. Default 30 s.
	StreamIdle time.Duration
	// FinalOnly gives out one record a call: the last one.
	FinalOnly bool
	// Fragments, TCP and SCTP bound what one worker puts together.
	Fragments reassembly.FragmentConfig
	TCP       reassembly.StreamConfig
	SCTP      reassembly.AssociationConfig
	// TLS says which connections with encrypted signalling are followed, and bounds them for one worker.
	TLS encrypted.Config
	// Flows bounds, for one worker, the conversations that may be calls in applications; Apps and MediaOnly those calls, and the
	// calls of which only media was seen.
	Flows     flow.Config
	Apps      app.Config
	MediaOnly mediaonly.Config
	// Messages makes an event of each SIP MESSAGE: who wrote to whom, never what.
	Messages bool
	// SIPPorts are the TCP ports of signalling: a live run estimates what of them was not seen.
	SIPPorts []tcp.Ports

	live  bool
	ports *atomic.Pointer[[]tcp.Ports] // of a live run
	taps  []string                     // names, in the order of Packet.Tap; none in replay
}

// Lookups is what the recorder asks while it makes a record. Places may be nil: then nothing is known of addresses.
type Lookups struct {
	Numbers *number.Book
	Places  *geo.DB
	// Routes tells what is the operator's; nil: roles and directions stay empty.
	Routes *route.Table
	Rules  *spoof.Rules
	// Certificates check PASSporTs; nil: they are recorded unchecked.
	Certificates *attest.Verifier
	// Clock returns the state of the clock that packets have their times from; nil in replay.
	Clock func() *record.Clock
	// ConfigHash returns the hash of the configuration in force, when it may change during the run; else nil.
	ConfigHash func() string
}

// Meta is what the Output is told of a record besides its bytes.
type Meta struct {
	Kind  record.Kind
	Final bool
}

// Output takes records in the order in which they were made.
type Output interface {
	// Put takes one record's exact bytes, which are valid until it returns. An error ends the run.
	Put(m Meta, body []byte) error
}

func (c Config) withDefaults() Config {
	if c.Workers < 1 {
		c.Workers = 1
	}
	if c.Streams == 0 {
		c.Streams = 131_072
	}
	if c.TCP.Ports == nil {
		c.TCP.Ports = portRanges(c.SIPPorts)
	}
	if c.StreamIdle == 0 {
		c.StreamIdle = 30 * time.Second
	}
	return c
}

// portRanges are ports as streams are told of them.
func portRanges(ports []tcp.Ports) (out []reassembly.PortRange) {
	for _, p := range ports {
		out = append(out, reassembly.PortRange{First: p.First, Last: p.Last})
	}
	return out
}
