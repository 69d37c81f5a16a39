package postgres

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/evidence"
	"calltrail/store/spool"
)

// goldenSensor is the sensor that the golden records name.
const goldenSensor = "golden"

// evidenceChain is a sensor that writes golden records and signed coverage events to a real spool, and a loader that takes them
// off it into a database of its own.
type evidenceChain struct {
	tb     testing.TB
	cfg    Config
	loader *Loader
	spool  *spool.Spool
	signer *evidence.Signer
	own    []evidence.Statement
	heads  []evidence.Head
	n      int // coverage events
}

func newEvidence(tb testing.TB) *evidenceChain {
	tb.Helper()
	cfg := migrated(tb)
	signer := newSigner(tb)
	sp, err := spool.Open(spool.Config{Dir: filepath.Join(tb.TempDir(), "spool"), Sensor: goldenSensor, PublicKey: signer.PublicKey()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = sp.Close() })
	return &evidenceChain{
		tb: tb, cfg: cfg, loader: open(tb, cfg), spool: sp, signer: signer,
		own: []evidence.Statement{{Schema: evidence.SchemaKey, Kind: evidence.Trust, Use: evidence.ForSensor, Name: goldenSensor, PublicKey: signer.PublicKey()}},
	}
}

func newSigner(tb testing.TB) *evidence.Signer {
	tb.Helper()
	s, err := evidence.Create(filepath.Join(tb.TempDir(), "key"))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// write makes a body the next of the spool.
func (e *evidenceChain) write(body []byte) {
	e.tb.Helper()
	if _, _, err := e.spool.Append(body); err != nil {
		e.tb.Fatal(err)
	}
}

// minute is the nth of the chain. A chain is verified as from when it began, so the times of its records follow that.
func (e *evidenceChain) minute(n int) time.Time {
	began := time.UnixMicro(int64(e.spool.Head().Epoch))
	return began.UTC().Truncate(time.Minute).Add(time.Duration(n) * time.Minute)
}

// cover writes a coverage event with the head of the chain, signed, as the sensor does.
func (e *evidenceChain) cover() {
	e.tb.Helper()
	e.n++
	at := record.Time(e.minute(e.n).UnixMicro())
	c := tapMinute("eth1", 0)
	c.Sensor, c.Minute, c.From, c.To, c.Day = goldenSensor, at, at, at+60*1000000, at.Day()
	head := e.spool.Head()
	c.Head = record.ChainHead{
		Epoch: head.Epoch, Seq: head.Seq, Hash: hex.EncodeToString(head.Hash[:]), KeyID: e.signer.KeyID(),
		Signature: base64.StdEncoding.EncodeToString(e.signer.SignHead(goldenSensor, head.Epoch, head.Seq, head.Hash)),
	}
	e.write(c.Append(nil))
	h, err := headOf(&c)
	if err != nil {
		e.tb.Fatal(err)
	}
	e.heads = append(e.heads, h)
}

// golden writes all golden records, a duplicate and one that nobody can read among them, an event after each eight.
func (e *evidenceChain) golden() {
	e.tb.Helper()
	files, err := filepath.Glob("../../pcaps/*/records.jsonl")
	if err != nil || len(files) < 20 {
		e.tb.Fatalf("golden records: %d files, %v", len(files), err)
	}
	n := 0
	seen := map[string]bool{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			e.tb.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			body := bytes.Clone(lines.Bytes())
			if id, ok := bytes.CutPrefix(body, []byte(`{"record_id":"`)); ok && seen[string(id[:36])] {
				continue // two cases may have one call
			} else if ok {
				seen[string(id[:36])] = true
			}
			e.write(body)
			if n++; n%8 == 0 {
				e.cover()
			}
			if n == 20 {
				e.write(body)
				e.write([]byte(`{"kind":"sip","schema":"calltrail.call.v1","a":"\u0000"}`))
			}
		}
	}
	e.cover()
	e.load()
}

// load takes what is new off the spool.
func (e *evidenceChain) load() {
	e.tb.Helper()
	feed := store.SpoolFeed(e.spool, 37, false)
	for {
		b, err := feed.Fetch(context.Background())
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = e.loader.Deliver(context.Background(), b.Items)
		}
		if err == nil {
			err = feed.Ack(context.Background(), b)
		}
		if err != nil {
			e.tb.Fatal(err)
		}
	}
}

// query is how the operator verifies: with the key and the last head, both from elsewhere.
func (e *evidenceChain) query() VerifyQuery {
	return VerifyQuery{Own: e.own, Anchors: e.heads[max(len(e.heads)-1, 0):]}
}

// verify asks as the command does.
func (e *evidenceChain) verify(q VerifyQuery) *evidence.Report {
	e.tb.Helper()
	r, err := Verify(context.Background(), e.cfg, q)
	if err != nil {
		e.tb.Fatal(err)
	}
	return r
}

// tampered lets the owner of the database do something, verifies within the same transaction, and takes it back.
func (e *evidenceChain) tampered(conn *pgx.Conn, q VerifyQuery, off evidence.Kind, do func(pgx.Tx) error) (*evidence.Report, error) {
	ctx := context.Background()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, `SET LOCAL session_replication_role = replica`); err != nil {
		return nil, err
	}
	if err := do(tx); err != nil {
		return nil, err
	}
	v := newVerifier(q)
	v.tx, v.off[off] = tx, true
	return v.report, v.inSnapshot(ctx)
}
