package access

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"calltrail/store/postgres"
)

// pgauditRole holds the rights whose use pgaudit notes; nobody is a member of it.
const pgauditRole = "calltrail_pgaudit"

//go:embed pgaudit.sql
var pgauditSQL string

// makePgaudit has the server's log note every statement that reads, changes or deletes rows of persons, whoever runs it, where the
// extension pgaudit is loaded; otherwise the report says what is missing.
func makePgaudit(ctx context.Context, conn *postgres.Conn, s site, r *Report) error {
	set, state, err := pgauditState(ctx, conn)
	switch {
	case err != nil:
		return err
	case set && !s.Superuser:
		r.done("pgaudit: set up")
		return nil
	case !s.Superuser:
		r.remark("pgaudit: only a superuser sets it up: let one run calltrail access init once")
		return nil
	case state != "":
		r.remark("pgaudit: %s; until then the server's log does not note who reads tables past the program", state)
		return nil
	}
	_, err = conn.Exec(ctx, fmt.Sprintf(`CREATE EXTENSION IF NOT EXISTS pgaudit;
		DO $$ BEGIN CREATE ROLE %s NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
		ALTER DATABASE %s SET pgaudit.role = '%s'`, pgauditRole, ident(s.Database), pgauditRole))
	if err != nil {
		return postgres.Wrap("set pgaudit up", err)
	}
	r.done("pgaudit: the server's log notes every statement that reads, changes or deletes rows of persons, from the next session on")
	return nil
}

// pgauditState says whether this session is noted; if not, state says what is to be done first, and is empty when nothing is.
func pgauditState(ctx context.Context, conn *postgres.Conn) (set bool, state string, err error) {
	var available bool
	var loaded string
	err = conn.QueryRow(ctx, `SELECT coalesce(current_setting('pgaudit.role', true), '') = $1, EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgaudit'),
		       coalesce((SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'), '')`, pgauditRole).Scan(&set, &available, &loaded)
	switch {
	case err != nil:
		return false, "", postgres.Wrap("look for pgaudit", err)
	case set:
		return true, "", nil
	case !available:
		return false, "it is not installed on the server (package postgresql-…-pgaudit)", nil
	case !strings.Contains(loaded, "pgaudit"):
		return false, "shared_preload_libraries does not name it: add it, restart the server, and run calltrail access init again", nil
	}
	return false, "", nil
}
