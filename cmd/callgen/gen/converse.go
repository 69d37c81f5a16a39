package gen

// converse answers the call, lets both sides send, and hangs up. early is since when the callee sends already, 0 for
// not yet.
func (c *call) converse(cfg Config, at int64, tx transaction, early int64) {
	c.truth.toTag = c.callee.tag
	c.truth.answered, c.truth.status = at, 200
	raced := c.percent(shareCancelRace)
	cancel := tx
	cancel.method = "CANCEL"
	if raced {
		c.send(at-c.between(ms, 5*ms), caller, c.request(cancel, "", nil, nil))
	}
	ok := c.response(tx, 200, "OK", c.callee.tag, nil, c.answer)
	acked := at + c.between(4*ms, 40*ms)
	// The ACK of a 2xx is a transaction of its own, sent to the Contact (RFC 3261 section 13.2.2.4).
	ack := c.request(c.newTransaction("ACK", caller, c.callee.contact, tx.cseq), c.callee.tag, nil, nil)
	if !raced && c.percent(shareFinalAgain) {
		c.send(at, callee, ok, t1)
		c.send(acked, caller, ack, t1)
	} else {
		c.send(at, callee, ok)
		c.send(acked, caller, ack)
	}
	talk := int64(c.r.ExpFloat64() * cfg.MediaSeconds * float64(second))
	by := side(c.r.IntN(2))
	bye := acked + t1 + 100*ms + c.ticks(min(talk, int64(20*cfg.MediaSeconds*float64(second))))
	if raced {
		c.send(at+c.between(ms, 5*ms), callee, c.response(cancel, 200, "OK", c.callee.tag, nil, nil))
		by, bye = caller, acked+c.between(10*ms, 40*ms)
	}
	c.hangUp(bye, by, tx.cseq)

	calleeFrom := early
	if early == 0 {
		calleeFrom = at + c.between(-30*ms, 50*ms) // sometimes seen before the 200
	}
	tails := [2]int64{c.between(0, 60*ms), c.between(0, 60*ms)}
	switch n := c.r.IntN(100); {
	case n < shareLongOvertalk:
		tails[c.r.IntN(2)] = 4 * second
	case n < shareLongOvertalk+shareShortOvertalk:
		tails[c.r.IntN(2)] = 500 * ms
	}
	c.stream(caller, acked+c.between(0, 40*ms), bye+tails[caller])
	c.stream(callee, calleeFrom, bye+tails[callee])
}

// hangUp sends BYE and its response. Each side counts its own CSeq (RFC 3261 section 12.2.1.1).
func (c *call) hangUp(at int64, by side, cseq int) {
	c.truth.ended, c.truth.endedBy = at, "caller"
	uri, next := c.callee.contact, cseq+1
	if by == callee {
		c.truth.endedBy = "callee"
		uri, next = c.caller.contact, 1+c.r.IntN(200)
	}
	tx := c.newTransaction("BYE", by, uri, next)
	heard := at
	text := c.request(tx, c.party(by.other()).tag, nil, nil)
	if c.percent(shareByeAgain) && !c.reliable() {
		heard += t1
		c.send(at, by, text, t1)
	} else {
		c.send(at, by, text)
	}
	c.send(heard+c.between(4*ms, 40*ms), by.other(), c.response(tx, 200, "OK", c.party(by.other()).tag, nil, nil))
}
