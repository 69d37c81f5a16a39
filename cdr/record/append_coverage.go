package record

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Append writes the event's exact bytes to dst, as Call.Append does. The counts stand in the order of their names, so
// that the same counts are the same bytes.
//
// Counts of more than MaxList names are cut: the smallest, and those whose name a record cannot hold, are added up under
// "other", in c as well, so that the sum stays what it was. An event of such counts always fits in MaxRecord.
func (c *Coverage) Append(dst []byte) []byte {
	c.bound()
	base := len(dst)
	o := object{dst}
	observed := c.write(&o)
	c.RecordID = recordID(c.Minute, o.b[base+len(placeholder):observed])
	appendUUID(o.b[:base+idOffset], c.RecordID)
	return o.b
}

func (c *Coverage) write(o *object) (observed int) {
	o.b = append(o.b, placeholder...)
	o.b = append(o.b, `"schema":`...)
	o.b = appendString(o.b, c.Schema)
	o.textAlways("kind", string(c.Kind))
	o.textAlways("day", c.Day)
	o.textAlways("sensor", c.Sensor)
	o.textAlways("tap", c.Tap)
	o.time("minute", c.Minute)
	o.time("from_at", c.From)
	o.time("to_at", c.To)
	o.textAlways("state", c.State)
	o.integer("down_ms", c.DownMS)
	o.unsigned("reopened", c.Reopened)
	o.unsigned("packets", c.Packets)
	o.unsigned("octets", c.Octets)
	o.counts("decoded", c.Decoded)
	o.counts("ignored", c.Ignored)
	o.counts("dropped", c.Dropped)
	o.unsigned("duplicates", c.Duplicates)
	o.unsigned("kernel_drops", c.KernelDrops)
	o.unsigned("ring_freezes", c.RingFreezes)
	o.unsigned("nic_missed", c.NICMissed)
	o.unsigned("softnet_dropped", c.SoftnetDropped)
	o.open("unseen", '{')
	o.unsigned("tcp_octets", c.Unseen.TCPOctets)
	o.unsigned("one_sided_calls", c.Unseen.OneSidedCalls)
	o.unsigned("rtp_packets", c.Unseen.RTPPackets)
	o.close('}')
	o.unsigned("flows", c.Flows)
	o.unsigned("one_way_flows", c.OneWayFlows)
	o.counts("evicted", c.Evicted)
	o.open("records", '{')
	o.unsigned("first", c.Records.First)
	o.unsigned("last", c.Records.Last)
	o.close('}')
	o.open("head", '{')
	o.unsigned("epoch", c.Head.Epoch)
	o.unsigned("seq", c.Head.Seq)
	o.textAlways("hash", c.Head.Hash)
	o.textAlways("key_id", c.Head.KeyID)
	o.textAlways("signature", c.Head.Signature)
	o.close('}')
	observed = len(o.b)
	o.observer(&c.Observer)
	o.close('}')
	return observed
}

// counts writes counts by name, absent when there are none.
func (o *object) counts(name string, m map[string]uint64) {
	if len(m) == 0 {
		return
	}
	o.open(name, '{')
	for _, k := range slices.Sorted(maps.Keys(m)) {
		o.unsigned(k, m[k])
	}
	o.close('}')
}

// bound holds what others choose the length of to what a record holds.
func (c *Coverage) bound() {
	// Before it is cut: a replacement takes more room than what it replaces.
	c.Tap = strings.ReplaceAll(strings.ToValidUTF8(c.Tap, "\uFFFD"), "\x00", "\uFFFD")
	if len(c.Tap) > MaxValue {
		c.Tap = cutText(c.Tap, MaxValue)
	}
	for _, m := range []*map[string]uint64{&c.Decoded, &c.Ignored, &c.Dropped, &c.Evicted} {
		*m = boundedCounts(*m)
	}
}

// otherCount is the name of counts that have no room, or no name, of their own.
const otherCount = "other"

// boundedCounts is m itself when it can stand as it is.
func boundedCounts(m map[string]uint64) map[string]uint64 {
	names := slices.Collect(maps.Keys(m))
	if len(names) <= MaxList && !slices.ContainsFunc(names, func(k string) bool { return !isName(k) }) {
		return m
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	out := make(map[string]uint64, MaxList)
	var other uint64
	for _, k := range names {
		if k != otherCount && isName(k) && len(out) < MaxList-1 {
			out[k] = m[k]
		} else {
			other += m[k]
		}
	}
	out[otherCount] = other
	return out
}

// maxName is the longest name, in octets; a name is of the form ^[a-z][a-z0-9_]*$.
const maxName = 64

func isName(s string) bool {
	if s == "" || len(s) > maxName || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
