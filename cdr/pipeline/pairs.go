package pipeline

import (
	"bytes"
	"time"

	"calltrail/decode"
)

const (
	// pairSettle is how long after its first packet a pair of hosts may take to show its other direction.
	pairSettle = int64(5 * time.Second)
	// maxPairs bounds the pairs followed at a time; further ones are not counted.
	maxPairs = 8192
)

// pairs counts the pairs of hosts that begin to exchange signalling or media, and those of which one direction only was
// seen. It is a worker's own: the kernel gives both directions to the same one. A pair is counted once it has had the time to
// answer, and again when it begins anew in a later minute.
type pairs struct {
	seen          map[pair]directions
	flows, oneWay uint64
}

// pair is two hosts, the lower address first, and what they exchange.
type pair struct {
	low, high [16]byte
	media     bool
}

type directions struct {
	first    int64
	up, down bool
}

func newPairs() *pairs { return &pairs{seen: map[pair]directions{}} }

// packet notes one packet from src to dst.
func (p *pairs) packet(src, dst *decode.Endpoint, media bool, at int64) {
	up := bytes.Compare(src.IP[:], dst.IP[:]) <= 0
	key := pair{src.IP, dst.IP, media}
	if !up {
		key.low, key.high = dst.IP, src.IP
	}
	d, ok := p.seen[key]
	switch {
	case !ok && len(p.seen) >= maxPairs:
		return
	case !ok:
		d.first = at
	case up && d.up, !up && d.down:
		return
	}
	if up {
		d.up = true
	} else {
		d.down = true
	}
	p.seen[key] = d
}

// settle counts the pairs that have had their time by now, forgets them, and returns the sums so far.
func (p *pairs) settle(now int64) (flows, oneWay uint64) {
	for key, d := range p.seen {
		if d.first > now-pairSettle {
			continue
		}
		p.flows++
		if d.up != d.down && key.low != key.high {
			p.oneWay++
		}
		delete(p.seen, key)
	}
	return p.flows, p.oneWay
}
