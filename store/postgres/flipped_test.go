package postgres

import (
	"bytes"
	"context"
	"testing"

	"calltrail/store/faults/control"
)

// flippedOctet delivers records of which one had an octet flipped on its way (fault 10), and again as it was sent: it must be an
// alarm, in quarantine and in no table, until the true one comes.
func flippedOctet(t testing.TB) {
	l, db := opened(t)
	items := newChain(t).calls(1, 5)
	true3 := items[2]
	items[2].Body = bytes.Replace(items[2].Body, []byte(`"London"`), []byte(`"Londoo"`), 1)
	if err := l.Deliver(context.Background(), items); err != nil {
		t.Fatal(err)
	}
	db.want(`SELECT reason, seq FROM calltrail.quarantine`, "leaf_mismatch|3")
	db.want(`SELECT count(*) FROM calltrail.call_record`, "4")
	if c := l.Counts(); c.Alarms != 1 {
		t.Errorf("%d alarms, want 1", c.Alarms)
	}
	if err := l.Deliver(context.Background(), append(items[:2:2], true3)); err != nil {
		t.Fatal(err)
	}
	db.want(`SELECT count(*) FROM calltrail.entry e JOIN calltrail.record_body b USING (day, record_id) WHERE sha256(b.body) = e.leaf`, "5")
	t.Logf("fault 10: 1 octet flipped, refused, sent again")
}

func TestFlippedOctet(t *testing.T) { flippedOctet(t) }

// The control of fault 10: a loader that does not compare hash and body takes the damaged record in. Not parallel: the breach is
// every loader's.
func TestFlippedOctetIsNoticed(t *testing.T) {
	breach = breachUnproved
	defer func() { breach = "" }()
	control.Noticed(t, "the hash is not compared with the body", flippedOctet)
}
