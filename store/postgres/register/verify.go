package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// maxProblems is how many problems are kept; the chain is read to its end all the same.
const maxProblems = 20

// Head is the end of the audit's chain at some time: who keeps it elsewhere can show later that nothing before it was cut off or changed.
type Head struct {
	ID   int64  `json:"audit_id"` // 0: the audit was empty
	Hash string `json:"hash"`     // 64 hexadecimal digits
}

// String is the form ParseHead reads: number, colon, hash.
func (h Head) String() string { return strconv.FormatInt(h.ID, 10) + ":" + h.Hash }

// ParseHead reads what Head.String wrote.
func ParseHead(s string) (Head, error) {
	number, hash, _ := strings.Cut(strings.TrimSpace(s), ":")
	id, err := strconv.ParseInt(number, 10, 64)
	raw, bad := hex.DecodeString(hash)
	if err != nil || bad != nil || id < 0 || len(raw) != sha256.Size {
		return Head{}, fmt.Errorf("%.64q is no head; calltrail audit head writes one: number, colon, 64 hexadecimal digits", s)
	}
	return Head{id, strings.ToLower(hash)}, nil
}

// Verdict is what Verify found.
type Verdict struct {
	Rows     int64    `json:"rows"`
	Head     Head     `json:"head"` // of the last row that was read
	Problems []string `json:"problems"`
	More     int      `json:"more_problems,omitempty"` // beside the first 20
}

// Holds says whether nothing was found.
func (v *Verdict) Holds() bool { return len(v.Problems) == 0 }

func (v *Verdict) found(format string, args ...any) {
	if len(v.Problems) == maxProblems {
		v.More++
		return
	}
	v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
}

// Verify reads the audit in one snapshot and makes its chain anew, without the database's functions; then it asks the database
// (audit_verify) whether the register says what the audit says. A head kept from before must be on the chain; the zero Head asks for none.
func Verify(ctx context.Context, conn *postgres.Conn, kept Head) (v Verdict, err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return v, said("verify the audit", err)
	}
	defer func() { err = errors.Join(err, said("verify the audit", tx.Rollback(context.WithoutCancel(ctx)))) }() // only read
	return verify(ctx, tx, kept)
}

func verify(ctx context.Context, tx pgx.Tx, kept Head) (v Verdict, err error) {
	v.Problems = []string{}
	rows, err := tx.Query(ctx, `SELECT audit_id, at, token::text, person, action, request_id, question, parameters::text, rows::text, result_sha256, detail, prev_hash, hash
		FROM calltrail.audit ORDER BY audit_id`)
	if err != nil {
		return v, said("verify the audit", err)
	}
	last := Head{0, strings.Repeat("0", 2*sha256.Size)}
	keptSeen := kept.ID == 0
	var at time.Time
	var id int64
	var token, person, action, prev, hash string
	var request, question, parameters, released, result, detail *string
	_, err = pgx.ForEachRow(rows, []any{&id, &at, &token, &person, &action, &request, &question, &parameters, &released, &result, &detail, &prev, &hash}, func() error {
		v.Rows++
		number, micros := strconv.FormatInt(id, 10), strconv.FormatInt(at.UnixMicro(), 10)
		sum := sumOf(prev, &number, &micros, &token, &person, &action, request, question, parameters, released, result, detail)
		switch {
		case id != last.ID+1:
			v.found("rows %d to %d are missing", last.ID+1, id-1)
		case prev != last.Hash:
			v.found("row %d does not follow the row before it", id)
		case hash != sum:
			v.found("row %d is not what its hash was made of", id)
		}
		last = Head{id, hash}
		keptSeen = keptSeen || last == kept
		return nil
	})
	if err != nil {
		return v, said("verify the audit", err)
	}
	v.Head = last
	if !keptSeen {
		v.found("row %d of the head that was kept is not there, or is another one: the end was cut off, or the chain was made anew", kept.ID)
	}
	err = v.compare(ctx, tx)
	return v, err
}

// compare asks what the database finds between the audit and the register. What it finds in the chain was found before.
func (v *Verdict) compare(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT coalesce(audit_id, 0), problem FROM calltrail.audit_verify()`)
	if err != nil {
		return said("compare the audit with the register", err)
	}
	chain := len(v.Problems) > 0
	var id int64
	var problem string
	_, err = pgx.ForEachRow(rows, []any{&id, &problem}, func() error {
		if !chain || strings.Contains(problem, "regist") {
			v.found("row %d: %s", id, problem)
		}
		return nil
	})
	return said("compare the audit with the register", err)
}

// sumOf is the hash of a row: SHA-256 of the hash before it and of its fields, each as length in octets, colon, value, or "-" when it
// is NULL, with commas between (docs/register.md).
func sumOf(prev string, fields ...*string) string {
	raw, err := hex.DecodeString(prev)
	if err != nil {
		return ""
	}
	sum := sha256.New()
	_, _ = sum.Write(raw) // a hash takes everything
	for i, f := range fields {
		if i > 0 {
			_, _ = sum.Write([]byte{','})
		}
		if f == nil {
			_, _ = sum.Write([]byte{'-'})
			continue
		}
		_, _ = fmt.Fprintf(sum, "%d:%s", len(*f), *f)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// End returns the head of the audit's chain.
func End(ctx context.Context, conn *postgres.Conn) (h Head, err error) {
	h.Hash = strings.Repeat("0", 2*sha256.Size)
	err = conn.QueryRow(ctx, `SELECT audit_id, hash FROM calltrail.audit ORDER BY audit_id DESC LIMIT 1`).Scan(&h.ID, &h.Hash)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return h, said("read the audit's head", err)
}
