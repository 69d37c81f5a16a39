package watchlist

// breach is a promise of the relay that is broken on purpose. No program sets it: a test has the linker do it
// (-ldflags "-X calltrail/store/postgres/watchlist.breach=take-first") and holds the program to the same check, which must fail.
var breach string

// takeFirst takes alerts off the queue before they are published.
const takeFirst = "take-first"
