package subscriber

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// correctAtOnce is how many assignments are taken in one transaction. What lands meanwhile does not wait for it; another
// correction does.
const correctAtOnce = 1000

// Corrected says how far a correction has come.
type Corrected struct {
	// Assignments is how many were taken, of Due that there were at its start; others may come while it runs, and are taken too.
	Assignments, Due int64
	// Added is how many addresses of records were given an assignment, TakenBack how many had one that holds no more.
	Added, TakenBack int64
}

// Correct takes the assignments that the stored calls have not been corrected for yet, those of earlier imports and of live
// sources too, and adds to calltrail.call_subscriber what they say of the calls of their addresses and times, until none is due.
// progress is called after each transaction of at most 1,000; nil: not. One that was stopped is gone on with by the next. The
// account needs EXECUTE on correct_due and SELECT on assignment_due, and sees no call.
func Correct(ctx context.Context, c postgres.Config, progress func(Corrected)) (all Corrected, err error) {
	conn, err := postgres.Connect(ctx, c)
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM calltrail.assignment_due").Scan(&all.Due); err != nil {
		return all, wrap("correct the calls", err)
	}
	for {
		part, err := correctSome(ctx, conn)
		if err != nil {
			return all, fmt.Errorf("%d of %d assignments are done: %w", all.Assignments, all.Due, err)
		}
		if part.Assignments == 0 {
			return all, nil
		}
		all.Assignments, all.Added, all.TakenBack = all.Assignments+part.Assignments, all.Added+part.Added, all.TakenBack+part.TakenBack
		all.Due = max(all.Due, all.Assignments)
		if progress != nil {
			progress(all)
		}
	}
}

// correctSome corrects for at most correctAtOnce assignments in a transaction of its own; none: no Assignments. The connection
// must be in no transaction: it would not see what others have committed since it began.
func correctSome(ctx context.Context, conn *pgx.Conn) (part Corrected, err error) {
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, "SELECT corrected, added, taken_back FROM calltrail.correct_due($1)", correctAtOnce).
			Scan(&part.Assignments, &part.Added, &part.TakenBack)
	})
	return part, wrap("correct the calls", err)
}

// KeepCorrected runs Correct every so often until ctx is done: for who stores what live sources say. told hears of each run that
// took something or failed; what failed is due still, and taken by the next.
func KeepCorrected(ctx context.Context, c postgres.Config, every time.Duration, told func(Corrected, error)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		all, err := Correct(ctx, c, nil)
		if ctx.Err() != nil {
			return
		}
		if err != nil || all.Assignments > 0 {
			told(all, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
