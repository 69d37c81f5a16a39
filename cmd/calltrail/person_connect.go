package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"calltrail/cmd/calltrail/config"
	"calltrail/store/postgres"
)

// asFlag gives a command, and those below it, --as: under whose name it asks the database.
func asFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().String("as", "", "log in as `PERSON` (default: you, or the user of access.dsn)")
	mustComplete(cmd, "as", cobra.NoFileCompletions)
}

// connectPerson opens a connection for the person who runs the program, or whom --as names, under his own name: it is what stands
// in the audit. The password comes from access.password_file, the environment (PGPASSWORD) or the terminal, never from an argument.
// Who gets the connection closes it.
func connectPerson(cmd *cobra.Command, cfg *config.Config) (*postgres.Conn, error) {
	pg, err := personConfig(cfg)
	if err != nil {
		return nil, err
	}
	as, err := cmd.Flags().GetString("as")
	if err != nil {
		return nil, err
	}
	if as != "" {
		pg.Account = as
	}
	if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		pg.Prompt = func(account string) (string, error) {
			return askPassword(cmd.Context(), cmd, in, "Password of "+account+" (empty: none)")
		}
	}
	return postgres.Connect(cmd.Context(), pg)
}

// underName connects under a person's own name for as long as do takes.
func underName(cmd *cobra.Command, cfg *config.Config, do func(ctx context.Context, conn *postgres.Conn) error) error {
	conn, err := connectPerson(cmd, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // what was done is committed
	return do(cmd.Context(), conn)
}

// personConfig is where and as whom a person connects: access.dsn; else postgres.dsn with the name of who runs the program
// ($PGUSER, or the account of the operating system) in place of its user and password.
func personConfig(cfg *config.Config) (postgres.Config, error) {
	if _, err := cfg.Access.Password(); err != nil {
		return postgres.Config{}, err
	}
	pg := postgres.Config{DSN: cfg.Access.DSN, PasswordFile: cfg.Access.PasswordFile, AllowUnsafeServer: cfg.Postgres.AllowUnsafeServer, Logger: zerolog.Nop()}
	if pg.DSN != "" {
		return pg, nil
	}
	if pg.DSN = cfg.Postgres.DSN; pg.DSN == "" {
		return postgres.Config{}, errors.New("no database is named: set access.dsn")
	}
	if pg.Account = os.Getenv("PGUSER"); pg.Account == "" {
		who, err := user.Current()
		if err != nil {
			return postgres.Config{}, fmt.Errorf("who runs this cannot be told: %w; name the user in access.dsn", err)
		}
		pg.Account = who.Username
	}
	return pg, nil
}

// askPassword reads a line from a terminal without showing it. When ctx ends first, the terminal is put back as it was.
func askPassword(ctx context.Context, cmd *cobra.Command, in *os.File, what string) (string, error) {
	fd := int(in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("ask for a password: %w", err)
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s: ", what)       // whoever sees no question gives no answer
	defer func() { _, _ = fmt.Fprintln(cmd.ErrOrStderr()) }() // the end of the line that was not shown
	type answer struct {
		text []byte
		err  error
	}
	done := make(chan answer, 1)
	go func() { // ends with the line, or with the program
		text, err := term.ReadPassword(fd)
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return "", fmt.Errorf("read the password: %w", a.err)
		}
		return string(a.text), nil
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
