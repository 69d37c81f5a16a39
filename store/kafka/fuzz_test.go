package kafka

import (
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// FuzzItem holds that no headers stop a consumer, and that an item without a fault is exactly what its headers say:
// published again, it has the same ones.
func FuzzItem(f *testing.F) {
	good := message(&entries("edge-1", 1)[0].Entry, time.Time{}).Headers
	f.Add(good[0].Value, good[1].Value, good[2].Value, good[3].Value, good[4].Value, good[5].Value)
	f.Add([]byte("edge-1"), []byte("-1"), []byte("18446744073709551616"), []byte("00"), []byte("zz"), []byte(nil))
	f.Fuzz(func(t *testing.T, sensor, epoch, seq, prev, leaf, hash []byte) {
		m := kafkago.Message{Topic: "t"}
		for i, value := range [][]byte{sensor, epoch, seq, prev, leaf, hash} {
			m.Headers = append(m.Headers, kafkago.Header{Key: good[i].Key, Value: value})
		}
		first := item(&m)
		if first.Fault != "" {
			return
		}
		again := item(&kafkago.Message{Topic: "t", Headers: message(&first.Entry, time.Time{}).Headers})
		if again.Fault != "" || again.Sensor != first.Sensor || again.Epoch != first.Epoch || again.Seq != first.Seq ||
			again.Prev != first.Prev || again.Leaf != first.Leaf || again.Hash != first.Hash {
			t.Fatalf("first %+v, again %+v", first, again)
		}
	})
}
