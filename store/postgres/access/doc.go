// Package access decides who may do what in the database, and sets it up.
//
// In: a connection of the server's administrator, names of persons. Out: five group roles of the server, the login that writes
// the audit, the rights of grants.sql, persons' logins. cmd/calltrail calls it: `calltrail access`, and `calltrail migrate up`,
// which gives the rights anew for what a migration has made.
//
// The rights are one list, and what is not in it is taken away. A right that somebody gave by mistake shows nothing all the
// same, because row security (migration 025) has a policy for what the list allows and for nothing else. It never reads a
// record, and never sees, logs or passes on a person's password but as its SCRAM verifier. Superusers and the owner of the tables
// are beyond all this: docs/access.md says what that means.
package access

import (
	"context"
	_ "embed"
	"slices"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Group roles of the server. None can log in; a person or a program is a login that is a member.
const (
	Writer    = "calltrail_sensor_writer" // `calltrail store` and direct delivery: adds records, reads what it must to add them once
	Analyst   = "calltrail_analyst"       // asks through functions, bound to a request that was approved
	Approver  = "calltrail_approver"      // approves the requests of others
	Auditor   = "calltrail_auditor"       // reads the register, the audit and the chains; no record
	Retention = "calltrail_retention"     // deletes what is past its time, by functions
)

// Roles lists the group roles, in the order people are shown them.
func Roles() []string { return []string{Writer, Analyst, Approver, Auditor, Retention} }

// Persons lists those that a person may be given: not Writer, which is for programs.
func Persons() []string {
	return slices.DeleteFunc(Roles(), func(r string) bool { return r == Writer })
}

//go:embed revoke.sql
var revokeSQL string

//go:embed grants.sql
var grantsSQL string

//go:embed policies.sql
var policiesSQL string

// Present says whether the group roles are there, all of them.
func Present(ctx context.Context, conn *postgres.Conn) (bool, error) {
	var n int
	err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)`, Roles()).Scan(&n)
	return n == len(Roles()), postgres.Wrap("look for the roles", err)
}

// Apply gives the roles exactly the rights of grants.sql in this database, in one transaction: every other right of theirs and of
// PUBLIC in the schema is taken away. The roles must be there, the schema be this program's, and the connection that of the
// owner of the tables or a superuser. It may be repeated, and run while the store works.
func Apply(ctx context.Context, conn *postgres.Conn) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return apply(ctx, tx) })
	return postgres.Wrap("give the roles their rights", err)
}
