package pipeline

import (
	"testing"

	"calltrail/decode"
)

func host(n byte) *decode.Endpoint {
	e := decode.Endpoint{Port: 5060}
	e.IP[10], e.IP[11], e.IP[12], e.IP[15] = 0xff, 0xff, 10, n
	return &e
}

func TestPairs(t *testing.T) {
	const sec = int64(1e9)
	for name, c := range map[string]struct {
		packets       func(p *pairs)
		flows, oneWay uint64
	}{
		"a call": {func(p *pairs) {
			p.packet(host(1), host(2), false, false, sec)
			p.packet(host(2), host(1), false, true, sec)
		}, 1, 0},
		"a call and its media, one direction of it": {func(p *pairs) {
			p.packet(host(1), host(2), false, false, sec)
			p.packet(host(1), host(2), false, true, sec)
			p.packet(host(1), host(2), true, true, sec)
		}, 2, 2},
		"answers only": {func(p *pairs) { p.packet(host(2), host(1), false, true, sec) }, 1, 1},
		"a scan": {func(p *pairs) {
			for n := range byte(200) {
				p.packet(host(250), host(n), false, false, sec)
			}
		}, 0, 0},
		"a host that talks to itself": {func(p *pairs) { p.packet(host(1), host(1), true, true, sec) }, 1, 0},
	} {
		p := newPairs()
		c.packets(p)
		if p.settle(sec + pairSettle - 1); p.counts.flows() != 0 {
			t.Errorf("%s: %d pairs count before they had their time", name, p.counts.flows())
		}
		p.settle(sec + pairSettle)
		flows, oneWay := p.counts.flows(), p.counts.oneWay()
		if flows != c.flows || oneWay != c.oneWay || len(p.seen) != 0 {
			t.Errorf("%s: %d pairs, %d one way, %d kept; want %d, %d, 0", name, flows, oneWay, len(p.seen), c.flows, c.oneWay)
		}
	}
}

// A flood of questions neither grows the table nor keeps out who gets answers.
func TestPairsAreBounded(t *testing.T) {
	p := newPairs()
	ask := func(n int, exchanges bool) {
		src := host(1)
		src.IP[12], src.IP[13], src.IP[14] = byte(n>>16), byte(n>>8), byte(n)
		p.packet(src, host(2), false, exchanges, 1)
	}
	for n := range 3 * maxPairs {
		ask(n, false)
	}
	for n := range 100 {
		ask(1<<20+n, true)
	}
	p.settle(1 + pairSettle)
	flows := p.counts.flows()
	if len(p.seen) > maxPairs || flows != 100 {
		t.Errorf("%d pairs kept, %d count; want 100", len(p.seen), flows)
	}
}
