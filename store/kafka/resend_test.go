package kafka

import (
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
	"calltrail/store/kafka/kafkatest"
)

// Records that expired in the topic before a store read them are asked for on the resend topic, and the sensor's spool answers
// (fault 9).
func expiredRecordsAreSentAgain(t *testing.T, cluster *kafkatest.Cluster) {
	p := newPath(t, cluster, expiringCalls)
	p.expire()
	p.answer()
	began := time.Now()
	p.mustBecome(p.whole(), time.Minute)
	t.Logf("fault 9: %d records expired, whole %v after a sensor that answers", expired, time.Since(began).Round(100*time.Millisecond))
}

// The control: a sensor that reads what it is asked for and sends nothing. The gap stays, whatever was asked.
func expiredRecordsIsNoticed(t *testing.T, cluster *kafkatest.Cluster) {
	storeBreach = "unanswered"
	t.Cleanup(func() { storeBreach = "" }) // after the path has ended: it is made later
	p := newPath(t, cluster, expiringCalls)
	gone := p.expire()
	asked := p.answer()
	for asked.Load() < 2 { // it comes for the second request when it is done with the first
		p.pause("the sensor to be done with a request")
	}
	if got := p.until(p.whole(), 10*time.Second); got != gone {
		t.Errorf("a sensor that sends nothing: there are %s, want %s", got, gone)
	}
	t.Log("noticed: what expired is not there")
}

// What is published, and how much of it expires.
const expiringCalls, expired = 300, 200

// expire publishes records and lets the first of them expire before a store reads them; it returns what is stored when the gap has
// been asked for.
func (p *path) expire() (gone string) {
	t := p.t
	t.Helper()
	p.append(expired)
	p.sensor(nil)
	for latest(t, p.cfg, p.cfg.RecordsTopic, 0)+latest(t, p.cfg, p.cfg.RecordsTopic, 1) != expired {
		p.pause("the records to be published")
	}
	setRetention(t, p.cfg, "1")
	for earliest(t, p.cfg, 0)+earliest(t, p.cfg, 1) != expired {
		p.pause("the records to expire")
	}
	setRetention(t, p.cfg, "600000")
	p.append(expiringCalls - expired)
	p.store()
	p.inquire()
	gone = state(expired, expiringCalls-expired, expiringCalls-expired)
	p.mustBecome(gone, 30*time.Second)
	for latest(t, p.cfg, p.cfg.ResendTopic, 0) == 0 {
		p.pause("a request")
	}
	if got := p.stored(); got != gone {
		t.Fatalf("without an answer there are %s, want %s", got, gone)
	}
	return gone
}

// pause is between two looks at what the test waits for.
func (p *path) pause(what string) {
	p.t.Helper()
	select {
	case <-p.ctx.Done():
		p.t.Fatalf("waited for %s in vain", what)
	case <-time.After(50 * time.Millisecond):
	}
}

func setRetention(t *testing.T, c Config, ms string) {
	t.Helper()
	client, transport, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	answer, err := client.IncrementalAlterConfigs(within(t), &kafkago.IncrementalAlterConfigsRequest{Resources: []kafkago.IncrementalAlterConfigsRequestResource{{
		ResourceType: kafkago.ResourceTypeTopic, ResourceName: c.RecordsTopic,
		Configs: []kafkago.IncrementalAlterConfigsRequestConfig{{Name: retention, Value: ms, ConfigOperation: kafkago.ConfigOperationSet}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range answer.Resources {
		if r.Error != nil {
			t.Fatal(r.Error)
		}
	}
}

func earliest(t *testing.T, c Config, partition int) int64 {
	t.Helper()
	return offset(t, c, c.RecordsTopic, kafkago.FirstOffsetOf(partition))
}

func latest(t *testing.T, c Config, topic string, partition int) int64 {
	t.Helper()
	return offset(t, c, topic, kafkago.LastOffsetOf(partition))
}

func offset(t *testing.T, c Config, topic string, ask kafkago.OffsetRequest) int64 {
	t.Helper()
	client, transport, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	answer, err := client.ListOffsets(within(t), &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: {ask}}})
	if err != nil {
		t.Fatal(err)
	}
	p := answer.Topics[topic][0]
	if p.Error != nil {
		t.Fatal(p.Error)
	}
	return max(p.FirstOffset, p.LastOffset)
}

func TestParseRequest(t *testing.T) {
	want := store.Request{Sensor: "edge-1", Epoch: 1780000000000000, First: 17, Last: 20}
	got, err := parseRequest([]byte(`{"sensor":"edge-1","epoch":1780000000000000,"first":17,"last":20}`))
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, text := range []string{
		"", "null", "{}", `{"sensor":"edge-1","first":0,"last":1}`, `{"sensor":"edge-1","first":2,"last":1}`, `{"sensor":"","first":1,"last":1}`, `{"sensor":"edge-1","first":-1,"last":1}`,
		`{"sensor":"edge-1","first":1,"last":1}` + strings.Repeat(" ", maxRequestOctets),
	} {
		if got, err := parseRequest([]byte(text)); err == nil {
			t.Errorf("%.60q is %+v", text, got)
		}
	}
}
