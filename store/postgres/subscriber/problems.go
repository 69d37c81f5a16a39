package subscriber

import (
	"fmt"

	"calltrail/store/table"
)

// Problems are all lines that are wrong with the files of an import, at most 1,000 of them listed. Nothing was imported.
type Problems = table.Problems

// quoted shows at most 64 octets of a field.
func quoted(s string) string {
	const most = 64
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
