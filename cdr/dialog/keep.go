package dialog

import "time"

// What is kept of a call for the next start of the program.
//
// Save is called with a call when its state has changed so that its records would come out otherwise, after the message or
// deadline that changed it, and at least every SaveEvery while it is open. What is not worth a snapshot of its own goes with
// the next one; should the program be killed before that, then
//
//	100                       that something was seen of the callee; a call taken back while it waited for a first response
//	                          waits as long as one that rings, because a response may have come unseen
//	180 again                 the time-out is earlier by refreshEvery at most
//	BYE                       it is saved that nobody has answered it when that is so a second later; a call taken back from
//	                          before that is believed to be over
//	stop of media             ended_at is the time of the newest snapshot, if media came until then; nothing, if it had none
//	                          before
//	ACK, response to a BYE    ack_missing and bye_unanswered are not said of a call that was taken back after its answer, or
//	                          its end, and the final record does not wait for copies of the BYE
//	INFO, PRACK, OPTIONS …    their counts, and last_seen_at, are those of the last snapshot
//	copies                    their counts
//	anomalies                 of these messages: the sip_ flags, but those whose values are kept too (conflict.go)
//	streams                   the counts of those that are open: a stop closes them first, a kill does not
//
// What came while nobody looked is not known anyhow: sensor_restart says so.

// SaveEvery is how old the newest snapshot of an open call gets in packet time: who takes calls back has to read no more of
// the log than what was written in that time before its end, and a little more. A start is as long as that takes; a snapshot
// is 500 octets to 2 KB.
const SaveEvery = 2 * time.Minute

// byeSave is when, after a BYE, its not being answered is saved.
const byeSave = int64(time.Second)

// keep notes that the call is to be saved. A table without Save is not slowed down by it.
func (t *Table) keep(c *Call) {
	if t.Save != nil && !c.stale {
		c.stale = true
		t.stale = append(t.stale, c)
	}
}

// flag notes f, and that the call is to be saved when that is new.
func (t *Table) flag(c *Call, f Flag) {
	if c.Flags&f != f {
		c.Flags |= f
		t.keep(c)
	}
}

// refreshEvery is how often a call is saved that goes on ringing, in packet time: a 180 may be sent again every half second
// for a while (RFC 3262 section 3), and then every minute (RFC 3261 section 13.3.1.1).
const refreshEvery = int64(30 * time.Second)

// refresh notes that only the time-out has moved.
func (t *Table) refresh(c *Call) {
	if t.now-(c.keepAt-int64(SaveEvery)) >= refreshEvery {
		t.keep(c)
	}
}

// flush saves what keep noted, each call once however much has changed.
func (t *Table) flush() {
	if len(t.stale) == 0 {
		return
	}
	for _, c := range t.stale {
		c.stale = false
		if c.gone {
			continue
		}
		c.keepAt = 0
		if !c.Done { // else the call is forgotten before
			c.keepAt = t.now + int64(SaveEvery)
		}
		if c.hungUp() && !c.byeKept && !c.Done {
			c.keepAt = t.now + byeSave
		}
		t.Save(c)
		t.schedule(c)
	}
	clear(t.stale)
	t.stale = t.stale[:0]
}

// Key names a call leg among all that a sensor has seen.
type Key struct {
	CallID  string
	FromTag string // of the first INVITE
	Branch  string // Call.Branch
	Started int64  // nanoseconds since 1970-01-01T00:00:00Z
}

// Key is the call's.
func (c *Call) Key() Key { return Key{c.CallID, c.FirstTag, c.Branch, c.Started} }
