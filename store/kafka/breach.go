package kafka

// breach is a promise of this package that is broken on purpose. The tests hold the path to its promises, and then one with a
// breach: the same check must fail, or it proves nothing. Config has no exported name for it, so no program can ask for one.
type breach uint8

const (
	intact     breach = iota
	leaderOnly        // one broker's acknowledgement is enough
	unsure            // an error while publishing is taken for success
	unverified        // the broker's certificate is not looked at
)
