package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/cdr/record"
)

// coverageRow is a coverage event as it is stored.
type coverageRow struct {
	record.Coverage

	day        time.Time
	receivedAt time.Time
}

// coverageColumns are the columns of calltrail.coverage.
var coverageColumns = slices.Concat(
	[]column[coverageRow]{
		{"day", func(r *coverageRow) any { return date(r.day) }},
		{"record_id", func(r *coverageRow) any { return id(r.RecordID) }},
		{"schema", func(r *coverageRow) any { return r.Schema }},
		{"kind", func(r *coverageRow) any { return string(r.Kind) }},
		{"sensor", func(r *coverageRow) any { return r.Sensor }},
		{"tap", func(r *coverageRow) any { return r.Tap }},
		{"minute", func(r *coverageRow) any { return stamp(r.Minute) }},
		{"from_at", func(r *coverageRow) any { return stamp(r.From) }},
		{"to_at", func(r *coverageRow) any { return stamp(r.To) }},
		{"state", func(r *coverageRow) any { return r.State }},
		{"down_ms", func(r *coverageRow) any { return r.DownMS }},
		counted("reopened", func(r *coverageRow) uint64 { return r.Reopened }),
		counted("packets", func(r *coverageRow) uint64 { return r.Packets }),
		counted("octets", func(r *coverageRow) uint64 { return r.Octets }),
		reasons("decoded", func(r *coverageRow) map[string]uint64 { return r.Decoded }),
		reasons("ignored", func(r *coverageRow) map[string]uint64 { return r.Ignored }),
		reasons("dropped", func(r *coverageRow) map[string]uint64 { return r.Dropped }),
		counted("duplicates", func(r *coverageRow) uint64 { return r.Duplicates }),
		counted("kernel_drops", func(r *coverageRow) uint64 { return r.KernelDrops }),
		counted("ring_freezes", func(r *coverageRow) uint64 { return r.RingFreezes }),
		counted("nic_missed", func(r *coverageRow) uint64 { return r.NICMissed }),
		counted("softnet_dropped", func(r *coverageRow) uint64 { return r.SoftnetDropped }),
		counted("unseen_tcp_octets", func(r *coverageRow) uint64 { return r.Unseen.TCPOctets }),
		counted("unseen_one_sided_calls", func(r *coverageRow) uint64 { return r.Unseen.OneSidedCalls }),
		counted("unseen_rtp_packets", func(r *coverageRow) uint64 { return r.Unseen.RTPPackets }),
		counted("flows", func(r *coverageRow) uint64 { return r.Flows }),
		counted("one_way_flows", func(r *coverageRow) uint64 { return r.OneWayFlows }),
		reasons("evicted", func(r *coverageRow) map[string]uint64 { return r.Evicted }),
		counted("records_first", func(r *coverageRow) uint64 { return r.Records.First }),
		counted("records_last", func(r *coverageRow) uint64 { return r.Records.Last }),
		counted("head_epoch", func(r *coverageRow) uint64 { return r.Head.Epoch }),
		counted("head_seq", func(r *coverageRow) uint64 { return r.Head.Seq }),
		{"head_hash", func(r *coverageRow) any { return r.Head.Hash }},
		{"head_key_id", func(r *coverageRow) any { return r.Head.KeyID }},
		{"head_signature", func(r *coverageRow) any { return r.Head.Signature }},
	},
	observerColumns(func(r *coverageRow) *record.Observer { return &r.Observer }),
	[]column[coverageRow]{
		{"received_at", func(r *coverageRow) any { return r.receivedAt }},
	},
)

// counted is a column of a number that coverageRow.fault has held to what a bigint takes.
func counted(name string, of func(*coverageRow) uint64) column[coverageRow] {
	return column[coverageRow]{name, func(r *coverageRow) any { return int64(of(r)) }} //nolint:gosec // fault bounds it
}

// reasons is a column of counts by name.
func reasons(name string, of func(*coverageRow) map[string]uint64) column[coverageRow] {
	return column[coverageRow]{name, func(r *coverageRow) any {
		if len(of(r)) == 0 {
			return nil
		}
		return of(r)
	}}
}

// fault says what keeps an event from being stored; empty: nothing.
func (r *coverageRow) fault() string {
	switch {
	case r.Tap == "" || r.State == "":
		return "no tap or no state"
	case r.Minute.IsZero() || r.From.IsZero() || r.To < r.From:
		return "no minute, or from_at and to_at are not in order"
	case r.DownMS < 0:
		return fmt.Sprintf("down_ms %d", r.DownMS)
	case r.Head.Hash == "" || r.Head.KeyID == "" || r.Head.Signature == "":
		return "the head of the chain is not signed"
	}
	for _, n := range []uint64{
		r.Reopened, r.Packets, r.Octets, r.Duplicates, r.KernelDrops, r.RingFreezes, r.NICMissed, r.SoftnetDropped,
		r.Unseen.TCPOctets, r.Unseen.OneSidedCalls, r.Unseen.RTPPackets, r.Flows, r.OneWayFlows, r.Records.First, r.Records.Last,
		r.Head.Epoch, r.Head.Seq,
	} {
		if n > math.MaxInt64 {
			return fmt.Sprintf("a count of %d is more than the store holds", n)
		}
	}
	return ""
}

// tapSpan is a row of calltrail.tap.
type tapSpan struct {
	sensor, tap string
	first, last record.Time
}

// storeTaps notes which taps the new events came from. Loaders of several chains may meet at one tap: they take the rows
// in one order, and all of them after the ledger's.
func (b *batch) storeTaps(ctx context.Context) error {
	var taps []tapSpan
	for _, e := range b.news {
		c := e.coverage
		if c == nil {
			continue
		}
		i := slices.IndexFunc(taps, func(t tapSpan) bool { return t.sensor == c.Sensor && t.tap == c.Tap })
		if i < 0 {
			taps = append(taps, tapSpan{c.Sensor, c.Tap, c.Minute, c.Minute})
			continue
		}
		taps[i].first, taps[i].last = min(taps[i].first, c.Minute), max(taps[i].last, c.Minute)
	}
	if len(taps) == 0 {
		return nil
	}
	slices.SortFunc(taps, func(a, b tapSpan) int {
		return strings.Compare(a.sensor+"\x00"+a.tap, b.sensor+"\x00"+b.tap)
	})
	var q pgx.Batch
	for _, t := range taps {
		q.Queue(`INSERT INTO calltrail.tap AS t (sensor, tap, first_minute, last_minute) VALUES ($1, $2, $3, $4)
		         ON CONFLICT (sensor, tap) DO UPDATE
		            SET first_minute = least(t.first_minute, excluded.first_minute), last_minute = greatest(t.last_minute, excluded.last_minute)`,
			t.sensor, t.tap, t.first.Std(), t.last.Std())
	}
	return b.tx.SendBatch(ctx, &q).Close()
}
