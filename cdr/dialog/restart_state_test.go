package dialog

import "testing"

// A call that nobody had answered yet may have begun to ring unseen: it is given the time of one that rings, once.
func TestRestartWhileWaiting(t *testing.T) {
	table := emptyTable()
	handle(t, table, "0.000 A>B INVITE")
	body := snapshotOf(t, table)
	for range 3 {
		again := emptyTable()
		restore(t, again, body, epoch+5e9)
		body = snapshotOf(t, again)
		again.Advance(epoch + 200e9)
		if again.Open() != 1 {
			t.Error("given up before Timer C")
		}
		again.Advance(epoch + 201e9)
		if again.Open() != 0 {
			t.Error("not given up after Timer C")
		}
	}
}

// Addresses of early media are kept when they are announced after the first 180.
func TestRestartAfterEarlyMedia(t *testing.T) {
	table := emptyTable()
	handle(t, table, "0.000 A>B INVITE sdp=A:4000")
	handle(t, table, "0.100 B>A 180 INVITE ttag=9")
	var body []byte
	table.Save, table.Gone = func(c *Call) { body, _ = c.AppendSnapshot(nil) }, func(Key) {}
	handle(t, table, "0.200 B>A 183 INVITE ttag=9 sdp=B:5000")
	if body == nil {
		t.Fatal("not saved")
	}
	n := 0
	for range restore(t, emptyTable(), body, epoch+1e9).Media.Announced {
		n++
	}
	if n != 2 {
		t.Errorf("%d addresses, want 2", n)
	}
}

// What only a hop behind the first has seen of the answer is not lost.
func TestRestartAfterAnswerBehind(t *testing.T) {
	table := emptyTable()
	for _, line := range []string{
		"0.000 A>P INVITE", "0.001 P>B INVITE branch=p vias=2", "0.100 B>P 180 INVITE branch=p vias=2 ttag=9",
		"0.101 P>A 180 INVITE ttag=9",
	} {
		handle(t, table, "%s", line)
	}
	var body []byte
	table.Save, table.Gone = func(c *Call) { body, _ = c.AppendSnapshot(nil) }, func(Key) {}
	handle(t, table, "1.000 B>P 200 INVITE branch=p vias=2 ttag=9")
	if body == nil {
		t.Fatal("not saved")
	}
	again := emptyTable()
	c := restore(t, again, body, epoch+1e9)
	handle(t, again, "1.010 A>P ACK branch=k ttag=9")
	if c.Answered != epoch+1e9 {
		t.Errorf("answered at %d", c.Answered)
	}
}

// A call that was refused may come back after its final record: all that was known of it is.
func TestRestartOfRefused(t *testing.T) {
	table := emptyTable()
	handle(t, table, "0.000 A>B INVITE contact=A")
	handle(t, table, "1.000 B>A 486 INVITE ttag=9")
	table.Advance(epoch + 8e9)
	again := emptyTable()
	c := restore(t, again, snapshotOf(t, table), epoch+8e9)
	handle(t, again, "9.000 B>A 200 INVITE ttag=9")
	if c.Done || c.Answered == 0 || !c.Text.has(From) || !c.Text.has(Contact) || c.Flags&LateAnswer == 0 {
		t.Errorf("done %t, from %q: %s", c.Done, c.Text.Get(From), describe(c, false))
	}
}
