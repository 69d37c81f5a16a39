package main

import (
	"github.com/spf13/cobra"
)

func newAccess() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "access",
		Short: "Set up who may ask, approve and audit",
		Long: `Roles of the database server, their rights, the connection that writes the audit,
and the logins of persons. All of it is done by the server's administrator, as the
user of postgres.dsn: the owner of the tables or a superuser. docs/access.md tells
how to begin.`,
		GroupID: groupSetup,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	cmd.AddCommand(newAccessInit(), newAccessPerson(), newAccessStatus(), newAccessEmergencyOfficer())
	return cmd
}

func newAccessInit() *cobra.Command {
	var host string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the roles, the audit's connection, and give the rights",
		Long: `Makes the group roles calltrail_sensor_writer, calltrail_analyst,
calltrail_approver, calltrail_auditor and calltrail_retention; a login that can do
nothing but append to the audit, with a password that nobody sees; and gives the
roles exactly what they may do. It tries the audit's connection from end to end
and says what was done and what was not.

It may be repeated: the audit's login then gets another password, and rights that
somebody gave by hand are taken away.`,
		Example: `  calltrail access init
  calltrail access init --audit-host 127.0.0.1:5433`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAccessInit(cmd, host) },
	}
	cmd.Flags().StringVar(&host, "audit-host", "", "`HOST[:PORT]` by which the server finds itself (default: what it listens on)")
	return cmd
}

func newAccessPerson() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "person",
		Short: "Add, remove and list who has a role",
		Long: `A person has a login of his own in the database server, and it is his name that
stands in the audit. Roles: analyst, approver, auditor, retention. A program that
stores records gets a login of its own with the role sensor-writer.`,
		Args: subcommandsOnly,
		RunE: showHelp,
	}
	var o personOptions
	add := &cobra.Command{
		Use:   "add NAME --role ROLE[,ROLE]",
		Short: "Add a person, or give one more roles",
		Long: `Makes the login NAME, or takes one that is there, and gives it the roles.

The password is read from the file, or asked for twice at the terminal; the server
gets only a verifier of it. With --no-password none is set: pg_hba.conf then names
another way to prove who it is, such as ldap. The audit says who gave which roles
to whom, before it is done.`,
		Example: `  calltrail access person add anita --role analyst
  calltrail access person add ravi --role approver --no-password`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runPersonAdd(cmd, args[0], o) },
	}
	add.Flags().StringSliceVar(&o.roles, "role", nil, "analyst, approver, auditor, retention or sensor-writer; `ROLE`s with commas between")
	add.Flags().StringVar(&o.passwordFile, "password-file", "", "`FILE` that holds the password and nothing else; mode 0600 or 0640")
	add.Flags().BoolVar(&o.noPassword, "no-password", false, "set none: the server proves who it is otherwise, as by LDAP")
	add.MarkFlagsMutuallyExclusive("password-file", "no-password")
	mustComplete(add, "role", cobra.FixedCompletions([]string{"analyst", "approver", "auditor", "retention", "sensor-writer"}, cobra.ShellCompDirectiveNoFileComp))
	remove := &cobra.Command{
		Use:   "remove NAME",
		Short: "Take all roles and the login from a person",
		Long: `Takes all roles from NAME, so that it can no longer log in, and ends its sessions.
The name itself stays on the server: it stands in the audit, and nobody else may
get it. The audit says who did it.`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runPersonRemove(cmd, args[0]) },
	}
	var asJSON bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List who has which role",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runPersonList(cmd, asJSON) },
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(add, remove, list)
	return cmd
}

func newAccessStatus() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how access is set up, and whom no right binds",
		Long: `Shows the roles, whether rights are as they were given, whether the audit can be
written, pgaudit, whether the server's log proves who was logged in, persons whose
roles the audit does not know, the emergency officer, and the logins that are
beyond all rights.
Exit status 1 when something is not as it must be.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAccessStatus(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newAccessEmergencyOfficer() *cobra.Command {
	var nobody bool
	cmd := &cobra.Command{
		Use:   "emergency-officer [NAME | --none]",
		Short: "Name the one who may open an emergency",
		Long: `Names the one person who may open a request before it is approved: few rows, an
alert at once, a second approval within 24 hours. The change stands in the audit.
Without NAME it shows who it is.`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runEmergencyOfficer(cmd, args, nobody) },
	}
	cmd.Flags().BoolVar(&nobody, "none", false, "nobody from now on")
	return cmd
}
