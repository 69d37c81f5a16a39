package main

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"calltrail/cdr/pipeline"
	"calltrail/cmd/calltrail/print"
	"calltrail/decode"
)

// summary is what a replay prints at its end.
func summary(s pipeline.Stats, files, damaged int, elapsed time.Duration) *print.Summary {
	out := &print.Summary{
		Files: uint64(files), Damaged: uint64(damaged), Packets: s.Packets, Records: s.Records, //nolint:gosec // counts
		MediaClaimed: s.Streams.Claimed, MediaUnclaimed: s.Streams.Unclaimed, Elapsed: elapsed,
	}
	for r := range decode.NumReasons {
		if s.Counts[r] == 0 {
			continue
		}
		c := print.Count{Name: r.String(), N: s.Counts[r]}
		switch r.Class() {
		case decode.Decoded:
			out.Decoded = append(out.Decoded, c)
		case decode.Ignored:
			out.Ignored = append(out.Ignored, c)
		case decode.Dropped:
			out.Dropped = append(out.Dropped, c)
		}
	}
	for d, n := range s.Calls {
		out.Calls = append(out.Calls, print.Count{Name: string(d), N: n})
	}
	slices.SortFunc(out.Calls, func(a, b print.Count) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// fileName is how a record names its capture file: without the folders, which are the machine's own business.
func fileName(path string) string { return filepath.Base(path) }
