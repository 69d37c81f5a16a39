package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// Alerts make their topic, keep their order, and come again under the same identity when they are sent again.
func TestAlerts(t *testing.T) {
	t.Parallel()
	c := server(t)
	topic := fmt.Sprintf("%s.test.%016x", AlertsTopic, rand.Uint64())
	a, err := NewAlerts(c, topic, Topics{Replication: 1})
	if err != nil {
		t.Fatal(err)
	}
	client, transport, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteTopics(context.Background(), &kafkago.DeleteTopicsRequest{Topics: []string{topic}}); err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	})
	var alerts []Alert
	for n := range int64(5) {
		alerts = append(alerts, Alert{ID: 10 + n, List: fmt.Sprintf("list-%d", n%2), Body: fmt.Appendf(nil, `{"id":%d,"pad":"%s"}`, 10+n, strings.Repeat("x", 300<<10))})
	}
	for _, send := range [][]Alert{alerts, alerts[3:]} { // more than one request; and two once more
		if err := a.Publish(within(t), send); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for offset := int64(0); offset < 7; {
		answer, err := client.Fetch(within(t), &kafkago.FetchRequest{Topic: topic, Offset: offset, MaxBytes: 4 << 20, MinBytes: 1})
		if err != nil || answer.Error != nil {
			t.Fatal(err, answer)
		}
		for {
			r, err := answer.Records.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Offset < offset {
				continue
			}
			offset = r.Offset + 1
			key, err := kafkago.ReadAll(r.Key)
			if err != nil {
				t.Fatal(err)
			}
			body, err := kafkago.ReadAll(r.Value)
			if err != nil || len(r.Headers) != 1 || r.Headers[0].Key != "id" || !strings.HasPrefix(string(body), `{"id":`+string(r.Headers[0].Value)+",") {
				t.Fatalf("headers %v, %v", r.Headers, err)
			}
			got = append(got, string(key)+"/"+string(r.Headers[0].Value))
		}
	}
	if want := "list-0/10 list-1/11 list-0/12 list-1/13 list-0/14 list-1/13 list-0/14"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// A broker that is away is an error that says so and may pass; a topic of records is refused for good.
func TestAlertsThatCannotBe(t *testing.T) {
	t.Parallel()
	a, err := NewAlerts(Config{Brokers: []string{"127.0.0.1:1"}}, AlertsTopic, Topics{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Publish(within(t), []Alert{{ID: 1, List: "l", Body: []byte("{}")}}); err == nil || store.Permanent(err) || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("%v", err)
	}
	if _, err := NewAlerts(Config{Brokers: []string{"127.0.0.1:1"}}, RecordsTopic, Topics{}); !store.Permanent(err) {
		t.Errorf("alerts among the records: %v", err)
	}
}
