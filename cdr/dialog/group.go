package dialog

// Group names what a call belongs to together with others: the legs of one call. The zero Group is none.
type Group struct {
	Method string // what showed it: "call_id", "session_id", "icid", "sdp_origin", "heuristic"
	Name   string // the same for all of the group
}

// Hooks for who finds the calls that belong together. They run inside Handle, may call Join, and keep nothing of the
// message.
//
//	Began       once for each new call, when the texts and addresses of its first INVITE are there, and its caller's
//	            session description is taken in. For a call found in its middle, or of which only answers are seen, with that
//	            message; for a further branch that answered with its 2xx
//	Redirected  when a 3xx names where to call instead, or a REFER whom to call (Text.Redirects, ReferReplaces)
//	Left        for each call that leaves the table, whatever the reason, Finish included
//
// A call that Restore takes back has not begun anew: its owner has it in hand.

// began tells of a new call.
func (t *Table) began(c *Call, m *Message) {
	if t.Began != nil {
		t.Began(c, m)
	}
}

// redirected tells of a call that is sent on.
func (t *Table) redirected(c *Call) {
	if t.Redirected != nil {
		t.Redirected(c)
	}
}

// Join puts a call into a group. Its next record says so; when its final record is made already, a further revision does,
// unless nothing but its name is left of it (see AppendSnapshot). It is to be called from the hooks, or between messages.
func (t *Table) Join(c *Call, g Group) {
	if c.Group == g {
		return
	}
	c.Group = g
	if c.gone {
		return
	}
	if c.Done && c.Text.has(From) {
		t.record(c, true, t.now)
	}
	t.keep(c)
}
