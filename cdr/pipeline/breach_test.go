package pipeline

// What the tests of this package break until mend is called. They run one after the other.

// FirstWorker breaks the sums.
func FirstWorker() (mend func()) { return broken(firstWorker) }

// RawDurations breaks the bound of durations.
func RawDurations() (mend func()) { return broken(rawDurations) }

// KeptGroups lets the groups of calls grow for ever.
func KeptGroups() (mend func()) { return broken(keptGroups) }

func broken(name string) (mend func()) {
	breach = name
	return func() { breach = "" }
}
