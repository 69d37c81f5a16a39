package numbering

import "calltrail/store/table"

// Problems are all lines that are wrong with a file, at most 1,000 of them listed. Nothing was imported.
type Problems = table.Problems
