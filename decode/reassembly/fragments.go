package reassembly

import "time"

// FragmentConfig bounds Fragments. Zero or less of a number means its default.
type FragmentConfig struct {
	// Datagrams is the most datagrams kept at a time, incomplete ones and those remembered for copies together;
	// default 4096. Each takes some 400 octets beside its data, 1,100 at most.
	Datagrams int
	// Octets bounds the memory for the data of all of them, in use and spare; default 16 MiB. It is counted in blocks of
	// 2 KiB as allocated, not as filled.
	Octets int
	// Timeout is how long after its first fragment a datagram may become whole, in nanoseconds; default 30 s, for IPv6
	// too. Linux waits that long for IPv4 (net.ipv4.ipfrag_time); RFC 1122 section 3.3.2 and RFC 8200 section 4.5 say 60 s.
	// What takes longer than 30 s is of no use to SIP, whose transactions give up after 32 s (RFC 3261 section 17.1.1.2,
	// timer B), and with every second grows the danger that an identification comes round again (RFC 4963).
	Timeout int64
	// PerSource is the most incomplete datagrams of one source; default 256. A source is an IPv4 address, or an IPv6
	// prefix of 64 bits, since whoever has one address of a prefix can send from all.
	PerSource int
}

// Defaults of a FragmentConfig.
const (
	defaultDatagrams = 4096
	defaultOctets    = 16 << 20
	defaultTimeout   = int64(30 * time.Second)
	defaultPerSource = 256
)

// copyWindow is how long a whole datagram is remembered, so that late copies of its fragments, as mirror ports make
// them, do not begin another one. A fragment with other octets is no copy: it begins the next datagram with the same
// identification at once.
const copyWindow = int64(time.Second)

// maxExtents bounds the pieces of one datagram. 54 fragments carry the longest one over IPv6's smallest MTU, 1,280.
const maxExtents = 64

// maxDatagram is the longest datagram, in octets (RFC 791 section 3.1, RFC 8200 section 3).
const maxDatagram = 1<<16 - 1

// FragmentStats counts what became of fragments. Fragments = Joined + Copies + ExpiredFragments + EvictedFragments +
// Refused + Bad + those that wait still.
type FragmentStats struct {
	Datagrams        uint64 // put together
	Fragments        uint64 // given to Add
	Joined           uint64 // fragments that became part of Datagrams
	Copies           uint64 // fragments that brought nothing new
	Expired          uint64 // datagrams that were not whole in time
	ExpiredFragments uint64 // and their fragments
	Evicted          uint64 // datagrams pushed out for others
	EvictedFragments uint64 // and their fragments
	Overlaps         uint64 // datagrams of which fragments contradicted each other
	Refused          uint64 // fragments for which there was no room
	Bad              uint64 // fragments that fit into no datagram, or contradict the length of theirs
}

// FragmentResult says what Add made of a fragment.
type FragmentResult uint8

// Results.
const (
	Waiting FragmentResult = iota // it is kept, or known already
	Whole                         // it completed a datagram
	Refused                       // there was no room for it
	Bad                           // it fits into no datagram
)

// Fragments puts IP fragments together (RFC 791 section 3.2, RFC 8200 section 4.5). One goroutine uses it.
//
// Whoever floods it must not push out the datagrams of others. When there is no room, datagrams that are remembered only
// go first; then the oldest incomplete one of the source that has taken the most beyond an allowance (32 KiB or so); if
// none is beyond it, the oldest of all. So one source, or some hundred of them, hurt nobody else. Against thousands of
// forged sources, and against one that forges the victim's own address, only the table's size helps: a datagram is safe
// until as many others have begun as the table holds.
type Fragments struct {
	Stats FragmentStats

	cfg     FragmentConfig
	now     int64
	known   map[fragmentKey]*datagram
	waiting queue[datagram] // incomplete, oldest first
	done    queue[datagram] // whole and remembered, oldest first
	begun   uint64
	free    *datagram
	spare   int
	sources sources
	pool    blockPool
	whole   []byte
}

// NewFragments returns an empty defragmenter.
func NewFragments(cfg FragmentConfig) *Fragments {
	setDefault(&cfg.Datagrams, defaultDatagrams)
	setDefault(&cfg.Octets, defaultOctets)
	setDefault(&cfg.Timeout, defaultTimeout)
	setDefault(&cfg.PerSource, defaultPerSource)
	return &Fragments{
		cfg: cfg, known: map[fragmentKey]*datagram{}, pool: blockPool{most: max(1, cfg.Octets/blockLen)},
		sources: sources{known: map[sourceKey]*source{}},
	}
}

func setDefault[T int | int64](value *T, otherwise T) {
	if *value <= 0 {
		*value = otherwise
	}
}

// Len is the number of incomplete datagrams.
func (d *Fragments) Len() int { return d.waiting.n }

// Advance says that it is now: datagrams whose time is over are let go, oldest first. Time never goes back; an earlier
// now is ignored. It costs next to nothing when nothing is due.
func (d *Fragments) Advance(now int64) {
	d.now = max(d.now, now)
	for g := d.waiting.oldest(); g != nil && d.now-g.since >= d.cfg.Timeout; g = d.waiting.oldest() {
		d.Stats.Expired++
		d.Stats.ExpiredFragments += g.fragments
		d.release(g)
	}
	for g := d.done.oldest(); g != nil && d.now-g.since >= copyWindow; g = d.done.oldest() {
		d.release(g)
	}
	if len(d.known) == 0 {
		d.shrink()
	}
}

// Add takes in one fragment at packet time now (after Advance(now), which it calls). f.Data is copied and may be
// overwritten afterwards; it may lie in the last whole, as a fragment inside a tunnel does.
//
// With Whole, whole is the datagram's payload, and f describes it: Offset 0, no More, Proto the first fragment's
// (RFC 8200 section 4.5), Data the same octets, Length their number on the wire. That is more than len(whole) when the
// snap length cut a fragment: whole ends before the first octet that was not captured, so that the header fields at the
// beginning of a message are not lost with its end. overlap says that fragments contradicted each other, about octets
// or about the end, and that the first one was believed. whole is valid until the next Add.
//
// Fragments are of one datagram by addresses, scope, identification, version and, in IPv4, protocol. In IPv6 the
// protocol is no part of it: later fragments may name any. A packet that is its own first and last fragment (RFC 6946) is
// not for Add.
func (d *Fragments) Add(f *Fragment, now int64) (whole []byte, overlap bool, r FragmentResult) {
	d.Advance(now)
	d.Stats.Fragments++
	g, r := d.keep(f)
	switch r {
	case Whole:
		d.whole = g.appendTo(wiped(d.whole, g.used))
		*f = Fragment{
			Src: f.Src, Dst: f.Dst, Scope: f.Scope, ID: f.ID, V6: f.V6, Proto: g.proto, Data: d.whole, Length: g.total,
		}
		d.finish(g)
		return d.whole, g.overlap, r
	case Refused:
		d.Stats.Refused++
	case Bad:
		d.Stats.Bad++
	case Waiting:
	}
	d.whole = wiped(d.whole, 0)
	return nil, false, r
}

// keep adds f to its datagram, which may begin with it.
func (d *Fragments) keep(f *Fragment) (*datagram, FragmentResult) {
	if !legal(f) {
		return nil, Bad
	}
	key := keyOf(f)
	g := d.known[key]
	if g != nil && g.done {
		if g.covers(f) {
			d.Stats.Copies++
			return nil, Waiting
		}
		d.release(g)
		g = nil
	}
	if g == nil {
		g = d.begin(key)
	}
	if !g.agrees(f) {
		d.contradiction(g)
		return nil, Bad
	}
	p := g.measure(f)
	if p.differs {
		d.contradiction(g)
	}
	ends := !f.More && g.total == unknown
	if p.gaps == 0 && !ends {
		if p.differs {
			g.fragments++
		} else {
			d.Stats.Copies++
		}
		return nil, Waiting
	}
	need := blocksFor(g.used+p.octets) - len(g.blocks)
	if len(g.pieces)+p.gaps > maxExtents || !d.makeRoom(need, g) {
		d.giveUp(g)
		return nil, Refused
	}
	for range need {
		g.blocks = append(g.blocks, d.pool.take())
	}
	d.sources.changed(g.source, need)
	g.store(f)
	if g.covered != g.total {
		return nil, Waiting
	}
	return g, Whole
}

// contradiction notes that fragments of g contradict each other.
func (d *Fragments) contradiction(g *datagram) {
	if !g.overlap {
		g.overlap = true
		d.Stats.Overlaps++
	}
}

// begin makes a datagram, and room for it.
func (d *Fragments) begin(key fragmentKey) *datagram {
	from := key.source()
	if s := d.sources.known[from]; s != nil && s.datagrams.n >= d.cfg.PerSource {
		d.evict(s.datagrams.oldest())
	}
	if len(d.known) >= d.cfg.Datagrams {
		d.pushOut(d.candidate())
	}
	g := d.free
	if g == nil {
		g = &datagram{}
	} else {
		d.free, g.spare = g.spare, nil
		d.spare--
	}
	d.begun++
	g.key, g.since, g.number, g.total = key, d.now, d.begun, unknown
	d.known[key] = g
	d.waiting.add(&g.age, g)
	d.sources.add(from, g)
	return g
}

// makeRoom pushes datagrams out until n blocks can be taken; false when g itself would have to go.
func (d *Fragments) makeRoom(n int, g *datagram) bool {
	for d.pool.room() < n {
		c := d.candidate()
		if c == g {
			return false
		}
		d.pushOut(c)
	}
	return true
}

// candidate is the datagram that goes first. There must be one.
func (d *Fragments) candidate() *datagram {
	if g := d.done.oldest(); g != nil {
		return g
	}
	return d.sources.greediest[0].datagrams.oldest()
}

func (d *Fragments) pushOut(g *datagram) {
	if g.done {
		d.release(g) // nothing is lost with it
		return
	}
	d.evict(g)
}

// giveUp lets a datagram go that cannot become whole any more; it may have just begun.
func (d *Fragments) giveUp(g *datagram) {
	if g.fragments == 0 {
		d.release(g)
		return
	}
	d.evict(g)
}

func (d *Fragments) evict(g *datagram) {
	d.Stats.Evicted++
	d.Stats.EvictedFragments += g.fragments
	d.release(g)
}

// finish remembers a datagram that is whole.
func (d *Fragments) finish(g *datagram) {
	d.Stats.Datagrams++
	d.Stats.Joined += g.fragments
	d.waiting.remove(&g.age)
	d.sources.remove(g)
	g.done, g.since = true, d.now
	d.done.add(&g.age, g)
}

// release forgets a datagram and wipes its octets.
func (d *Fragments) release(g *datagram) {
	delete(d.known, g.key)
	if g.done {
		d.done.remove(&g.age)
	} else {
		d.waiting.remove(&g.age)
		d.sources.remove(g)
	}
	for _, b := range g.blocks {
		d.pool.put(b)
	}
	g.reset()
	g.spare, d.free = d.free, g
	d.spare++
}

// shrink lets the memory of a rush go when it is over.
func (d *Fragments) shrink() {
	d.pool.shrink()
	for ; d.spare > idleBlocks; d.spare-- {
		d.free = d.free.spare
	}
	if t := &d.sources; len(t.free) > idleBlocks {
		clear(t.free[idleBlocks:])
		t.free = t.free[:idleBlocks]
	}
}

// NextTimer is the time of the next thing that Advance does; ok is false when there is none.
func (d *Fragments) NextTimer() (at int64, ok bool) {
	at = maxTime
	if g := d.waiting.oldest(); g != nil {
		at = g.since + d.cfg.Timeout
	}
	if g := d.done.oldest(); g != nil {
		at = min(at, g.since+copyWindow)
	}
	return at, at != maxTime
}
