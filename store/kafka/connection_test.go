package kafka

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"calltrail/store/kafka/kafkatest"
	"calltrail/store/proxytest"
)

// doors are proxies before the brokers: the publisher's and the consumer's.
type doors struct{ out, in *proxytest.Proxy }

// number is a size of a test: n, or what a variable of the environment says.
func number(t *testing.T, variable string, n int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return n
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, must be a number from 1", variable, text)
	}
	return n
}

// chance is a source of random numbers whose seed stands in the log of a failed test.
func chance(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	if text := os.Getenv("CALLTRAIL_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("CALLTRAIL_SEED is %q, must be a number", text)
		}
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// through makes a path whose publisher and consumer go through the doors.
func (d doors) through(t *testing.T, cluster *kafkatest.Cluster, limit int) *path {
	t.Helper()
	p := newPath(t, cluster, limit)
	p.outward, p.inward, p.cfg.patience = []string{d.out.Address()}, []string{d.in.Address()}, 2*time.Second
	t.Cleanup(func() { d.out.Slow(0); d.in.Slow(0); d.out.Reset(); d.in.Reset() })
	return p
}

// Connections of the publisher and of the consumer suffer at random moments (fault 7): answers are lost after the broker has
// stored, connections fall silent without an end, are reset, or trickle. Each record is in Postgres once; what was sent again
// is counted.
func (d doors) connections(t *testing.T, cluster *kafkatest.Cluster) {
	const each = 50
	rnd, cuts := chance(t), number(t, "CALLTRAIL_CUTS", 40)
	p := d.through(t, cluster, each*cuts)
	p.store()
	p.sensor(nil)
	silent := 0
	for i := range cuts {
		door := d.out
		if rnd.IntN(4) == 0 {
			door = d.in
		}
		p.append(each / 2)
		time.Sleep(time.Duration(rnd.IntN(40)) * time.Millisecond) // the moment is random
		switch kind := rnd.IntN(8); {
		case kind < 4:
			door.LoseAnswers()
		case kind < 5 && silent < 1+cuts/20: // each costs a time-out
			silent++
			door.HalfOpen()
		case kind < 7:
			door.Reset()
		default:
			door.Slow(60_000 + rnd.IntN(60_000)) // a batch, some 40,000 octets, within the publisher's patience: what never gets through stays on the spool
		}
		p.append(each / 2)
		if i%4 == 3 {
			for p.spool.Stats().Acked != uint64(p.spooled) {
				p.pause("the records to be published")
			}
		}
		d.out.Slow(0)
		d.in.Slow(0)
	}
	p.mustBecome(p.whole(), 2*time.Minute)
	retries, redelivered := p.publishing.Stats().Retries, p.loader.Counts().Redelivered
	if d.out.Lost() == 0 || retries == 0 || redelivered == 0 {
		t.Errorf("%d answers to the publisher lost, %d attempts made again, %d records stored by the broker more than once: the faults did not bite", d.out.Lost(), retries, redelivered)
	}
	t.Logf("fault 7: %d cuts (%d answers lost), %d records, %d attempts made again, %d records that came twice", cuts, d.out.Lost()+d.in.Lost(), p.spooled, retries, redelivered)
}

// The control of fault 7: a publisher that takes an error for success loses what the broker never had.
func (d doors) lostAnswerIsNoticed(t *testing.T, cluster *kafkatest.Cluster) {
	p := d.through(t, cluster, 300)
	p.cfg.breach = unsure
	p.store()
	p.sensor(nil)
	p.append(100)
	p.mustBecome(p.whole(), time.Minute)
	d.out.To("127.0.0.1:1") // and with it, whoever connects anew
	d.out.Reset()
	p.append(100)
	for p.spool.Stats().Acked != 200 {
		p.pause("the acknowledgement of what nobody has")
	}
	d.out.To(cluster.Listener("OUT")[0])
	p.append(100)
	for p.spool.Stats().Acked != 300 {
		p.pause("the rest")
	}
	if got := p.until(p.whole(), 3*time.Second); got == p.whole() {
		t.Errorf("%s: nothing was lost, though an error was taken for success", got)
	} else {
		t.Logf("noticed: %s of %d", got, p.spooled)
	}
}
