// Package docs holds the documents that the program itself hands out: the schema of a record, of which an evidence bundle makes
// its field dictionary. It imports nothing and does nothing.
package docs

import _ "embed"

// RecordSchema is record.schema.json, the JSON Schema of everything on a chain.
//
//go:embed record.schema.json
var RecordSchema []byte
