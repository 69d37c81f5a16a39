package kafka

import (
	"context"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// headPoll is how often a feed with an end that gets no messages asks how far its group has come.
const headPoll = 500 * time.Millisecond

// head knows how far a topic reached at one moment, and how far a group has read since.
type head struct {
	cfg       ConsumerConfig
	client    *kafkago.Client
	transport *kafkago.Transport
	end       map[int]int64 // offset behind the last message, by partition
	at        map[int]int64 // offset of the next message to read
}

// newHead notes the topic's high watermarks. It is made for every consumer, for its errors: a reader of a group waits
// silently for a topic that is not there.
func newHead(ctx context.Context, c ConsumerConfig) (*head, error) {
	client, transport, err := c.client()
	if err != nil {
		return nil, err
	}
	h := &head{cfg: c, client: client, transport: transport, end: map[int]int64{}, at: map[int]int64{}}
	partitions, err := c.partitions(ctx, client, c.RecordsTopic)
	if err == nil {
		for _, p := range partitions {
			h.end[p] = 0
		}
		err = settle(ctx, func() error { return h.watermarks(ctx) })
	}
	if err == nil && c.UntilHead {
		err = settle(ctx, func() error { return h.refresh(ctx) })
	}
	if err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *head) close() { h.transport.CloseIdleConnections() }

// watermarks reads where each partition begins and ends.
func (h *head) watermarks(ctx context.Context) error {
	const op = "read the ends of "
	topic := h.cfg.RecordsTopic
	var ask []kafkago.OffsetRequest
	for p := range h.end {
		ask = append(ask, kafkago.FirstOffsetOf(p), kafkago.LastOffsetOf(p))
	}
	answer, err := h.client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: ask}})
	if err != nil {
		return h.cfg.wrap(op+topic, err)
	}
	for _, p := range answer.Topics[topic] {
		if p.Error != nil {
			return h.cfg.wrap(op+topic, p.Error)
		}
		h.end[p.Partition] = p.LastOffset
		h.advance(p.Partition, p.FirstOffset)
	}
	return nil
}

// refresh reads how far the group has committed: what other members read counts too.
func (h *head) refresh(ctx context.Context) error {
	const op = "read the offsets of group "
	topic := h.cfg.RecordsTopic
	partitions := make([]int, 0, len(h.end))
	for p := range h.end {
		partitions = append(partitions, p)
	}
	answer, err := h.client.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: h.cfg.Group, Topics: map[string][]int{topic: partitions}})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return h.cfg.wrap(op+h.cfg.Group, err)
	}
	for _, p := range answer.Topics[topic] {
		if p.Error != nil {
			return h.cfg.wrap(op+h.cfg.Group, p.Error)
		}
		h.advance(p.Partition, p.CommittedOffset)
	}
	return nil
}

// read notes a message that was handed out.
func (h *head) read(m *kafkago.Message) { h.advance(m.Partition, m.Offset+1) }

func (h *head) advance(partition int, offset int64) { h.at[partition] = max(h.at[partition], offset) }

func (h *head) reached() bool {
	for p, end := range h.end {
		if h.at[p] < end {
			return false
		}
	}
	return true
}
