package pipeline

import (
	"errors"
	"fmt"
	"math"
	"slices"

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
	taps    map[dialog.Key]string
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
	return &Restorer{p: p, saved: dialog.NewSaved(maxSaved, now), records: map[uuid.UUID]recorded{}, taps: map[dialog.Key]string{}}
}

// Local takes in what Keeper.Local was called with, in that order, between the records. The body is copied.
func (r *Restorer) Local(kind byte, body []byte) {
	var err error
	switch kind {
	case LocalCall:
		err = r.call(body)
	case LocalGone:
		err = r.saved.Gone(body)
	}
	if err != nil {
		r.damaged++
	}
}

// call takes in the state of a call with the name of its tap in front: taps are numbered by the configuration, which may be
// another one now.
func (r *Restorer) call(body []byte) error {
	name, snapshot, ok := cutTap(body)
	if !ok {
		return errors.New("no name of a tap")
	}
	key, err := r.saved.Snapshot(snapshot)
	if err != nil {
		return err
	}
	r.taps[key] = string(name)
	return nil
}

// appendTap writes the name of a tap, its length in front. Names of interfaces are short.
func appendTap(dst []byte, name *string) []byte {
	if name == nil {
		return append(dst, 0)
	}
	n := min(len(*name), math.MaxUint8)
	return append(append(dst, byte(n)), (*name)[:n]...)
}

func cutTap(body []byte) (name, rest []byte, ok bool) {
	if len(body) == 0 || len(body) < 1+int(body[0]) {
		return nil, nil, false
	}
	n := 1 + int(body[0])
	return body[1:n], body[n:], true
}

// number is the number of a tap in this run. One that is not listened to any more gets a number behind the others, so that
// the call's record names it.
func (r *Restorer) number(name string) uint16 {
	cfg := &r.p.cfg
	i := slices.Index(cfg.taps, name)
	if i < 0 && len(cfg.taps) < math.MaxUint16 {
		i = len(cfg.taps)
		cfg.taps = append(cfg.taps, name)
	}
	return uint16(max(i, 0)) //nolint:gosec // checked: at most 65,535
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
		c.Tap = r.number(r.taps[c.Key()])
		uid := record.CallUID(r.p.cfg.Sensor, c.CallID, c.FirstTag, record.TimeOf(c.Started), c.Branch)
		if rec, ok := r.records[uid]; ok {
			t.Recorded(c, rec.revision, rec.final)
		}
		r.p.correlator.groups.Restore(c, r.p.correlator.recorder.whom)
	}
	r.records, r.taps = nil, nil
	if r.damaged > 0 {
		err = errors.Join(err, fmt.Errorf("%d states of calls cannot be read", r.damaged))
	}
	return len(list), err
}
