package main

import (
	"github.com/spf13/cobra"

	"calltrail/store/postgres"
)

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Make or change the tables in Postgres",
		Long: `Brings the schema of the database at postgres.dsn to this program's version. The
migrations are part of the program. The user needs the right to create tables.`,
		GroupID: groupSetup,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	up := &cobra.Command{
		Use:   "up",
		Short: "Apply what is missing",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runMigrate(cmd, postgres.Up) },
	}
	down := &cobra.Command{
		Use:   "down",
		Short: "Take the newest migration back",
		Long: `Takes the newest applied migration back, one each time. The database refuses
while that would drop records.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runMigrate(cmd, postgres.Down) },
	}
	status := &cobra.Command{
		Use:   "status",
		Short: "List the migrations and which are applied",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runMigrate(cmd, postgres.Status) },
	}
	cmd.AddCommand(up, down, status)
	return cmd
}
