package sip

import "bytes"

// Replaces names the dialog that an INVITE takes over (RFC 3891 section 6.1):
//
//	Replaces       =  "Replaces" HCOLON callid *(SEMI replaces-param)
//	replaces-param =  to-tag / from-tag / early-flag / generic-param
//
// The tags are as the receiver of the INVITE sees them: its own is ToTag. In the URI of Refer-To the value is escaped:
// AppendUnescaped first.
type Replaces struct {
	CallID  []byte
	ToTag   []byte
	FromTag []byte
}

// ParseReplaces reads one value. The error is ErrReplaces.
func ParseReplaces(value []byte) (Replaces, error) {
	id, params, _ := bytes.Cut(value, []byte{';'})
	r := Replaces{CallID: trim(id)}
	r.ToTag, _ = Param(params, "to-tag")
	r.FromTag, _ = Param(params, "from-tag")
	if len(r.CallID) == 0 || r.ToTag == nil || r.FromTag == nil {
		return Replaces{}, ErrReplaces
	}
	return r, nil
}
