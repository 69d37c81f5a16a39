package group

import (
	"bytes"
	"strings"

	"calltrail/cdr/dialog"
	"calltrail/decode/sip"
)

// Methods, as records have them.
const (
	byCallID    = "call_id"
	bySessionID = "session_id"
	byICID      = "icid"
	byOrigin    = "sdp_origin"
	byHeuristic = "heuristic"
)

// Key takes a group's name apart into what record.GroupUID asks for: the method by which its first leg was named, and what
// that found.
func Key(g dialog.Group) (method, key string) {
	method, key, _ = strings.Cut(g.Name, "\x00")
	return method, key
}

func named(method, key string) dialog.Group {
	return dialog.Group{Method: method, Name: method + "\x00" + key}
}

// sessionOf is the caller's UUID of a Session-ID, "" when there is none that tells anything.
func sessionOf(value []byte) string {
	id, err := sip.ParseSessionID(value)
	if err != nil || sip.IsNullUUID(id.Local) {
		return ""
	}
	return strings.ToLower(string(id.Local))
}

// minSession is the fewest digits of a session id that tells sessions apart: some programs write 0, 1 or 100 for each, others
// the number of their process.
const minSession = 4

// originOf is the o= line to compare by, "" when it tells sessions apart badly: programs that write 0 or 1 for every session,
// or no address of theirs.
func originOf(origin []byte) string {
	id, rest, _ := bytes.Cut(origin, []byte{' '})
	if len(bytes.TrimLeft(id, "0")) < minSession {
		return ""
	}
	switch address := rest[bytes.LastIndexByte(rest, ' ')+1:]; string(address) {
	case "", "0.0.0.0", "127.0.0.1", "::", "::1", "localhost":
		return ""
	}
	return string(origin)
}
