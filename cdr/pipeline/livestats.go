package pipeline

import (
	"calltrail/capture"
	"calltrail/cdr/app"
	"calltrail/cdr/dialog"
	"calltrail/cdr/media"
	"calltrail/cdr/mediaonly"
	"calltrail/cdr/record"
	"calltrail/decode"
	"calltrail/decode/sip"
)

// LiveStats is a moment of a running pipeline. All counts begin with the run and only grow, but for those of what is
// in memory.
type LiveStats struct {
	Taps []TapStats
	// Calls in memory, those of them that have not ended, and telephones' bindings remembered.
	Calls, OpenCalls, Bindings int
	Dialogs                    dialog.Stats
	// Unsaved counts states of calls that could not be written down for the next start.
	Unsaved uint64
	Media   media.IndexStats
	Apps    app.Stats
	// AppCalls and MediaCalls are those in memory without signalling: in applications, and of media alone; MediaOnly their sums.
	AppCalls, MediaCalls int
	MediaOnly            mediaonly.Stats
	// Outcomes counts call legs that have left memory, by the disposition of their last record.
	Outcomes map[record.Disposition]uint64
	// Records given out, all revisions and events, by kind.
	Records map[record.Kind]uint64
	// Watermark is the packet time up to which everything has been handled, nanoseconds since 1970; 0 before the first.
	Watermark int64
}

// TapStats is what one tap has given so far.
type TapStats struct {
	Name            string
	Packets, Octets uint64
	// Late are packets older than the worker's clock when they came; they count at the clock's time.
	Late      uint64
	Counts    decode.Counts
	SIPErrors [sip.ParseErrors]uint64
	// Duplicates are copies by a mirror port: SIP datagrams that came twice, RTP sequence numbers that did.
	Duplicates uint64
	// Flows that began, and those of which one direction only was seen.
	Flows, OneWayFlows uint64
	// OneSidedCalls are those of which one side's signalling was seen.
	OneSidedCalls uint64
	// Unseen estimates what never reached the tap.
	UnseenTCPOctets, UnseenRTPPackets uint64
	// Streams in the workers' tables now.
	Streams int
	Tables  media.TableStats
	// Carriage is what was put together out of the tap's packets.
	Carriage CarriageStats
	// Capture are the counts of the tap's sources, added up; Up says that all are.
	Capture capture.LiveStats
}
