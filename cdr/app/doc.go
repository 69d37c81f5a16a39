// Package app makes calls of flows: it joins the flows of one call in an application, whichever worker saw them, and says when
// there is a call at all.
//
// In: flow events and closed RTP streams that no signalling claimed, in the order of packet time. Out: Calls, which become
// records of kind app. Called by cdr/pipeline's correlator. It claims nothing that was not seen: a key exchange, a keep-alive or
// a data channel is no call.
//
// The files: sessions.go is what the owner calls; session.go one call in the making; join.go the rules by which a flow finds its
// call, over the tables of index.go; judge.go what the flows of a session are together; parties.go who talks to whom; tell.go
// makes a Call of all that; streams.go the RTP.
package app
