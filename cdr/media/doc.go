// Package media counts RTP streams and finds the calls they belong to.
//
// It has two halves that run on two sides of a queue:
//
//   - A Table belongs to one decode worker. It counts the streams that the worker sees, packet by packet, without
//     lock or allocation, and knows nothing of calls. It tells of each stream twice: an Opened event with its first packet,
//     and a Closed event with the counts; and in between, when there is enough in sequence to call it media, a Confirmed one.
//   - An Index belongs to the correlator. It knows which call announced which address (SDP), from when until when, and
//     gives every stream to its calls. It asks a Table for one thing only: to close a stream at a time to come (Command).
//
// A Closed event carries the packets before its time and no other, so what a call is given does not depend on how
// packets were spread over workers, or on which goroutine ran first.
//
// describe.go takes in what SDP announces: c= and m=, candidates of ICE, bundles. turn.go knows the clients of TURN servers, nat.go
// where media behind NATs may be met. foreign.go tells a call's streams from those that somebody sends into its ports. doubt.go
// follows streams after an end that may be none, silence.go says when the lack of media says something, lone.go which streams
// nobody announced.
//
// In: RTP headers; addresses from session descriptions. Out: Observed streams of a Session. It never sees a payload.
package media
