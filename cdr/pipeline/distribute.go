package pipeline

import (
	"context"
	"slices"
	"sync"

	"calltrail/capture"
	"calltrail/decode"
)

// round is a run of packets, copied and given to the workers by the hash of their addresses, as PACKET_FANOUT does with
// live packets. All workers get each round, if only to learn how late it is.
type round struct {
	packets []capture.Packet
	times   []int64 // packet time of each
	data    []byte
	end     place // of the last packet of the round, whichever worker has it
}

// Bounds of a round, for all workers together.
const (
	roundPackets = 2048
	roundOctets  = 1 << 20
)

// distribute reads src and spreads it over several workers.
func (p *Pipeline) distribute(ctx context.Context, src capture.Source) error {
	inputs := make([]chan *round, len(p.workers))
	spent := make(chan *round, 4*len(p.workers))
	var wg sync.WaitGroup
	for i, w := range p.workers {
		inputs[i] = make(chan *round, 1)
		wg.Go(func() { w.rounds(inputs[i], spent) })
	}
	err := p.deal(ctx, src, inputs, spent)
	for _, in := range inputs {
		close(in)
	}
	wg.Wait()
	return err
}

// deal fills rounds until the end of src.
func (p *Pipeline) deal(ctx context.Context, src capture.Source, inputs []chan *round, spent <-chan *round) error {
	now, position := noTime, uint64(0)
	hands := make([]*round, len(inputs))
	for {
		for i := range hands {
			hands[i] = emptyRound(spent)
		}
		var packet capture.Packet
		var err error
		octets := 0
		for n := 0; n < roundPackets && octets < roundOctets; n++ {
			if err = src.Next(&packet); err != nil {
				break
			}
			p.packets++
			now, position = max(now, packet.Time), packet.Position
			octets += len(packet.Data)
			hands[int(decode.FanoutHash(&packet))%len(hands)].add(&packet, now)
		}
		for i, r := range hands {
			r.end = place{now, position}
			inputs[i] <- r
		}
		if err != nil {
			return notEOF(err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

func emptyRound(spent <-chan *round) *round {
	select {
	case r := <-spent:
		r.packets, r.times, r.data = r.packets[:0], r.times[:0], r.data[:0]
		return r
	default:
		return &round{}
	}
}

// add copies a packet into the round. Its Data is set by give, when the round's data has stopped moving.
func (r *round) add(p *capture.Packet, now int64) {
	r.data = append(r.data, p.Data...)
	r.packets = append(r.packets, *p)
	r.packets[len(r.packets)-1].Data = slices.Clip(p.Data)
	r.times = append(r.times, now)
}

// rounds decodes what a worker is dealt until there is no more.
func (w *worker) rounds(in <-chan *round, spent chan<- *round) {
	end := noTime
	for r := range in {
		off := 0
		for i := range r.packets {
			p := &r.packets[i]
			n := len(p.Data)
			p.Data = r.data[off : off+n : off+n]
			off += n
			w.packet(p, r.times[i])
		}
		if r.end.at > w.clock {
			w.tick(r.end.at)
		}
		w.position = r.end.position
		// The others may wait for this worker's clock.
		w.flush(w.clock, false)
		end = r.end.at
		clear(r.data) // media was among it
		select {
		case spent <- r:
		default:
		}
	}
	w.finish(end)
}
