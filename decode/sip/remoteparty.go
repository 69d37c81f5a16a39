package sip

import "iter"

// RemoteParty is one element of Remote-Party-ID (draft-ietf-sip-privacy-04 section 5.1), which networks without P-Asserted-Identity
// still send:
//
//	Remote-Party-ID  =  "Remote-Party-ID" HCOLON rpi *(COMMA rpi)
//	rpi              =  [display-name] LAQUOT addr-spec RAQUOT *(SEMI rpi-token)
//	rpi-token        =  rpi-screen / rpi-pty-type / rpi-id-type / rpi-privacy / other-rpi-token
//	rpi-screen       =  "screen" EQUAL ("no" / "yes")
//	rpi-pty-type     =  "party" EQUAL ("calling" / "called" / token)
type RemoteParty struct {
	NameAddr
	Party    []byte // whose identity it is, as sent; nil: in a request the caller's
	Screened bool   // the network has found it to be right (screen=yes)
}

// ParseRemoteParty reads one element. The error is ErrNameAddr.
func ParseRemoteParty(element []byte) (RemoteParty, error) {
	addr, err := ParseNameAddr(element)
	r := RemoteParty{NameAddr: addr}
	party, _ := Param(addr.Params, "party")
	screen, _ := Param(addr.Params, "screen")
	r.Party, r.Screened = stripQuotes(party), equalFold(stripQuotes(screen), "yes")
	return r, err
}

// IsCalling says that in a request it is the caller's identity.
func (r RemoteParty) IsCalling() bool { return len(r.Party) == 0 || equalFold(r.Party, "calling") }

// ChooseIdentity returns the one of a request's identities, elements of P-Asserted-Identity, P-Preferred-Identity or
// Remote-Party-ID, that names the caller's telephone number, else the first; nil when none can be read. A network may assert
// two, a SIP URI and a tel URI (RFC 3325 section 9.1), in any order. Those of Remote-Party-ID that are not the caller's are passed
// over.
func ChooseIdentity(elements iter.Seq[[]byte]) []byte {
	var first []byte
	for element := range elements {
		r, err := ParseRemoteParty(element)
		if err != nil || !r.IsCalling() {
			continue
		}
		if uri, err := ParseURI(r.URI); err == nil && uri.IsPhoneNumber() {
			return element
		}
		if first == nil {
			first = element
		}
	}
	return first
}

// IsPhoneNumber says that the user part is meant as a telephone number: of a tel URI, of a SIP URI with user=phone
// (RFC 3261 section 19.1.6), and of one that begins with a plus sign and a digit.
func (u URI) IsPhoneNumber() bool {
	switch u.Scheme {
	case SchemeTel:
		return true
	case SchemeSIP, SchemeSIPS:
		if v, _ := Param(u.Params, "user"); equalFold(v, "phone") {
			return true
		}
		if len(u.User) == 0 {
			return false
		}
		sign, n := escapedAt(u.User, 0)
		if sign != '+' || n == len(u.User) {
			return false
		}
		digit, _ := escapedAt(u.User, n)
		return isDigit(digit)
	default:
		return false
	}
}
