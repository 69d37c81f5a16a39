// Package migrations holds the SQL that makes and changes the database schema, in the order of the numbers in the
// file names. store/postgres runs it; each file has an up and a down part in goose's notation.
//
// A file that has been released is never changed: a later one says what is different.
package migrations

import "embed"

// Files are the migrations, NNN_name.sql.
//
//go:embed *.sql
var Files embed.FS
