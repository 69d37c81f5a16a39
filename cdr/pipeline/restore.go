package pipeline

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"calltrail/cdr/dialog"
	"calltrail/cdr/record"
)

// Restorer takes up the calls that were open when the last run ended, from what a Keeper was given then. It is used
// before RunLive.
type Restorer struct {
	p       *Pipeline
	saved   *dialog.Saved
	records map[uuid.UUID]recorded
	damaged int
}

// recorded is the newest record of a call.
type recorded struct {
	revision int
	final    bool
}

// maxSaved bounds the calls to be taken up. A table that holds fewer pushes out the rest, with their records.
const maxSaved = 1 << 18

// maxRecorded bounds the calls whose records are remembered; of more, a revision could get a number for the second time,
// which the store keeps as a second view of the same moment.
const maxRecorded = 1 << 20

// Restorer returns an empty one. now is the time of the start, nanoseconds since 1970.
func (p *Pipeline) Restorer(now int64) *Restorer {
	return &Restorer{p: p, saved: dialog.NewSaved(maxSaved, now), records: map[uuid.UUID]recorded{}}
}

// Local takes in what Keeper.Local was called with, in that order. The body is copied.
func (r *Restorer) Local(kind byte, body []byte) {
	var err error
	switch kind {
	case LocalCall:
		err = r.saved.Snapshot(body)
	case LocalGone:
		err = r.saved.Gone(body)
	}
	if err != nil {
		r.damaged++
	}
}

// Record takes in a record of the last run: numbers of revisions go on from it.
func (r *Restorer) Record(body []byte) {
	call, revision, final, ok := record.Peek(body)
	if !ok {
		return
	}
	if old, known := r.records[call]; known && old.revision >= revision || !known && len(r.records) >= maxRecorded {
		return
	}
	r.records[call] = recorded{revision, final}
}

// Finish gives the calls to the pipeline and says how many there are. The error tells of snapshots that could not be
// read; the other calls are there.
func (r *Restorer) Finish() (calls int, err error) {
	t := r.p.correlator.calls
	list, err := r.saved.Restore(t)
	for _, c := range list {
		uid := record.CallUID(r.p.cfg.Sensor, c.CallID, c.FirstTag, record.TimeOf(c.Started), c.Branch)
		if rec, ok := r.records[uid]; ok {
			t.Recorded(c, rec.revision, rec.final)
		}
	}
	r.records = nil
	if r.damaged > 0 {
		err = errors.Join(err, fmt.Errorf("%d states of calls cannot be read", r.damaged))
	}
	return len(list), err
}
