package dialog

import "calltrail/decode/sip"

// What a call keeps of a message that has several Call-ID, From, To, CSeq or Content-Length header fields. Each of its
// receivers may have gone by another one, so all are kept, those of the first message of the call that has several of that
// field: an INVITE's, and for a field that only a later message repeats those of that one. What copies, answers and further
// messages repeat is not added.

// conflicting are the header fields that a message has once. Snapshots hold their places here.
var conflicting = [...]struct {
	header  sip.HeaderID
	anomaly sip.Anomaly
}{
	{sip.HeaderCallID, sip.DuplicateCallID},
	{sip.HeaderFrom, sip.DuplicateFrom},
	{sip.HeaderTo, sip.DuplicateTo},
	{sip.HeaderCSeq, sip.DuplicateCSeq},
	{sip.HeaderContentLength, sip.DuplicateLength},
}

// Bounds of the values kept of one such field. They have room of their own, apart from the text's slab: nobody can push a
// call's own values out with them.
const (
	maxConflicting      = 32
	maxConflictingTexts = 2 * sip.MaxValue // octets of them together
)

// conflicts are values by their place in conflicting, each list in the order of the message.
type conflicts [len(conflicting)][][]byte

// Conflicting returns all values of a header field that a message of the call had several of, in the order of the message,
// nil when none had. URIs have passed the redactor; empty values are left out.
func (t *Text) Conflicting(id sip.HeaderID) [][]byte {
	if t.conflicts == nil {
		return nil
	}
	for i, c := range conflicting {
		if c.header == id {
			return t.conflicts[i]
		}
	}
	return nil
}

// conflict keeps the values of the fields that m has several of, of those in fresh.
func (t *Text) conflict(m *sip.Message, fresh sip.Anomaly) {
	if t.conflicts == nil {
		t.conflicts = new(conflicts)
	}
	for i, c := range conflicting {
		if fresh&c.anomaly == 0 || t.conflicts[i] != nil {
			continue
		}
		size := 0
		for v := range m.Values(c.header) {
			b := append([]byte(nil), v...) // a Call-ID may have a colon and an @ like a URI with a password: it stays as it is
			if c.header != sip.HeaderCallID {
				b = sip.AppendRedacted(nil, v)
			}
			if len(b) > sip.MaxValue {
				b, t.full = b[:sip.MaxValue], true // marks of the redactor made it longer
			}
			if len(t.conflicts[i]) >= maxConflicting || size+len(b) > maxConflictingTexts {
				t.full = true
				break
			}
			size += len(b)
			t.conflicts[i] = append(t.conflicts[i], b)
		}
	}
}

// fillConflicts takes the values back from a snapshot. It says false when they are not such as conflict keeps.
func (t *Text) fillConflicts(lists [][][]byte) bool {
	if len(lists) == 0 {
		return true
	}
	if len(lists) > len(conflicting) {
		return false
	}
	t.conflicts = new(conflicts)
	for i, list := range lists {
		size := 0
		for _, v := range list {
			if len(v) == 0 || len(v) > sip.MaxValue {
				return false
			}
			size += len(v)
		}
		if len(list) > maxConflicting || size > maxConflictingTexts {
			return false
		}
		t.conflicts[i] = list
	}
	return true
}
