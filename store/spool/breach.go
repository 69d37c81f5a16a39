package spool

// breach is a promise of the spool that is broken on purpose. The tests of this package hold a spool to its promises, and then
// one with a breach: the same check must fail, or it proves nothing. Config has no exported name for it, so no program can ask
// for one.
type breach uint8

const (
	intact          breach = iota
	skipSync               // fsync is not called
	syncAgain              // a failed fsync is called again, and believed
	acknowledge            // what is only queued is said to be durable
	trimAnything           // Trim takes what nobody has acknowledged
	believeAnything        // a frame is believed without its CRC and its hash
	slowWindow             // what Write took waits three windows
)
