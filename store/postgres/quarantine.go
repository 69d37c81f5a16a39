package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
)

// rejected is an entry on its way to the quarantine. The reason is here and not in the entry: another attempt at the
// same entry may find another.
type rejected struct {
	*entry
	reason, detail string
}

func (b *batch) reject(e *entry, reason, detail string) {
	b.rejected = append(b.rejected, rejected{e, reason, detail})
	b.counts.Quarantined++
	if alarm(reason) {
		b.counts.Alarms++
	}
}

// writeQuarantine keeps what was rejected, byte for byte. What was read from the same place before is kept once.
func (b *batch) writeQuarantine(ctx context.Context) error {
	if len(b.rejected) == 0 {
		return nil
	}
	var q pgx.Batch
	for _, r := range b.rejected {
		sum := sha256.Sum256(r.Body)
		body := r.Body
		if body == nil {
			body = []byte{}
		}
		q.Queue(`INSERT INTO calltrail.quarantine (received_at, sensor, epoch, seq, origin, reason, detail, headers, body, sha256)
		         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
			b.now, text(sayable(r.Sensor)), number(r.Epoch), number(r.Seq), sayable(r.Origin), r.reason, text(sayable(r.detail)),
			map[string]string{
				"prev_hash": hex.EncodeToString(r.Prev[:]),
				"leaf":      hex.EncodeToString(r.Leaf[:]),
				"hash":      hex.EncodeToString(r.Hash[:]),
			}, body, sum[:])
	}
	return b.tx.SendBatch(ctx, &q).Close()
}

// log tells an operator what went into quarantine: one line for each reason, however many items a batch held.
func (b *batch) log(logger zerolog.Logger) {
	seen := map[string]int{}
	for _, r := range b.rejected {
		seen[r.reason]++
	}
	for _, r := range b.rejected {
		n := seen[r.reason]
		if n == 0 {
			continue
		}
		seen[r.reason] = 0
		level, message := zerolog.WarnLevel, "quarantined"
		if alarm(r.reason) {
			level, message = zerolog.ErrorLevel, "chain alarm: quarantined"
		}
		logger.WithLevel(level).Str("reason", r.reason).Int("items", n).Str("first_origin", r.Origin).
			Str("sensor", r.Sensor).Uint64("epoch", r.Epoch).Uint64("seq", r.Seq).Msg(message)
	}
}

// number is a header's number, or NULL when it is absent or does not fit.
func number(n uint64) any {
	if n == 0 || n > math.MaxInt64 {
		return nil
	}
	return int64(n)
}

// sayable makes any bytes a text Postgres can keep, of at most a kibibyte.
func sayable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s[:min(len(s), 1024)], "\x00", "␀"), "�")
}
