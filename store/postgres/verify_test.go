package postgres

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/cdr/record"
	"calltrail/store/evidence"
)

// The golden records go the real way, spool and loader, into a database; then all holds, the owner's changes show, and what a
// certificate names may be missing.
func TestVerify(t *testing.T) {
	t.Parallel()
	e := newEvidence(t)
	e.golden()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, e.cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()

	r := e.verify(e.query())
	for _, f := range r.Faults {
		t.Errorf("%+v", f)
	}
	c := r.Chains[0]
	if len(r.Chains) != 1 || c.Entries < 100 || c.Duplicates != 1 || c.Quarantined != 1 || c.Heads < 10 || c.Anchors != 1 || c.SignedTo != c.Last-1 {
		t.Errorf("chain %+v", c)
	}
	q := e.query()
	q.Sensor, q.From, q.To = goldenSensor, 10, 40
	if r := e.verify(q); !r.Good() || r.Records != 31 {
		t.Errorf("numbers 10 to 40: %d records, %+v", r.Records, r.Faults)
	}

	t.Run("without contents", func(t *testing.T) { e.withoutContents(t, conn) })
	t.Run("mutations", func(t *testing.T) { e.mutations(t, conn) })
	t.Run("certificates", func(t *testing.T) { e.certificates(t, conn) })
	t.Run("keys", func(t *testing.T) { e.forgedKeys(t, conn) })
	t.Run("controls", func(t *testing.T) { e.controls(t, conn) })

	// Last, a change that is committed, and found by who only reads.
	if _, err := conn.Exec(ctx, `SET session_replication_role = replica; UPDATE calltrail.call_record SET caller_e164 = '+910000000000'
		WHERE record_id = (SELECT record_id FROM calltrail.entry WHERE seq = 7)`); err != nil {
		t.Fatal(err)
	}
	if r := e.verify(e.query()); judge(r, 7) != "" || r.Chains[0].FirstBad.Seq != 7 || r.Faults[0].Kind != evidence.Row {
		t.Errorf("a committed change of number 7: %+v", r.Faults)
	}
}

// The owner cuts the chain at a signed head and writes calls of his own behind it, among coverage events that all show that head
// again, each with a time of its own: nothing signed covers them.
func TestVerifyReplayedHead(t *testing.T) {
	t.Parallel()
	e := newEvidence(t)
	e.golden()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, e.cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	h := e.heads[5]
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `SET LOCAL session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	if _, err := cutTail(ctx, tx, int64(h.Seq), true); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	q := e.query()
	q.Anchors = nil
	if r := e.verify(q); !r.Good() {
		t.Fatalf("cut at a head, with no anchor, %+v: what docs/evidence.md says cannot be seen", r.Faults)
	}
	b := &builder{tb: t, sensor: goldenSensor, epoch: h.Epoch, seq: h.Seq, prev: h.Hash}
	forged := b.calls(1, 3)
	for i := range 3 {
		at := record.Time(h.At.Add(time.Duration(i+1) * time.Hour).UnixMicro())
		c := tapMinute("eth1", 0)
		c.Sensor, c.Minute, c.From, c.To, c.Day = goldenSensor, at, at, at+60*1000000, at.Day()
		c.Head = record.ChainHead{Epoch: h.Epoch, Seq: h.Seq, Hash: hex.EncodeToString(h.Hash[:]), KeyID: h.KeyID, Signature: base64.StdEncoding.EncodeToString(h.Signature)}
		forged = append(forged, b.body(c.Append(nil)))
	}
	deliver(t, e.loader, forged...)
	r := e.verify(q)
	if len(r.Faults) != 1 || r.Faults[0].Kind != evidence.Unsigned || r.Faults[0].Seq != h.Seq+1 {
		t.Errorf("calls forged behind an old head: %+v", r.Faults)
	}
}

// An empty database, and a sensor of another name, are not verified.
func TestVerifyNothing(t *testing.T) {
	t.Parallel()
	e := newEvidence(t)
	for _, sensor := range []string{"", "godlen"} {
		q := e.query()
		q.Sensor, q.Anchors = sensor, nil
		if r := e.verify(q); r.Good() {
			t.Errorf("sensor %q: nothing was verified, and all holds", sensor)
		}
	}
}

// certificates deletes ranges with a certificate: exactly what it names may be missing.
func (e *evidenceChain) certificates(t *testing.T, conn *pgx.Conn) {
	ctx := context.Background()
	officer := newSigner(t)
	q := e.query()
	q.Own = append(q.Own, evidence.Statement{Schema: evidence.SchemaKey, Kind: evidence.Trust, Use: evidence.ForDeletion, Name: "officer", PublicKey: officer.PublicKey()})
	drop := func(tx pgx.Tx, from, to int64, entries bool) error {
		for seq := from; seq <= to; seq++ {
			if err := dropRecord(ctx, tx, seq); err != nil {
				return err
			}
		}
		if !entries {
			return nil
		}
		return changed(ctx, tx, `DELETE FROM calltrail.entry WHERE seq BETWEEN $1 AND $2`, from, to)
	}
	cases := []struct {
		name string
		bad  int64 // first bad number; 0: all holds
		do   func(pgx.Tx) error
	}{
		{"records", 0, func(tx pgx.Tx) error {
			return joinErr(certify(ctx, tx, officer, 30, 40), func() error { return drop(tx, 30, 40, false) })
		}},
		{"records and entries", 0, func(tx pgx.Tx) error {
			return joinErr(certify(ctx, tx, officer, 30, 40), func() error { return drop(tx, 30, 40, true) })
		}},
		{"two ranges", 0, func(tx pgx.Tx) error {
			err := joinErr(certify(ctx, tx, officer, 30, 40), func() error { return certify(ctx, tx, officer, 50, 55) })
			return joinErr(joinErr(err, func() error { return drop(tx, 30, 40, true) }), func() error { return drop(tx, 50, 55, true) })
		}},
		{"the beginning", 0, func(tx pgx.Tx) error {
			return joinErr(certify(ctx, tx, officer, 1, 12), func() error { return drop(tx, 1, 12, true) })
		}},
		{"one record more, behind", 41, func(tx pgx.Tx) error {
			return joinErr(certify(ctx, tx, officer, 30, 40), func() error { return drop(tx, 30, 41, false) })
		}},
		{"one entry more, before", 29, func(tx pgx.Tx) error {
			return joinErr(certify(ctx, tx, officer, 30, 40), func() error { return drop(tx, 29, 40, true) })
		}},
		{"one entry more, behind", 41, func(tx pgx.Tx) error {
			return joinErr(certify(ctx, tx, officer, 30, 40), func() error { return drop(tx, 30, 41, true) })
		}},
		{"signed by a sensor's key", 30, func(tx pgx.Tx) error {
			return joinErr(certify(ctx, tx, e.signer, 30, 40), func() error { return drop(tx, 30, 40, true) })
		}},
		{"changed after it was signed", 30, func(tx pgx.Tx) error {
			if err := joinErr(certify(ctx, tx, officer, 30, 35), func() error { return drop(tx, 30, 40, true) }); err != nil {
				return err
			}
			return changed(ctx, tx, `UPDATE calltrail.deletion_certificate SET certificate = replace(replace(certificate, '"to_seq":35', '"to_seq":40'), '"count":6', '"count":11')`)
		}},
		{"still there", 30, func(tx pgx.Tx) error { return certify(ctx, tx, officer, 30, 30) }},
		{"of another chain before it", 30, func(tx pgx.Tx) error {
			// The officer is told hashes that are not the chain's.
			if err := changed(ctx, tx, `UPDATE calltrail.entry SET hash = sha256(hash) WHERE seq = 29`); err != nil {
				return err
			}
			if err := certify(ctx, tx, officer, 30, 40); err != nil {
				return err
			}
			if err := drop(tx, 30, 40, true); err != nil {
				return err
			}
			return rechain(ctx, tx, 29, 29)
		}},
	}
	for _, c := range cases {
		r, err := e.tampered(conn, q, "", c.do)
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.bad == 0 && (!r.Good() || r.Chains[0].Deleted == 0):
			t.Errorf("%s: %+v %v", c.name, r.Faults, r.Remarks)
		case c.bad != 0 && (r.Good() || r.Chains[0].FirstBad == nil || r.Chains[0].FirstBad.Seq != uint64(c.bad)):
			t.Errorf("%s: want number %d, have %+v %v", c.name, c.bad, r.Faults, r.Remarks)
		}
	}
}

func joinErr(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

// forgedKeys holds that the database's word about keys convinces nobody, and no key at all is no trust.
func (e *evidenceChain) forgedKeys(t *testing.T, _ *pgx.Conn) {
	ctx := context.Background()
	thief := newSigner(t)
	forged, err := thief.Succeed(evidence.ForSensor, goldenSensor, newSigner(t).PublicKey(), time.Now(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := AddKeyStatements(ctx, e.cfg, []evidence.Statement{forged}); err != nil {
		t.Fatal(err)
	}
	r := e.verify(e.query())
	if !r.Good() || len(r.Remarks) != 1 || !strings.Contains(r.Remarks[0], "is not trusted") {
		t.Errorf("a forged key: %+v %v", r.Faults, r.Remarks)
	}
	q := e.query()
	q.Own[0].PublicKey = thief.PublicKey()
	q.Own = q.Own[:1]
	defer func() { e.own[0].PublicKey = e.signer.PublicKey() }()
	if r := e.verify(q); r.Good() || r.Chains[0].FirstBad.Seq != 1 || r.Chains[0].Heads != 0 {
		t.Errorf("with another key: %+v", r.Chains[0])
	}
	q.NoSignatures = true
	if r := e.verify(q); !r.Good() || r.Signatures {
		t.Errorf("without signatures: %+v", r.Faults)
	}
}

// controls switches off one check after the other: what only that one finds is then missed, so the check is what finds it.
func (e *evidenceChain) controls(t *testing.T, conn *pgx.Conn) {
	ctx := context.Background()
	random := rand.New(rand.NewPCG(1, 2))
	var last int64
	if err := conn.QueryRow(ctx, `SELECT max(seq) FROM calltrail.entry`).Scan(&last); err != nil {
		t.Fatal(err)
	}
	update := func(sql string) func(pgx.Tx) error {
		return func(tx pgx.Tx) error { return changed(ctx, tx, sql) }
	}
	cases := []struct {
		check evidence.Kind
		do    func(pgx.Tx) error
	}{
		{evidence.Row, update(`UPDATE calltrail.call_record SET disposition = 'failed' WHERE disposition = 'answered'`)},
		{evidence.Row, update(`UPDATE calltrail.endpoint SET roles = '{hop}'`)},
		{evidence.Bytes, update(`DELETE FROM calltrail.quarantine`)},
		{evidence.Extra, update(`INSERT INTO calltrail.endpoint SELECT day, record_id, call_uid, '192.0.2.9', port, roles, first_at, last_at FROM calltrail.endpoint LIMIT 1`)},
		{evidence.Broken, update(`UPDATE calltrail.entry SET hash = sha256(hash) WHERE seq = 3`)},
		{evidence.Ledger, update(`UPDATE calltrail.ledger SET received = received - '{[5,6)}'`)},
		{evidence.Cut, func(tx pgx.Tx) error {
			_, err := cutTail(ctx, tx, 20, true)
			return err
		}},
		{evidence.HeadHash, func(tx pgx.Tx) error {
			seq, err := pickForged(ctx, tx, random, 30) // behind the one in quarantine, whose headers have a hash, too
			if err != nil {
				return err
			}
			return rechain(ctx, tx, seq, last)
		}},
	}
	for _, c := range cases {
		with, err := e.tampered(conn, e.query(), "", c.do)
		if err != nil {
			t.Errorf("%s: %v", c.check, err)
			continue
		}
		without, err := e.tampered(conn, e.query(), c.check, c.do)
		if err != nil || with.Good() || !onlyUnsigned(without) {
			t.Errorf("%s: found with the check %t; without it %+v, %v", c.check, !with.Good(), without.Faults, err)
		}
	}
}

// onlyUnsigned allows for what follows from heads that do not match: that nothing is signed.
func onlyUnsigned(r *evidence.Report) bool {
	for _, f := range r.Faults {
		if f.Kind != evidence.Unsigned {
			return false
		}
	}
	return true
}

// How fast it is, of as many records as CALLTRAIL_VERIFY_RECORDS says (1,000): a measurement.
func TestVerifyRate(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("CALLTRAIL_VERIFY_RECORDS"))
	if err != nil {
		n = 1000
	}
	cfg := migrated(t)
	l, chain := open(t, cfg), newChain(t)
	for done := 0; done < n; done += 500 {
		deliver(t, l, chain.calls(done, 500)...)
	}
	r, err := Verify(context.Background(), cfg, VerifyQuery{NoSignatures: true})
	if err != nil || !r.Good() {
		t.Fatalf("%v %+v", err, r)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("%d records in %s: %.0f/s, %d MiB from the system", r.Records, r.Took, float64(r.Records)/r.Took.Seconds(), memory.Sys>>20)
}

// A key is rotated while the chain goes on: what was signed before and after holds; what a revoked key signs later does not.
func TestVerifyRotation(t *testing.T) {
	t.Parallel()
	e := newEvidence(t)
	chain := newChain(t)
	chain.sensor = goldenSensor
	write := func() {
		for range 3 {
			chain.seq++
			e.write(chain.call(chain.sample(int(chain.seq))).Body)
		}
		e.cover()
	}
	write()
	old, next := e.signer, newSigner(t)
	at := func(n int) time.Time { return e.minute(n).Add(30 * time.Second) }
	s, err := old.Succeed(evidence.ForSensor, goldenSensor, next.PublicKey(), at(2), at(3))
	if err != nil {
		t.Fatal(err)
	}
	write() // the old key, in the time of both
	e.signer = next
	write()
	e.load()
	if r := e.verify(e.query()); r.Good() || r.Chains[0].FirstBad.Kind != evidence.Signature || r.Chains[0].FirstBad.Seq != 12 {
		t.Errorf("without the statement the new key is believed: %+v", r.Faults)
	}
	if n, err := AddKeyStatements(context.Background(), e.cfg, []evidence.Statement{s, s}); n != 1 || err != nil {
		t.Fatalf("%d added, %v", n, err)
	}
	if r := e.verify(e.query()); !r.Good() || r.Chains[0].Heads != 3 {
		t.Errorf("before, across and after: %+v %v", r.Faults, r.Remarks)
	}
	e.signer = old
	write() // after its time
	e.load()
	if r := e.verify(VerifyQuery{Own: e.own}); r.Good() || r.Chains[0].FirstBad.Seq != 16 || !strings.Contains(r.Chains[0].FirstBad.Text, "was valid until") {
		t.Errorf("the old key after its time: %+v", r.Faults)
	}
	e.signer = next
	write()
	e.load()
	e.own = append(e.own, evidence.Statement{
		Schema: evidence.SchemaKey, Kind: evidence.Revocation, Use: evidence.ForSensor, Name: goldenSensor, PublicKey: next.PublicKey(), RevokedAt: at(5), Reason: "test",
	})
	// The operator revokes a key that only the database's statement names: it must hold all the same.
	r := e.verify(VerifyQuery{Own: e.own})
	if r.Good() || r.Chains[0].Heads != 3 || r.Chains[0].SignedTo != 11 || r.Total != 2 || r.Faults[0].Seq != 16 || !strings.Contains(r.Faults[1].Text, "was revoked at") {
		t.Errorf("a revoked key: %+v %+v", *r.Chains[0], r.Faults)
	}
}

// withoutContents verifies as an auditor may, who reads no record: the chain, its heads and the ledger. What only bytes tell is not seen.
func (e *evidenceChain) withoutContents(t *testing.T, conn *pgx.Conn) {
	q := e.query()
	q.NoContents = true
	whole, r := e.verify(e.query()), e.verify(q)
	for _, f := range r.Faults {
		t.Errorf("%+v", f)
	}
	got, want := *r.Chains[0], *whole.Chains[0]
	if r.Contents || !whole.Contents || len(r.Chains) != 1 || got != want {
		t.Errorf("chain %+v, want %+v", got, want)
	}
	for _, c := range []struct {
		name, statement string
		kind            evidence.Kind // empty: only the bytes tell
	}{
		{"an entry is taken out", `DELETE FROM calltrail.entry WHERE seq = 12`, evidence.Missing},
		{"a leaf is changed", `UPDATE calltrail.entry SET leaf = sha256(leaf) WHERE seq = 12`, evidence.Broken},
		{"a head is another", `UPDATE calltrail.coverage SET head_seq = head_seq - 1 WHERE head_seq > 20`, evidence.Signature},
		{"a signature is another's", `UPDATE calltrail.coverage SET head_signature = (SELECT head_signature FROM calltrail.coverage ORDER BY head_seq LIMIT 1)`, evidence.Signature},
		{"the ledger reaches further", `UPDATE calltrail.ledger SET head_seq = head_seq + 1`, evidence.Missing},
		{"the ledger has another head", `UPDATE calltrail.ledger SET head_hash = sha256(head_hash)`, evidence.Ledger},
		{"the end is cut off", `DELETE FROM calltrail.entry WHERE seq > 30`, evidence.Cut},
		{"a coverage event of no entry", `INSERT INTO calltrail.coverage SELECT (jsonb_populate_record(c, '{"record_id": "00000000-0000-4000-8000-000000000001"}')).* FROM calltrail.coverage c LIMIT 1`, evidence.Extra},
		{"a duplicate of nothing", `UPDATE calltrail.entry SET record_id = '00000000-0000-4000-8000-000000000002' WHERE outcome = 'duplicate'`, evidence.Row},
		{"a row says something else", `UPDATE calltrail.call_record SET caller_e164 = '+910000000000'`, ""},
	} {
		r, err := e.tampered(conn, q, "", func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), c.statement)
			return err
		})
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.kind == "" && !r.Good(), c.kind != "" && !slices.ContainsFunc(r.Faults, func(f evidence.Fault) bool { return f.Kind == c.kind }):
			t.Errorf("%s: want %q, got %+v", c.name, c.kind, r.Faults)
		}
	}
}
