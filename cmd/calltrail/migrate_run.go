package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/store/postgres"
	"calltrail/store/postgres/access"
)

// runMigrate changes the schema, or only looks, and prints every migration with its state.
func runMigrate(cmd *cobra.Command, direction postgres.Direction) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return err
	}
	list, err := postgres.Migrate(cmd.Context(), pg, direction)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, m := range list {
		_, _ = fmt.Fprintf(out, "%s\t%s\n", m.Name, migrationState(m)) // Flush has the error
	}
	if err := out.Flush(); err != nil || direction != postgres.Up {
		return err
	}
	return giveRights(cmd, pg)
}

// giveRights gives the roles their rights to what migrations have made, where the roles are there.
func giveRights(cmd *cobra.Command, pg postgres.Config) error {
	conn, err := postgres.Connect(cmd.Context(), pg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // what was done is committed
	there, err := access.Present(cmd.Context(), conn)
	if err != nil || !there {
		return err
	}
	if err := access.Apply(cmd.Context(), conn); err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "rights of the roles given anew")
	return err
}

func migrationState(m postgres.Migration) string {
	switch {
	case m.Applied && m.Changed:
		return "applied now"
	case m.Applied:
		return "applied"
	case m.Changed:
		return "taken back now"
	}
	return "pending"
}

// postgresConfig is what the postgres room must know. The password file is read here once to refuse one that others
// can read.
func postgresConfig(cfg *config.Config, log zerolog.Logger) (postgres.Config, error) {
	if _, err := cfg.Postgres.Password(); err != nil {
		return postgres.Config{}, err
	}
	return postgres.Config{
		DSN:               cfg.Postgres.DSN,
		PasswordFile:      cfg.Postgres.PasswordFile,
		AllowUnsafeServer: cfg.Postgres.AllowUnsafeServer,
		Logger:            log,
	}, nil
}
