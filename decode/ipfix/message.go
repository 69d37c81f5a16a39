package ipfix

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"calltrail/decode/nat"
)

const (
	version   = 10
	headerLen = 16
	// Set IDs (RFC 7011 section 3.3.2).
	templateSet, optionsSet, firstData = 2, 3, 256
	// maxRecords bounds the records of one message; one of 64 KiB has room for 1,700 of the shortest that RFC 8158 shows.
	maxRecords = 4096
)

// ErrMessage says that it is no IPFIX message.
var ErrMessage = errors.New("ipfix: no IPFIX message")

// Message is what one message said.
type Message struct {
	// Events are those of its NAT events that say who had which address and ports.
	Events []nat.Event
	// Ignored are its other data records. Malformed are sets and records that have no legal form. Unknown are sets whose template is
	// not known (any more): it comes again, over UDP, every some minutes.
	Ignored, Malformed, Unknown int
}

// Decoder reads the messages of any number of exporters, and remembers their templates. One goroutine uses it.
type Decoder struct {
	// Evicted is how many templates were forgotten because there were too many.
	Evicted   uint64
	templates map[name]*template
	order     []name // as they were learnt
}

// NewDecoder makes a Decoder that knows no template.
func NewDecoder() *Decoder { return &Decoder{templates: map[name]*template{}} }

// Read reads the message b of exporter. It keeps nothing of b.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|       Version Number          |            Length             |
//	|                           Export Time                         |
//	|                       Sequence Number                         |
//	|                    Observation Domain ID                      |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|          Set ID               |          Length               |  sets, each with its records (RFC 7011 section 3.3)
func (d *Decoder) Read(exporter netip.AddrPort, b []byte) (Message, error) {
	var m Message
	if len(b) < headerLen || binary.BigEndian.Uint16(b) != version {
		return m, ErrMessage
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < headerLen || n > len(b) {
		return m, ErrMessage
	}
	exported, domain := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[12:])
	records := 0
	for b = b[headerLen:n]; len(b) > 0; {
		if len(b) < 4 {
			m.Malformed++
			return m, nil
		}
		id, length := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if length < 4 || length > len(b) {
			m.Malformed++
			return m, nil
		}
		body := b[4:length]
		b = b[length:]
		switch {
		case id == templateSet || id == optionsSet:
			d.learn(&m, exporter, domain, body, id == optionsSet)
		case id < firstData:
			m.Malformed++
		default:
			t := d.templates[name{exporter, domain, id}]
			if t == nil {
				m.Unknown++
				continue
			}
			for len(body) >= t.least {
				if records++; records > maxRecords {
					m.Malformed++
					return m, nil
				}
				rest, ok := t.read(&m, body, time.Unix(int64(exported), 0).UTC())
				if !ok {
					m.Malformed++
					break
				}
				body = rest
			}
		}
	}
	return m, nil
}
