// Package pipeline runs the path of a call: packets in, records out.
//
//	capture.Source → worker (decode, streams) → batches → correlator (calls, media) → recorder → Output
//
// A worker walks packets, counts RTP where it is and hands on SIP messages, parsed and copied. The one correlator puts
// the batches of all workers into the order of packet time and follows the calls; the recorder, in the same goroutine, makes
// their records and looks up numbers and places. There is one bounded queue, the correlator's; when it is full, workers
// wait.
//
// A live run has a source for each worker and waits for nobody: live.go says how it differs. It also gives out what each tap
// saw and missed (coverage.go), and the state of open calls (correlator_live.go, restore.go).
//
// The same packets give the same records whatever the number of workers and the speed of the machine: see order.go.
//
// In: a Source. Out: records' exact bytes, to an Output. Called by cmd/calltrail. It opens no file, no connection and
// reads no clock.
package pipeline
