package pipeline

import (
	"time"

	"calltrail/decode/reassembly"
)

const (
	// maxLayered bounds the streams of each generation, of some 450 octets each.
	maxLayered = 8192
	// layeredFor is how long a generation takes in streams: longer than anything of a stream waits for what comes after it.
	layeredFor = int64(time.Minute)
)

// layered remembers what streams come through: a stream's messages may be told when another packet, or none, is at hand. Most
// streams come through nothing. There are two generations; a stream enters the new one with each of its packets, and when that is
// full or a minute old, it becomes the old one. So what sends is there, and what is silent goes without a search.
type layered struct {
	newest, older map[reassembly.Flow]*layers
	turn          int64 // packet time at which newest is old
}

func newLayered() layered { return layered{newest: map[reassembly.Flow]*layers{}} }

// of returns the place for the layers of a stream that has a packet now.
func (l *layered) of(flow *reassembly.Flow, now int64) *layers {
	if now >= l.turn || len(l.newest) >= maxLayered {
		l.older, l.newest, l.turn = l.newest, map[reassembly.Flow]*layers{}, now+layeredFor
	}
	v := l.newest[*flow]
	if v == nil {
		if v = l.older[*flow]; v == nil {
			v = &layers{}
		}
		l.newest[*flow] = v
	}
	return v
}

// get is what a stream came through last.
func (l *layered) get(flow *reassembly.Flow) *layers {
	if v := l.newest[*flow]; v != nil {
		return v
	}
	if v := l.older[*flow]; v != nil {
		return v
	}
	return &noLayers
}

var noLayers layers
