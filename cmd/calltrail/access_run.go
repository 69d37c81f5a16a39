package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
	"calltrail/store/postgres/access"
)

// asAdministrator connects as the user of postgres.dsn for as long as do takes.
func asAdministrator(cmd *cobra.Command, do func(ctx context.Context, conn *postgres.Conn) error) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	if cfg.Postgres.DSN == "" {
		return errors.New("no database is named: set postgres.dsn")
	}
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return err
	}
	conn, err := postgres.Connect(cmd.Context(), pg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }() // what was done is committed
	return do(cmd.Context(), conn)
}

func runAccessInit(cmd *cobra.Command, where string) error {
	var o access.Options
	if where != "" {
		o.Host = where
		if host, port, err := net.SplitHostPort(where); err == nil {
			n, err := strconv.ParseUint(port, 10, 16)
			if err != nil || n == 0 || host == "" {
				return usagef("--audit-host %q is neither HOST nor HOST:PORT", where)
			}
			o.Host, o.Port = host, int(n)
		}
	}
	return asAdministrator(cmd, func(ctx context.Context, conn *postgres.Conn) error {
		r, err := access.Init(ctx, conn, o)
		for _, line := range r.Done {
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), print.Visible(line)) // the work is done, whoever reads of it
		}
		for _, line := range r.Remarks {
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), "not done: "+print.Visible(line)) // as above
		}
		return err
	})
}

type personOptions struct {
	roles        []string
	passwordFile string
	noPassword   bool
}

func runPersonAdd(cmd *cobra.Command, name string, o personOptions) error {
	if len(o.roles) == 0 {
		return usagef("--role is missing: analyst, approver, auditor, retention or sensor-writer")
	}
	roles := make([]string, len(o.roles))
	for i, r := range o.roles {
		roles[i] = "calltrail_" + strings.ReplaceAll(strings.TrimPrefix(r, "calltrail_"), "-", "_")
	}
	return asAdministrator(cmd, func(ctx context.Context, conn *postgres.Conn) error {
		password, err := newPassword(cmd, name, o)
		if err != nil {
			return err
		}
		if err := access.Add(ctx, conn, name, roles, password); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has the roles %s\n", print.Visible(name), strings.Join(roles, ", "))
		return err
	})
}

// newPassword is the password a login gets; "" sets none.
func newPassword(cmd *cobra.Command, name string, o personOptions) (string, error) {
	if o.noPassword {
		return "", nil
	}
	if o.passwordFile != "" {
		secret, err := (&config.Access{PasswordFile: o.passwordFile}).Password()
		if err != nil {
			return "", fmt.Errorf("--password-file: %s", strings.TrimPrefix(err.Error(), "access.password_file: "))
		}
		return secret, nil
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", usagef("there is no terminal to ask for a password: --password-file names a file with it, --no-password sets none")
	}
	first, err := askPassword(cmd.Context(), cmd, in, "Password for "+print.Visible(name))
	if err != nil {
		return "", err
	}
	again, err := askPassword(cmd.Context(), cmd, in, "The same again")
	if err != nil {
		return "", err
	}
	switch {
	case first != again:
		return "", errors.New("the two passwords are not the same: nothing was done")
	case first == "":
		return "", errors.New("no password was given: --no-password sets none")
	}
	return first, nil
}

func runPersonRemove(cmd *cobra.Command, name string) error {
	return asAdministrator(cmd, func(ctx context.Context, conn *postgres.Conn) error {
		ended, err := access.Remove(ctx, conn, name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has no role and no login any more; sessions ended: %d\n", print.Visible(name), ended)
		return err
	})
}

func runPersonList(cmd *cobra.Command, asJSON bool) error {
	return asAdministrator(cmd, func(ctx context.Context, conn *postgres.Conn) error {
		list, err := access.List(ctx, conn)
		if err != nil {
			return err
		}
		if asJSON {
			if list == nil {
				list = []access.Person{}
			}
			return writeJSON(cmd.OutOrStdout(), list)
		}
		out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(out, "NAME\tROLES\tLOGIN") // kept until Flush, which has the error
		for _, p := range list {
			login := "yes"
			if !p.Login {
				login = "no"
			}
			_, _ = fmt.Fprintf(out, "%s\t%s\t%s\n", print.Visible(p.Name), strings.Join(p.Roles, ", "), login)
		}
		return out.Flush()
	})
}

func runAccessStatus(cmd *cobra.Command, asJSON bool) error {
	return asAdministrator(cmd, func(ctx context.Context, conn *postgres.Conn) error {
		s, err := access.Look(ctx, conn)
		if err != nil {
			return err
		}
		if asJSON {
			err = writeJSON(cmd.OutOrStdout(), s)
		} else {
			err = writeAccess(cmd, s)
		}
		if err == nil && (len(s.Missing) > 0 || s.Differ > 0 || len(s.Unprotected) > 0 || s.Channel != "") {
			return errReported
		}
		return err
	})
}

func writeAccess(cmd *cobra.Command, s access.State) error {
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	row := func(name, ok, bad string) {
		if bad != "" {
			ok = bad
		}
		_, _ = fmt.Fprintf(out, "%s\t%s\n", name, print.Visible(ok)) // kept until Flush, which has the error
	}
	row("database", s.Database+", its tables owned by "+s.Owner, "")
	missing, rights, unprotected := "", "", ""
	if len(s.Missing) > 0 {
		missing = "MISSING: " + strings.Join(s.Missing, ", ") + "; run calltrail access init"
		rights = "none can be given without the roles"
	} else if s.Differ > 0 {
		rights = fmt.Sprintf("%d ARE NOT AS LISTED; calltrail migrate up gives them anew", s.Differ)
	}
	if len(s.Unprotected) > 0 {
		unprotected = "OFF for " + strings.Join(s.Unprotected, ", ") + "; calltrail migrate up switches it on"
	}
	row("roles", "all there", missing)
	row("rights", "as listed", rights)
	row("row security", "on for every table of persons and every partition", unprotected)
	channel := ""
	if s.Channel != "" {
		channel = "CANNOT BE WRITTEN, so that nothing is answered: " + s.Channel
	}
	row("audit", "can be written", channel)
	row("pgaudit", "the server's log notes who reads tables past the program", s.Pgaudit)
	logins := ""
	if s.Logins != "" {
		logins = "the server's log does not prove who was logged in; set " + s.Logins
	}
	row("logins", "the server's log says who logged in, from where, and when he left", logins)
	unlisted := ""
	if len(s.Unlisted) > 0 {
		unlisted = "not as the audit says: " + strings.Join(s.Unlisted[:min(len(s.Unlisted), 20)], ", ") + "; given roles past calltrail access person"
	}
	row("persons", "have the roles that the audit says they were given", unlisted)
	officer := s.EmergencyOfficer
	if officer == "" {
		officer = "nobody"
	}
	row("emergency officer", officer, "")
	if len(s.Watching) > 0 {
		row("see what others ask", strings.Join(s.Watching, ", ")+" (pg_monitor, pg_read_all_stats)", "")
	}
	row("bound by no right", strings.Join(append([]string{s.Owner + " (owner)"}, s.Above...), ", "), "")
	return out.Flush()
}

func runEmergencyOfficer(cmd *cobra.Command, args []string, nobody bool) error {
	if nobody && len(args) > 0 {
		return usagef("either NAME or --none")
	}
	return asAdministrator(cmd, func(ctx context.Context, conn *postgres.Conn) error {
		name, err := "", error(nil)
		switch {
		case nobody:
			err = access.NameEmergencyOfficer(ctx, conn, "")
		case len(args) > 0:
			name = args[0]
			err = access.NameEmergencyOfficer(ctx, conn, name)
		default:
			name, err = access.EmergencyOfficer(ctx, conn)
		}
		if err != nil {
			return err
		}
		if name == "" {
			name = "nobody"
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), print.Visible(name))
		return err
	})
}
