// Package spool is the sensor's durable log: it numbers every record, links it to the one before by SHA-256, and says
// that it has it only when the disk does. It is the buffer between the sensor and Kafka, and it is evidence.
//
// In: record bodies from the pipeline (Append, Write), acknowledgements from the pump (Ack). Out: entries in the order of
// their numbers (Reader), a gap asked for again (ReadRange), what was lost to damage (Gaps).
//
// What holds:
//   - A number that was told as durable comes back with the same bytes after a kill, a power loss or a failed fsync.
//   - Only the torn end of the newest segment is ever cut. Damage anywhere else is copied to quarantine/, reported as
//     a gap, and the records behind it stay readable. A damaged record is never handed out.
//   - A number that may have left the sensor is never given to other bytes.
//   - Nothing unacknowledged is deleted, whatever the disk says.
//
// It never looks into a body, never talks to the network and never writes into a segment of an earlier run. The format is
// described in docs/spool-format.md.
//
// # Files
//
//	config.go      what a spool needs to know
//	frame.go       one entry on disk       segment.go    the header of a file of entries
//	scan.go        entries out of bytes    recover.go    what Open makes of the files it finds
//	                                       tail.go       the torn end of the newest
//	write.go       numbering, queueing     commit.go     segments, fsync, and what to do when it fails
//	reader.go      entries in order        quarantine.go damage and gaps
//	recent.go      the end of the log      trim.go       retention
//	cursor.go      acknowledgement
//	fs.go          the file system as a seam, for the tests that pull the plug
package spool
