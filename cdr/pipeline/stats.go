package pipeline

import (
	"calltrail/cdr/app"
	"calltrail/cdr/dialog"
	"calltrail/cdr/group"
	"calltrail/cdr/media"
	"calltrail/cdr/mediaonly"
	"calltrail/cdr/record"
	"calltrail/decode"
	"calltrail/decode/sip"
)

// Stats are the sums of one Run; they balance: Packets is the total of Counts.
type Stats struct {
	// Packets read from the source.
	Packets uint64
	// Counts says what became of each of them.
	Counts decode.Counts
	// SIPErrors counts the messages of Counts[decode.SIPMalformed] by why the parser refused them.
	SIPErrors [sip.ParseErrors]uint64
	// Calls counts call legs by the disposition of their last record.
	Calls map[record.Disposition]uint64
	// Records given out, all revisions and events; of those Events that are no calls.
	Records, Events uint64
	Dialogs         dialog.Stats
	Tables          media.TableStats
	Streams         media.IndexStats
	Carriage        CarriageStats
	Groups          group.Stats
	Apps            app.Stats
	MediaOnly       mediaonly.Stats
}

// Stats returns the sums. Call it after Run has returned.
func (p *Pipeline) Stats() Stats {
	s := Stats{
		Packets: p.packets, Calls: p.correlator.recorder.outcomes, Dialogs: p.correlator.calls.Stats, Streams: p.correlator.index.Stats,
		Groups: p.correlator.groups.Stats, Apps: p.correlator.apps.Stats, MediaOnly: p.correlator.alone.Stats,
	}
	for kind, n := range p.correlator.recorder.records {
		s.Records += n
		if kind == record.KindRegistration || kind == record.KindMessage {
			s.Events += n
		}
	}
	for i, w := range p.workers {
		if breach == firstWorker && i > 0 {
			continue
		}
		c := w.carriage()
		s.Carriage.add(&c)
		s.Counts.Add(&w.counts)
		for e, n := range w.sipError {
			s.SIPErrors[e] += n
		}
		s.Tables.Opened += w.table.Stats.Opened
		s.Tables.Single += w.table.Stats.Single
		s.Tables.Refused += w.table.Stats.Refused
		s.Tables.Pushed += w.table.Stats.Pushed
	}
	return s
}
