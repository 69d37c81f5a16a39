package question

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store/postgres"
)

// Question is one that can be asked: a row of calltrail.question.
type Question struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Parameters  []Parameter `json:"parameters"`
	// Pattern says that it has no selector, so that the request must name it (selector of type pattern).
	Pattern bool     `json:"needs_pattern"`
	Columns []Column `json:"columns"`
}

// Parameter is one that a question takes.
type Parameter struct {
	Name     string `json:"name"`
	Type     string `json:"type"`               // Postgres's name of it; text[] is a list
	Optional bool   `json:"optional"`           // it has a default
	Selector string `json:"selector,omitempty"` // type of the request's selector that must cover it
}

// List reports that the parameter takes several values.
func (p *Parameter) List() bool { return strings.HasSuffix(p.Type, "[]") }

// Time reports that the parameter is a point in time.
func (p *Parameter) Time() bool { return p.Type == instant }

// Column is one of an answer's.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // Postgres's name of it
}

// Time reports that the column holds points in time.
func (c *Column) Time() bool { return c.Type == instant }

const instant = "timestamp with time zone"

// described reads the questions with their parameters and columns: those of the function ask_<name>, which anybody may look at.
// The window's parameters are optional: without them the request's window is asked about.
const described = `
SELECT q.name, q.description, q.needs_pattern, a.name, a.type, a.optional OR a.name IN ('from_time', 'to_time'), coalesce(q.selectors ->> a.name, ''), a.mode = 't'
  FROM calltrail.questions() q
  JOIN pg_proc p ON p.pronamespace = 'calltrail'::regnamespace AND p.proname = 'ask_' || q.name
 CROSS JOIN LATERAL (
       SELECT n.name, format_type(n.type, NULL) AS type, n.place > p.pronargs - p.pronargdefaults AS optional, n.mode, n.place
         FROM unnest(p.proargnames, p.proallargtypes, p.proargmodes::text[]) WITH ORDINALITY AS n(name, type, mode, place)
        WHERE n.name NOT IN ('coverage', 'request_id') OR n.mode = 't' AND n.name <> 'coverage') a
 WHERE $1 IN ('', q.name)
 ORDER BY q.name, a.place`

// List is what can be asked, by name. name "" is all of them.
func List(ctx context.Context, conn *postgres.Conn, name string) ([]Question, error) {
	const op = "list the questions"
	rows, err := conn.Query(ctx, described, name)
	if err != nil {
		return nil, said(op, err)
	}
	var list []Question
	var q Question
	var a Parameter
	var column bool
	_, err = pgx.ForEachRow(rows, []any{&q.Name, &q.Description, &q.Pattern, &a.Name, &a.Type, &a.Optional, &a.Selector, &column}, func() error {
		if len(list) == 0 || list[len(list)-1].Name != q.Name {
			list = append(list, q)
		}
		last := &list[len(list)-1]
		if column {
			last.Columns = append(last.Columns, Column{a.Name, a.Type})
		} else {
			last.Parameters = append(last.Parameters, a)
		}
		return nil
	})
	return list, said(op, err)
}

// ErrRefused is part of an error when the database's gate refused: nothing was released, and the audit says so.
var ErrRefused = errors.New("refused")

type refusal struct{ text string }

func (r *refusal) Error() string        { return r.text }
func (r *refusal) Is(target error) bool { return target == ErrRefused }

// said is what the database said of a step, in one line.
func said(op string, err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return postgres.Wrap(op, err)
	}
	text := pg.Message
	if pg.Hint != "" {
		text += "; " + pg.Hint
	}
	switch {
	case pg.Routine == "exec_stmt_raise" && pg.Code == "42501":
		return &refusal{text}
	case pg.Routine == "exec_stmt_raise":
		return errors.New(text)
	case pg.Code == "42501":
		return fmt.Errorf("%s: this login has not the role for it; calltrail access shows who has which", op)
	}
	return postgres.Wrap(op, err)
}
