package sip

import "bytes"

// SessionID is the value of Session-ID (RFC 7989 section 5):
//
//	session-id          =  "Session-ID" HCOLON session-id-value
//	session-id-value    =  local-uuid *(SEMI sess-id-param)
//	local-uuid          =  sess-uuid / null
//	remote-uuid         =  sess-uuid / null
//	sess-uuid           =  32(DIGIT / %x61-66)  ; 32 chars of [0-9a-f]
//	null                =  32("0")
//	remote-param        =  "remote" EQUAL remote-uuid
//
// Local is the sender's, Remote the other side's: as the message goes the other way they change places.
type SessionID struct {
	Local  []byte // 32 hexadecimal digits
	Remote []byte // as Local; nil when there is none, as in RFC 7329
}

// ParseSessionID reads one value; upper-case digits are accepted. The error is ErrSessionID.
func ParseSessionID(value []byte) (SessionID, error) {
	local, params, _ := bytes.Cut(value, []byte{';'})
	s := SessionID{Local: trim(local)}
	if !isSessionUUID(s.Local) {
		return SessionID{}, ErrSessionID
	}
	if remote, _ := Param(params, "remote"); isSessionUUID(remote) {
		s.Remote = remote
	}
	return s, nil
}

func isSessionUUID(b []byte) bool {
	for _, c := range b {
		if _, ok := hexValue(c); !ok {
			return false
		}
	}
	return len(b) == 32
}

// IsNullUUID says that uuid is the null UUID: the sender did not know that side's.
func IsNullUUID(uuid []byte) bool {
	for _, c := range uuid {
		if c != '0' {
			return false
		}
	}
	return true
}
