package gen

import (
	"io"
	"math/rand/v2"
	"time"
)

// Write makes the capture file and its truth. It returns the totals of what was written, and the first error of a
// writer or of the configuration. Neither writer is closed.
func Write(cfg Config, pcap, truth io.Writer) (Totals, error) {
	if err := cfg.Check(); err != nil {
		return Totals{}, err
	}
	file, err := newPcapFile(pcap)
	if err != nil {
		return Totals{}, err
	}
	rows, err := newTruthFile(truth, cfg.Carries())
	if err != nil {
		return Totals{}, err
	}
	w := &world{cfg: cfg, file: file, rows: rows, trunks: trunksOf(&cfg)}
	w.totals.Dispositions = make(map[string]int)
	err = w.run()
	w.totals.Octets = file.octets
	w.totals.First, w.totals.Last = time.UnixMicro(file.first).UTC(), time.UnixMicro(file.last).UTC()
	return w.totals, err
}

// world is one run: the clock, everything that will happen, and where it is written.
type world struct {
	cfg    Config
	agenda agenda
	frame  frame
	file   *pcapFile
	rows   *truthFile
	totals Totals
	trunks [trunks]trunk
	open   int   // calls with packets still to come
	err    error // of the first write that failed
}

// run plays events in time order until there is none.
func (w *world) run() error {
	start := w.cfg.Start.UnixMicro()
	w.agenda.plan(start, &arrivals{r: source(w.cfg.Seed, streamArrivals)})
	if n := w.cfg.Background * w.cfg.Calls; n > 0 {
		g := &background{r: source(w.cfg.Seed, streamBackground), left: n}
		g.interval = float64(second) / (w.cfg.Rate * float64(w.cfg.Background))
		w.agenda.plan(start+1, g)
	}
	if n := w.cfg.Web * w.cfg.Calls; n > 0 {
		g := &web{r: source(w.cfg.Seed, streamWeb), left: n}
		g.interval = float64(second) / (w.cfg.Rate * float64(w.cfg.Web))
		w.agenda.plan(start+2, g)
	}
	for w.err == nil {
		e, ok := w.agenda.next()
		if !ok {
			break
		}
		if next, more := e.who.act(w, e.at); more {
			w.agenda.plan(max(next, e.at), e.who)
		}
	}
	if w.cfg.Tail > 0 && w.err == nil {
		w.arp(w.file.last + w.cfg.Tail.Microseconds())
	}
	if w.err != nil {
		return w.err
	}
	if err := w.rows.flush(); err != nil {
		return err
	}
	return w.file.flush()
}

// Streams of random numbers that are no call's; a call's is its index.
const (
	streamArrivals   = 1 << 63
	streamBackground = 1<<63 + 1
	streamWeb        = 1<<63 + 2
	streamTrunks     = 1<<63 + 1<<10 // and the numbers behind, by trunk
	streamCarriage   = 1 << 62       // of a call: its index is added
)

// source is a stream of random numbers of its own for every part of the run: a change in one leaves the others alone.
func source(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream)) //nolint:gosec // reproducible, not secret
}

// arrivals begin calls, as a Poisson process.
type arrivals struct {
	r     *rand.Rand
	begun int
}

func (a *arrivals) act(w *world, now int64) (int64, bool) {
	begin(w, a.begun, now)
	a.begun++
	return now + int64(a.r.ExpFloat64()*float64(second)/w.cfg.Rate), a.begun < w.cfg.Calls
}

// packet writes a frame.
func (w *world) packet(at int64, frame []byte) {
	w.totals.Packets++
	if err := w.file.write(at, frame); err != nil && w.err == nil {
		w.err = err
	}
}

// other writes a frame of the background.
func (w *world) other(at int64, frame []byte) {
	w.totals.Other++
	w.packet(at, frame)
}

func (w *world) arp(at int64) {
	w.totals.ARP++
	w.other(at, w.frame.arp(client, gatewayARP))
}

// begin plans everything of one call.
func begin(w *world, index int, now int64) {
	c := newCall(w, index, now)
	w.totals.Calls++
	w.totals.Dispositions[c.truth.disposition]++
	w.open++
	w.totals.PeakOpen = max(w.totals.PeakOpen, w.open)
	c.acting = 1
	if c.connection != nil {
		w.agenda.plan(c.script[0].at-ahead, &pushing{call: c})
	} else {
		w.agenda.plan(c.script[0].at, &signalling{call: c})
	}
	for _, s := range c.streams {
		c.acting++
		w.agenda.plan(s.next(), s)
	}
}

// done is called by each actor of a call with its last packet; after the last actor's the truth is complete.
func (w *world) done(c *call) {
	c.acting--
	if c.acting > 0 {
		return
	}
	w.open--
	for _, s := range c.streams {
		w.totals.RTPCounted += s.truth.packets
		w.totals.RTPDuplicates += s.truth.duplicates
		w.totals.RTPOctets += s.truth.octets
		w.totals.RTPLate += s.late
	}
	if err := w.rows.write(&c.truth); err != nil && w.err == nil {
		w.err = err
	}
}

// pushing gives a call's messages to its connection, each ahead of its time.
type pushing struct {
	call *call
	at   int // index in the script
}

func (p *pushing) act(w *world, _ int64) (int64, bool) {
	c := p.call
	c.connection.push(w, &c.script[p.at])
	p.at++
	if p.at == len(c.script) {
		c.connection.leave(w)
		w.done(c)
		return 0, false
	}
	return c.script[p.at].at - ahead, true
}

// signalling plays a call's messages, each in a datagram.
type signalling struct {
	call *call
	at   int // index in the script
}

func (s *signalling) act(w *world, now int64) (int64, bool) {
	m := s.call.script[s.at]
	src, dst := s.call.caller.sip, s.call.callee.sip
	if m.by == callee {
		src, dst = dst, src
	}
	w.totals.Messages++
	frames := s.call.carriage.frames(&w.frame, m.by, src, dst, m.text)
	if len(frames) == 1 {
		w.totals.SIP++
	} else {
		w.totals.Fragments += int64(len(frames))
	}
	for _, b := range frames {
		w.packet(now, b)
	}
	s.at++
	if s.at == len(s.call.script) {
		w.done(s.call)
		return 0, false
	}
	return s.call.script[s.at].at, true
}
