package kafka

import "context"

// Lag counts the messages of the records topic that group has not committed; those of a group that has read nothing yet
// are all that are kept. It asks the brokers anew, from outside of the group, and changes nothing.
func Lag(ctx context.Context, c Config, group string) (uint64, error) {
	c, err := c.withDefaults()
	if err != nil {
		return 0, err
	}
	h, err := newHead(ctx, ConsumerConfig{Config: c, Group: group, UntilHead: true})
	if err != nil {
		return 0, err
	}
	defer h.close()
	return h.behind(), nil
}

// behind counts the messages between where the group is and where the topic ended.
func (h *head) behind() uint64 {
	var n uint64
	for p, end := range h.end {
		n += uint64(max(end-h.at[p], 0))
	}
	return n
}
