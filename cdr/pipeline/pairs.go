package pipeline

import (
	"bytes"
	"time"

	"calltrail/decode"
	"calltrail/decode/sip"
)

const (
	// pairSettle is how long after its first packet a pair of hosts may take to show its other direction.
	pairSettle = int64(5 * time.Second)
	// maxPairs bounds the pairs followed at a time.
	maxPairs = 8192
)

// pairs counts the pairs of hosts that exchange signalling or media, and those of which one direction only was seen. It
// is a worker's own: the kernel gives both directions to the same one. A pair is counted once it has had the time to answer,
// and again when it begins anew in a later minute.
//
// A request that asks for something new proves no exchange, so a pair of which nothing else was seen does not count: who
// scans a network gets few answers, and must not make a tap look one-sided.
type pairs struct {
	seen   map[pair]directions
	counts pairCounts
}

// pairCounts are pairs that exchanged signalling or media, and of these the ones of which one direction only was seen.
type pairCounts struct{ signalling, signallingOneWay, media, mediaOneWay uint64 }

func (c pairCounts) since(before pairCounts) pairCounts {
	return pairCounts{
		c.signalling - before.signalling, c.signallingOneWay - before.signallingOneWay, c.media - before.media,
		c.mediaOneWay - before.mediaOneWay,
	}
}

func (c *pairCounts) add(o pairCounts) {
	c.signalling += o.signalling
	c.signallingOneWay += o.signallingOneWay
	c.media += o.media
	c.mediaOneWay += o.mediaOneWay
}

func (c pairCounts) flows() uint64  { return c.signalling + c.media }
func (c pairCounts) oneWay() uint64 { return c.signallingOneWay + c.mediaOneWay }

// oneWayPairs is the fewest pairs of hosts, all of them seen in one direction only, by which a tap is said to lack the other.
const oneWayPairs = 2

// lacksDirection says that the signalling, or the media, of all pairs was seen in one direction only. One pair that is seen
// both ways shows that the tap can: else anybody could spoil a minute by sending what nobody answers.
func (c pairCounts) lacksDirection() bool {
	all := func(pairs, oneWay uint64) bool { return pairs >= oneWayPairs && pairs == oneWay }
	return all(c.signalling, c.signallingOneWay) || all(c.media, c.mediaOneWay) || all(c.flows(), c.oneWay())
}

// pair is two hosts, the lower address first, and what they exchange.
type pair struct {
	low, high [16]byte
	media     bool
}

type directions struct {
	first     int64
	up, down  bool
	exchanges bool // more than a question was seen
}

func newPairs() *pairs { return &pairs{seen: map[pair]directions{}} }

// exchanges says that a message shows that the other side is there: a response, or what only follows on one.
func exchanges(m *sip.Message) bool {
	if !m.IsRequest() {
		return true
	}
	switch m.Method() {
	case sip.MethodACK, sip.MethodBYE, sip.MethodPRACK, sip.MethodUPDATE:
		return true
	default:
		return false
	}
}

// packet notes one packet from src to dst; exchanges says that it proves more than a question.
func (p *pairs) packet(src, dst *decode.Endpoint, media, exchanges bool, at int64) {
	up := bytes.Compare(src.IP[:], dst.IP[:]) <= 0
	key := pair{src.IP, dst.IP, media}
	if !up {
		key.low, key.high = dst.IP, src.IP
	}
	d, ok := p.seen[key]
	if !ok {
		if len(p.seen) >= maxPairs && !p.room() {
			return
		}
		d.first = at
	} else if (up && d.up || !up && d.down) && (d.exchanges || !exchanges) {
		return
	}
	d.up, d.down, d.exchanges = d.up || up, d.down || !up, d.exchanges || exchanges
	p.seen[key] = d
}

// room forgets a pair of which nothing but a question was seen, if there is one among a few.
func (p *pairs) room() bool {
	n := 0
	for key, d := range p.seen {
		if !d.exchanges {
			delete(p.seen, key)
			return true
		}
		if n++; n == 8 {
			break
		}
	}
	return false
}

// settle counts the pairs that have had their time by now, and forgets them.
func (p *pairs) settle(now int64) {
	for key, d := range p.seen {
		if d.first > now-pairSettle {
			continue
		}
		if d.exchanges {
			one := uint64(0)
			if d.up != d.down && key.low != key.high {
				one = 1
			}
			if key.media {
				p.counts.media++
				p.counts.mediaOneWay += one
			} else {
				p.counts.signalling++
				p.counts.signallingOneWay += one
			}
		}
		delete(p.seen, key)
	}
}
