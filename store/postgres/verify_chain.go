package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"calltrail/store/evidence"
)

// proof is an entry as it stands in the database.
type proof struct {
	seq        uint64
	leaf, hash [32]byte
	outcome    string
	key        recordKey // of a record that is stored; zero: none
	receivedAt time.Time
}

// recordKey finds a record's rows.
type recordKey struct {
	day time.Time
	id  uuid.UUID
}

// maxTail is how much younger than the last signed head a record may be: sensors sign every minute.
const maxTail = 5 * time.Minute

// chainProof is one chain being verified.
type chainProof struct {
	chainKey
	*evidence.Chain

	v      *verifier
	walk   *evidence.Walk
	certs  []evidence.Certificate
	ledger *chain // nil: there is none
	spans  []span // the numbers that are there
	recent recentHashes
	last   [32]byte // hash of the last entry

	link    *brokenLink
	signed  time.Time // of the newest coverage event that a signed head covers; before the first, when the chain began
	tail    []timed   // entries that no head covers yet
	started bool
	cut     bool // an anchor lies behind the end
}

// timed is an entry with the time its record tells.
type timed struct {
	seq      uint64
	at       time.Time
	coverage bool
}

// maxUncovered bounds how many entries may wait for a signed head: sensors sign every minute.
const maxUncovered = 1_000_000

// cover takes what the newest head covers off the tail. A head says no time itself, so only a coverage event that is covered by
// a later head tells one: the time beside a head is anybody's.
func (c *chainProof) cover() {
	n := 0
	for n < len(c.tail) && c.tail[n].seq <= c.SignedTo {
		if t := &c.tail[n]; t.coverage && t.at.After(c.signed) {
			c.signed = t.at
		}
		n++
	}
	c.tail = c.tail[n:]
}

// brokenLink is a link that does not hold, kept until it is known on which side of it the fault is.
type brokenLink struct {
	fault evidence.Fault
	whole bool // the bytes of its entry are those its leaf names
}

// recentHashes are those of the newest entries: how far back a signed head may point without a look into the database. As many
// as there are places, however the numbers lie.
type recentHashes struct {
	of [4096]struct {
		seq  uint64 // 0: none yet
		hash [32]byte
	}
}

func (r *recentHashes) keep(seq uint64, hash [32]byte) {
	place := &r.of[seq%uint64(len(r.of))]
	place.seq, place.hash = seq, hash
}

func (r *recentHashes) find(seq uint64) (hash [32]byte, known bool) {
	place := &r.of[seq%uint64(len(r.of))]
	return place.hash, seq != 0 && place.seq == seq
}

// chain verifies one chain from its first entry to its last.
func (v *verifier) chain(ctx context.Context, key chainKey) error {
	c := &chainProof{chainKey: key, Chain: &evidence.Chain{Sensor: key.sensor, Epoch: key.epoch}, v: v, signed: time.UnixMicro(int64(key.epoch))} //nolint:gosec // it came from a bigint
	v.report.Chains = append(v.report.Chains, c.Chain)
	var err error
	if c.certs, err = v.certificates(ctx, key); err != nil {
		return err
	}
	if err := c.readLedger(ctx); err != nil {
		return err
	}
	if err := c.begin(ctx); err != nil {
		return err
	}
	from, to := v.bounds()
	low := int64(from) //nolint:gosec // bounds holds it to int64
	if v.q.From == 0 {
		low = math.MinInt64 // a number below 1 belongs to nothing, and is found
	}
	// The cursor takes no parameters, so the values go through the server's own quoting.
	var declare string
	err = v.tx.QueryRow(ctx, `SELECT format('DECLARE proof NO SCROLL CURSOR FOR
		SELECT seq, leaf, hash, outcome, day, record_id, received_at FROM calltrail.entry
		 WHERE sensor = %L AND epoch = %s AND seq BETWEEN %s AND %s ORDER BY seq', $1::text, $2::bigint, $3::bigint, $4::bigint)`,
		key.sensor, int64(key.epoch), low, int64(to)).Scan(&declare) //nolint:gosec // both are held to int64
	if err != nil {
		return err
	}
	if _, err := v.tx.Exec(ctx, declare); err != nil {
		return err
	}
	for {
		page, err := v.fetch(ctx)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		if err := c.page(ctx, page); err != nil {
			return err
		}
		v.report.Records += uint64(len(page))
		if v.q.Progress != nil {
			v.q.Progress(v.report.Records)
		}
	}
	if _, err := v.tx.Exec(ctx, `CLOSE proof`); err != nil {
		return err
	}
	return c.end(ctx)
}

// fetch reads the next page of the cursor.
func (v *verifier) fetch(ctx context.Context) (page []proof, err error) {
	rows, err := v.tx.Query(ctx, fmt.Sprintf(`FETCH FORWARD %d FROM proof`, verifyPage))
	if err != nil {
		return nil, err
	}
	var seq int64
	var leaf, hash []byte
	var outcome string
	var day pgtype.Date
	var id pgtype.UUID
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&seq, &leaf, &hash, &outcome, &day, &id, &at}, func() error {
		p := proof{seq: uint64(max(seq, 0)), outcome: outcome, receivedAt: at}
		copy(p.leaf[:], leaf)
		copy(p.hash[:], hash)
		if day.Valid && id.Valid {
			p.key = recordKey{day.Time.UTC(), id.Bytes}
		}
		page = append(page, p)
		return nil
	})
	return page, err
}

// begin finds out what the first entry must be chained to.
func (c *chainProof) begin(ctx context.Context) error {
	from, _ := c.v.bounds()
	if from > 1 {
		prev, known, err := c.v.hashAt(ctx, c.chainKey, from-1)
		c.walk = evidence.NewWalk(c.epoch, from, prev, known, c.certs)
		return err
	}
	var genesis [32]byte
	known := c.ledger != nil && len(c.ledger.genesis) == 32
	if known {
		copy(genesis[:], c.ledger.genesis)
	}
	c.walk = evidence.NewWalk(c.epoch, 1, genesis, known, c.certs)
	switch {
	case !known:
		c.v.add(c.Chain, evidence.Fault{Seq: 1, Last: 1, Kind: evidence.Origin, Text: "the ledger does not say what the first entry is chained to"})
	case c.v.keys != nil && !c.unsigned() && !c.v.keys.Genesis(c.sensor, genesis):
		c.v.add(c.Chain, evidence.Fault{Seq: 1, Last: 1, Kind: evidence.Origin, Text: "the chain does not begin with the sensor's name and a key that is trusted for it"})
	}
	return nil
}

// unsigned says whether the operator takes this sensor's chains without signatures.
func (c *chainProof) unsigned() bool { return slices.Contains(c.v.q.Unsigned, c.sensor) }

// page checks one page of entries: the place of each, then what it names.
func (c *chainProof) page(ctx context.Context, page []proof) error {
	content, err := c.v.content(ctx, c, page)
	if err != nil {
		return err
	}
	for i := range page {
		p := &page[i]
		if p.seq == 0 || (c.started && p.seq <= c.Last) {
			c.v.add(c.Chain, evidence.Fault{Seq: p.seq, Last: p.seq, Kind: evidence.Extra, Text: "a number below 1, or there twice"})
			continue
		}
		c.step(p)
		whole, err := c.entry(ctx, p, content)
		if err != nil {
			return err
		}
		if c.link != nil && c.link.fault.Seq == p.seq {
			c.link.whole = whole
		}
	}
	return nil
}

// step goes one entry on.
func (c *chainProof) step(p *proof) {
	held := c.link
	c.link = nil
	again := false
	for _, f := range c.walk.Next(p.seq, p.leaf, p.hash) {
		if f.Kind != evidence.Broken {
			c.v.add(c.Chain, f)
			continue
		}
		again = true
		c.link = &brokenLink{fault: f}
	}
	c.settle(held, again)
	if !c.started {
		c.First, c.started = p.seq, true
	}
	c.Last, c.last = p.seq, p.hash
	c.Entries++
	if n := len(c.spans); n > 0 && c.spans[n-1].last+1 == p.seq {
		c.spans[n-1].last = p.seq
	} else if n < maxSpans {
		c.spans = append(c.spans, span{p.seq, p.seq})
	}
	c.recent.keep(p.seq, p.hash)
}

// settle says where a broken link's fault is. When the link behind it is broken too, its own hash was changed. When its
// bytes are not those of its leaf, the leaf was. Else either this entry or the one before was made anew, and it cannot be
// told which, unless a signed head vouches for the one before.
func (c *chainProof) settle(b *brokenLink, again bool) {
	if b == nil {
		return
	}
	if b.whole && !again && b.fault.Seq > 1 && c.SignedTo < b.fault.Seq-1 {
		b.fault.Seq--
		b.fault.Text = "one of the two was made anew: the second does not follow from the first"
	}
	c.v.add(c.Chain, b.fault)
}

// end checks what can be said of the chain when all of it was seen.
func (c *chainProof) end(ctx context.Context) error {
	c.settle(c.link, false)
	c.link = nil
	last := c.Last
	switch {
	case c.v.q.To != 0:
		last = c.v.q.To
	case c.ledger != nil:
		last = max(last, c.ledger.headSeq)
	}
	if n := len(c.certs); n > 0 && c.v.q.To == 0 {
		last = max(last, c.certs[n-1].ToSeq)
	}
	for _, f := range c.walk.End(last) {
		c.v.add(c.Chain, f)
	}
	from, to := c.v.bounds()
	for _, d := range c.certs {
		if d.FromSeq <= to && d.ToSeq >= from {
			c.Deleted += min(d.ToSeq, to) - max(d.FromSeq, from) + 1
		}
	}
	if err := c.anchors(ctx); err != nil {
		return err
	}
	if c.v.q.From == 0 && c.v.q.To == 0 {
		c.compareLedger()
		c.unsignedTail()
	}
	return nil
}

// unsignedTail finds entries that a signed head should cover by now. Where the end was cut off, with its heads, that is said.
func (c *chainProof) unsignedTail() {
	if c.v.keys == nil || c.unsigned() || c.Entries == 0 || c.cut {
		return
	}
	var newest time.Time
	for i := range c.tail {
		if t := c.tail[i].at; t.After(newest) {
			newest = t
		}
	}
	switch {
	case !c.v.keys.Sensor(c.sensor):
		c.v.add(c.Chain, evidence.Fault{Seq: c.First, Last: c.Last, Kind: evidence.Unsigned, Text: "no key is trusted for this sensor"})
	case c.SignedTo == 0:
		c.v.add(c.Chain, evidence.Fault{Seq: c.First, Last: c.Last, Kind: evidence.Unsigned, Text: "no signed head covers any of it"})
	case c.SignedTo < c.Last && newest.Sub(c.signed) > maxTail:
		c.v.add(c.Chain, evidence.Fault{
			Seq: c.SignedTo + 1, Last: c.Last, Kind: evidence.Unsigned,
			Text: fmt.Sprintf("the last coverage event that a signed head covers is %s older than the newest record", newest.Sub(c.signed).Round(time.Second)),
		})
	}
}
