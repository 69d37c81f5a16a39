package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
	"calltrail/store/postgres/question"
)

// asQuestioner connects under the person's own name for as long as do takes.
func asQuestioner(cmd *cobra.Command, cfg *config.Config, do func(context.Context, *postgres.Conn) error) error {
	conn, err := connectPerson(cmd, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // what was done is committed
	return do(cmd.Context(), conn)
}

func runQuery(cmd *cobra.Command, o *queryOptions) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(cfg.Access.Zone)
	if err != nil {
		return fmt.Errorf("access.zone: %w", err)
	}
	// An answer is released once, and stands in the audit: what can fail without the database fails before it.
	if o.out != "" {
		if _, err := os.Lstat(o.out); err == nil {
			return fmt.Errorf("%s is there already, and an answer never replaces a file; name another one", o.out)
		}
	}
	return asQuestioner(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error {
		q, err := theQuestion(ctx, conn, o.question)
		if err != nil {
			return err
		}
		parameters, err := readParameters(q, o.parameters, zone)
		if err != nil {
			return &usageError{err}
		}
		a, err := question.Ask(ctx, conn, o.request, q.Name, parameters)
		if errors.Is(err, question.ErrRefused) {
			refused := err.Error()
			said := func(name string) bool {
				return strings.Contains(refused, "parameter "+name+" ") || strings.Contains(refused, "parameter "+name+":")
			}
			if hint := numberHint(cfg, q, parameters, said); hint != "" {
				err = fmt.Errorf("%w; %s", err, hint)
			}
			return &refusedError{err}
		}
		if err != nil {
			return err
		}
		if err := deliver(cmd, o, q, a, zone); err != nil || len(a.Rows) > 0 {
			return err
		}
		if hint := numberHint(cfg, q, parameters, func(string) bool { return true }); hint != "" {
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "nothing was found; %s\n", hint)
		}
		return err
	})
}

func theQuestion(ctx context.Context, conn *postgres.Conn, name string) (*question.Question, error) {
	list, err := question.List(ctx, conn, name)
	if err != nil {
		return nil, err
	}
	if name == "" || len(list) != 1 {
		return nil, usagef("%.64q is no question; calltrail query list shows them", name)
	}
	return &list[0], nil
}

// readParameters makes what ask takes of PARAMETER=VALUE. What a value means is the database's to say; only a time without a zone is
// given that of access.zone, which the database does not know.
func readParameters(q *question.Question, written []string, zone *time.Location) (map[string]any, error) {
	made := map[string]any{}
	for _, w := range written {
		name, value, ok := strings.Cut(w, "=")
		at := slices.IndexFunc(q.Parameters, func(p question.Parameter) bool { return p.Name == name })
		switch {
		case !ok:
			return nil, fmt.Errorf("a parameter is written NAME=VALUE, not %.64q", w)
		case at < 0:
			return nil, fmt.Errorf("%s has no parameter %.64q; it has %s", q.Name, name, parameterNames(q))
		case made[name] != nil:
			return nil, fmt.Errorf("parameter %s is there twice", name)
		}
		p := &q.Parameters[at]
		switch {
		case p.List():
			made[name] = strings.Split(value, ",")
		case p.Time():
			t, err := readTime(value, zone)
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", name, err)
			}
			made[name] = t
		default:
			made[name] = value
		}
	}
	for _, p := range q.Parameters {
		if !p.Optional && made[p.Name] == nil {
			return nil, fmt.Errorf("parameter %s is missing; %s has %s", p.Name, q.Name, parameterNames(q))
		}
	}
	return made, nil
}

// readTime is a time as the database reads it, with its zone.
func readTime(written string, zone *time.Location) (string, error) {
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, written, zone); err == nil {
			return t.Format(time.RFC3339Nano), nil
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00"} {
		if t, err := time.Parse(layout, written); err == nil {
			return t.Format(time.RFC3339Nano), nil
		}
	}
	return "", fmt.Errorf("%.64q is no time; it is written 2026-11-22 10:00:00 (zone %s), or with its zone, 2026-11-22T10:00:00Z", written, zone)
}

func parameterNames(q *question.Question) string {
	var list []string
	for _, p := range q.Parameters {
		list = append(list, p.Name)
	}
	return strings.Join(list, ", ")
}

// deliver writes the answer where it was asked for. Its coverage stands in the table and the CSV; rows of JSON stay the octets of the audit.
func deliver(cmd *cobra.Command, o *queryOptions, q *question.Question, a *question.Answer, zone *time.Location) error {
	var text bytes.Buffer
	var err error
	switch o.format {
	case "json":
		for _, row := range a.Rows {
			text.Write(row)
			text.WriteByte('\n')
		}
	case "csv":
		err = answerCSV(&text, q, a, zone)
	default:
		err = answerTable(&text, q, a, zone)
	}
	if err != nil {
		return err
	}
	coverage := print.Visible(a.Coverage) + "\n"
	if o.out != "" {
		if err := writeNew(o.out, text.Bytes()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows\n%s", print.Visible(o.out), len(a.Rows), coverage)
		return err
	}
	if _, err = cmd.OutOrStdout().Write(text.Bytes()); err == nil && o.format == "json" {
		_, err = io.WriteString(cmd.ErrOrStderr(), coverage)
	}
	return err
}

func runQueryList(cmd *cobra.Command, name string, asJSON bool) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	return asQuestioner(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error {
		list, err := question.List(ctx, conn, name)
		switch {
		case err != nil:
			return err
		case name != "" && len(list) == 0:
			return usagef("%.64q is no question; calltrail query list shows them", name)
		case asJSON:
			return writeJSON(cmd.OutOrStdout(), append([]question.Question{}, list...))
		}
		return writeQuestions(cmd.OutOrStdout(), list, name != "")
	})
}

// writeQuestions shows questions with their parameters; of one its columns, too.
func writeQuestions(w io.Writer, list []question.Question, columns bool) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range list {
		q := &list[i]
		remark := ""
		if q.Pattern {
			remark = " The request must name it, with a selector of type pattern."
		}
		_, _ = fmt.Fprintf(out, "%s\n  %s%s\n", q.Name, print.Visible(q.Description), remark) // kept until Flush, which has the error
		for _, p := range q.Parameters {
			_, _ = fmt.Fprintf(out, "    %s\t%s\t%s\t%s\n", p.Name, shortType(p.Type), choose(p.Optional, "optional", "required"), choose(p.Selector != "", "covered by a selector of type "+p.Selector, ""))
		}
		if columns {
			for _, c := range q.Columns {
				_, _ = fmt.Fprintf(out, "    -> %s\t%s\n", c.Name, shortType(c.Type)) // as above
			}
		}
	}
	return out.Flush()
}

func choose(first bool, yes, no string) string {
	if first {
		return yes
	}
	return no
}

// shortType is a type's name for people.
func shortType(name string) string {
	return strings.NewReplacer("timestamp with time zone", "time", "inet", "address", "bigint", "number", "integer", "number", "text[]", "list of texts", "interval", "span of time").Replace(name)
}
