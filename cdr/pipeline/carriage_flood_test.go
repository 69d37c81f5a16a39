package pipeline_test

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/decode/tcp"
)

// flood is a source with an established call over TCP in the middle of a storm: after each packet of the call come some that
// somebody made up. It measures the heap as it goes.
type flood struct {
	call    []capture.Packet
	storm   func(r *rand.Rand) []byte // the next packet's octets
	each    int                       // packets of the storm after each one of the call
	r       *rand.Rand
	at      int // packets given out
	octets  []byte
	heap    []uint64 // in use, at even distances
	measure int
}

// Next implements capture.Source.
func (f *flood) Next(p *capture.Packet) error {
	n, k := f.at/(f.each+1), f.at%(f.each+1)
	if n == len(f.call) {
		return io.EOF
	}
	if f.at%f.measure == f.measure-1 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		f.heap = append(f.heap, m.HeapAlloc)
	}
	f.at++
	*p = f.call[n]
	if k == 0 {
		f.octets = append(f.octets[:0], p.Data...)
	} else {
		if n+1 < len(f.call) { // spread over the time to the next packet
			p.Time += (f.call[n+1].Time - p.Time) / int64(f.each+1) * int64(k)
		}
		f.octets = append(f.octets[:0], f.storm(f.r)...)
		p.Length = len(f.octets)
	}
	p.Data, p.Position = f.octets, uint64(f.at)
	return nil
}

// Close implements capture.Source.
func (*flood) Close() error { return nil }

// anyone is a random source.
func anyone(r *rand.Rand) netip.AddrPort {
	ip := [4]byte{10, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}
	return netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(1024+r.IntN(60000)))
}

// segmentTo is a frame with a TCP segment from anyone.
func segmentTo(r *rand.Rand, port uint16, flags byte, payload []byte) []byte {
	src := anyone(r)
	h := binary.BigEndian.AppendUint16(nil, src.Port())
	h = binary.BigEndian.AppendUint16(h, port)
	h = binary.BigEndian.AppendUint32(h, r.Uint32())
	h = append(h, 0, 0, 0, 0, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	return newEthernet(0x0800, newIP(src.Addr(), netip.AddrFrom4([4]byte{192, 0, 2, 2}), 6, 1, append(h, payload...)))
}

// A storm's packets may come in pairs.
var (
	behindGap bool
	opened    []byte
)

// storms are what is poured over a sensor, and the counter that says so. refused is how many were turned away or let go again.
var storms = map[string]struct {
	packet  func(r *rand.Rand) []byte
	refused func(c *pipeline.CarriageStats) uint64
}{
	"first fragments": {
		packet: func(r *rand.Rand) []byte {
			b := newIP(anyone(r).Addr(), netip.AddrFrom4([4]byte{192, 0, 2, 2}), 17, uint16(r.Uint32()), make([]byte, 1400))
			b[6] = 0x20 // more fragments
			return newEthernet(0x0800, b)
		},
		refused: func(c *pipeline.CarriageStats) uint64 {
			return c.Fragments.Evicted + c.Fragments.Refused + c.Fragments.Expired
		},
	},
	"SYN": {
		packet:  func(r *rand.Rand) []byte { return segmentTo(r, 5060, tcpSYN, nil) },
		refused: func(c *pipeline.CarriageStats) uint64 { return c.Streams.Forgotten },
	},
	"begins of messages": {
		packet: func(r *rand.Rand) []byte {
			return segmentTo(r, 5060, 0x18, append([]byte("INVITE sip:x@example.net SIP/2.0\r\nContent-Length: 60000\r\nSubject: "),
				make([]byte, 1300)...))
		},
		refused: func(c *pipeline.CarriageStats) uint64 { return c.Streams.Evicted + c.Streams.PushedOut },
	},
	"octets behind gaps": {
		packet: func(r *rand.Rand) []byte {
			// A SYN, and what comes 5,000 octets behind it, by turns.
			if behindGap = !behindGap; behindGap {
				opened = segmentTo(r, 5060, tcpSYN, nil)
				return opened
			}
			b := segmentTo(r, 5060, 0x18, make([]byte, 1300))
			copy(b[26:30], opened[26:30])
			copy(b[34:36], opened[34:36])
			binary.BigEndian.PutUint32(b[38:], binary.BigEndian.Uint32(opened[38:])+5000)
			return b
		},
		refused: func(c *pipeline.CarriageStats) uint64 { return c.Streams.Forgotten + c.Streams.PushedOut },
	},
	"TLS hellos": {
		packet: func(r *rand.Rand) []byte {
			// A ClientHello of 512 octets that goes on in the next segment.
			return segmentTo(r, 5061, 0x18, append([]byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}, make([]byte, 200)...))
		},
		refused: func(c *pipeline.CarriageStats) uint64 { return c.TLS.Evicted },
	},
}

// callOnly keeps the records of calls and counts the others.
type callOnly struct {
	collected
	others int
}

// Put implements pipeline.Output.
func (c *callOnly) Put(m pipeline.Meta, body []byte) error {
	if m.Kind != "sip" {
		c.others++
		return nil
	}
	return c.collected.Put(m, body)
}

// Whatever is poured over a sensor, its memory stays what it is, counters say what was turned away, and a call over TCP in the
// middle of it has the record that it has alone.
func TestFlood(t *testing.T) {
	lookups, err := goldenLookups()
	if err != nil {
		t.Fatal(err)
	}
	call := packetsOf(t, captures(t)["tcp"])
	alone, _ := replay(t, &packets{list: call}, signallingPorts)
	each := 1500
	if testing.Short() {
		each = 800 // fills every table in the first half, too
	}
	for name, storm := range storms {
		t.Run(name, func(t *testing.T) {
			cfg := pipeline.Config{
				Workers: 1, Sensor: "test", Version: "test", FinalOnly: false, SIPPorts: []tcp.Ports{{First: 5060, Last: 5060}},
			}
			cfg.TLS.Connections = 4096
			out := &callOnly{}
			p, err := pipeline.New(cfg, lookups, out)
			if err != nil {
				t.Fatal(err)
			}
			src := &flood{call: call, storm: storm.packet, each: each, r: rand.New(rand.NewPCG(1, 9))}
			total := len(call) * (each + 1)
			src.measure = total / 10
			if err := p.Run(context.Background(), src); err != nil {
				t.Fatal(err)
			}
			s := p.Stats()
			if s.Packets != uint64(total) || s.Packets != s.Counts.Total() {
				t.Errorf("%d packets, %d read, %d in the counts", total, s.Packets, s.Counts.Total())
			}
			same(t, "records", observed(t, out.bodies), observed(t, alone.bodies))
			refused := storm.refused(&s.Carriage)
			if refused < uint64(total/4) {
				t.Errorf("%d of %d were turned away or let go: %+v", refused, total, s.Carriage)
			}
			// Tables are full after the first half at the latest.
			half, last := src.heap[len(src.heap)/2], src.heap[len(src.heap)-1]
			t.Logf("%d packets, %d turned away or let go; heap %d KiB at half time, %d at the end; %d other records", total,
				refused, half>>10, last>>10, out.others)
			if last > half+half/20+(1<<20) {
				t.Errorf("the heap grows: %d", src.heap)
			}
		})
	}
}
