package kafka

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store"
	"calltrail/store/kafka/kafkatest"
	"calltrail/store/spool"
	"calltrail/store/tlstest"
)

// mendedRecords are spooled while the broker or we cannot prove ourselves.
const mendedRecords = 5

// wrongs are configurations by which nothing may leave the spool.
func wrongs(cluster *kafkatest.Cluster, trusted, stranger *tlstest.Authority) map[string]Config {
	with := func(listener, ca, password string) Config {
		return Config{Brokers: cluster.Listener(listener), Access: Access{TLS: true, CAFile: ca, User: "sensor", PasswordFile: trusted.Path(password)}}
	}
	return map[string]Config{
		"wrong CA":            with("SCRAM", stranger.Path("ca.pem"), "sensor.password"),
		"expired certificate": with("EXPIRED", trusted.Path("ca.pem"), "sensor.password"),
		"another's name":      with("OTHER", trusted.Path("ca.pem"), "sensor.password"),
		"wrong password":      with("SCRAM", trusted.Path("ca.pem"), "wrong.password"),
		"plain text":          {Brokers: cluster.Listener("SCRAM")},
	}
}

// mended runs a sensor's delivery as the program does, first with what is wrong, then with what is right (fault 20): the records stay on
// the spool, and arrive when it is mended, without a new start.
func mended(t *testing.T, cluster *kafkatest.Cluster, trusted, stranger *tlstest.Authority, right Access) {
	sp, err := spool.Open(spool.Config{Dir: t.TempDir(), Sensor: "edge-3"})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close() //nolint:errcheck // all is delivered
	for i := range mendedRecords {
		if _, _, err := sp.Append(fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	type way struct {
		name string
		Config
	}
	var ways []way
	for name, c := range wrongs(cluster, trusted, stranger) {
		ways = append(ways, way{name, c})
	}
	tries := make(chan way, len(ways)+1)
	for _, w := range ways {
		tries <- w
	}
	tries <- way{"right", Config{Brokers: cluster.Listener("SCRAM"), Access: right}}
	refusals := 0
	sink := &store.Late{Open: func(ctx context.Context) (store.Sink, func(), error) {
		w := <-tries // each attempt to connect has the next
		if acked := sp.Stats().Acked; acked != 0 {
			t.Errorf("%d records are acknowledged before anything was right", acked)
		}
		p, err := NewPublisher(ctx, w.Config)
		if err != nil {
			refusals++
			return nil, nil, err
		}
		if w.name != "right" {
			t.Errorf("%s: connected", w.name)
		}
		return p, p.Close, nil
	}}
	defer sink.Close()
	pump, err := store.New(store.Config{Name: "kafka", MinWait: time.Millisecond, MaxWait: 10 * time.Millisecond}, store.SpoolFeed(sp, 0, false), sink, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := pump.Run(within(t)); err != nil {
		t.Fatal(err)
	}
	if acked := sp.Stats().Acked; acked != mendedRecords || refusals != len(ways) {
		t.Errorf("%d of %d records are acknowledged in the end, after %d of %d refusals", acked, mendedRecords, refusals, len(ways))
	}
	t.Logf("fault 20: %d refusals", refusals)
}

// unverifiedIsNoticed is the control: a publisher that does not look at the broker's certificate delivers to whoever answers.
func unverifiedIsNoticed(t *testing.T, cluster *kafkatest.Cluster, trusted, stranger *tlstest.Authority) {
	for _, name := range []string{"wrong CA", "expired certificate", "another's name"} {
		c := wrongs(cluster, trusted, stranger)[name]
		c.breach = unverified
		p, err := NewPublisher(within(t), c)
		if err != nil {
			t.Errorf("%s: %v: the check would not notice that nobody looks", name, err)
			continue
		}
		if name == "wrong CA" {
			if err := p.Deliver(within(t), entries("edge-4", 1)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		p.Close()
		t.Logf("noticed: %s: connected", name)
	}
}
