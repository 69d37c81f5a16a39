package postgres

// breach names a promise of the loader that is broken on purpose: the tests hold the loader to its promises, and then one with
// a breach, where the same check must fail, or it proves nothing. No program sets it: a test does, or the linker for a test's
// program (-ldflags "-X calltrail/store/postgres.breach=unsure").
var breach string

// Values of breach.
const (
	breachUnsure   = "unsure"        // an error while loading is taken for success
	breachDedupe   = "dedupe"        // an entry that is there already is taken for a new one
	breachUnproved = "unproved"      // the leaf is not compared with the body
	noPartitions   = "no-partitions" // none is made for the days of records
)
