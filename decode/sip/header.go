package sip

import "encoding/binary"

// HeaderID names a header field of the allow-list. What has no HeaderID is never looked at, let alone kept: Subject,
// User-to-User, Call-Info, Alert-Info and every unknown header field.
type HeaderID uint8

// Header fields of the allow-list, by the names of the IANA registry.
const (
	HeaderNone               HeaderID = iota // not on the list
	HeaderFrom                               // RFC 3261 section 20.20
	HeaderTo                                 // RFC 3261 section 20.39
	HeaderCallID                             // RFC 3261 section 20.8
	HeaderCSeq                               // RFC 3261 section 20.16
	HeaderVia                                // RFC 3261 section 20.42, a list
	HeaderContact                            // RFC 3261 section 20.10, a list
	HeaderContentType                        // RFC 3261 section 20.15
	HeaderContentLength                      // RFC 3261 section 20.14
	HeaderUserAgent                          // RFC 3261 section 20.41
	HeaderServer                             // RFC 3261 section 20.35
	HeaderExpires                            // RFC 3261 section 20.19
	HeaderAuthorization                      // RFC 3261 section 20.7
	HeaderProxyAuthorization                 // RFC 3261 section 20.28
	HeaderPAssertedIdentity                  // RFC 3325 section 9.1, a list
	HeaderPPreferredIdentity                 // RFC 3325 section 9.2, a list
	HeaderRemotePartyID                      // draft-ietf-sip-privacy-04, a list
	HeaderPrivacy                            // RFC 3323 section 4.2
	HeaderDiversion                          // RFC 5806, a list, the last diversion first
	HeaderHistoryInfo                        // RFC 7044, a list
	HeaderSessionID                          // RFC 7989
	HeaderPChargingVector                    // RFC 7315 section 4.6
	HeaderPAccessNetworkInfo                 // RFC 7315 section 4.4, a list
	HeaderGeolocation                        // RFC 6442, a list
	HeaderReason                             // RFC 3326, a list
	HeaderIdentity                           // RFC 8224, a list
	HeaderReferTo                            // RFC 3515
	HeaderReferredBy                         // RFC 3892
	HeaderReplaces                           // RFC 3891
	HeaderRSeq                               // RFC 3262 section 7.1
	HeaderRAck                               // RFC 3262 section 7.2
	HeaderSessionExpires                     // RFC 4028 section 4
	HeaderEvent                              // RFC 6665 section 8.2.1
	HeaderDate                               // RFC 3261 section 20.17
	HeaderWWWAuthenticate                    // RFC 3261 section 20.44: of it only what StaleChallenge says
	HeaderProxyAuthenticate                  // RFC 3261 section 20.27, the same
)

// HeaderIDs is the number of HeaderID values: the length of an array indexed by one.
const HeaderIDs = int(HeaderProxyAuthenticate) + 1

// headerNames holds the name of each HeaderID and, where there is one, its compact form (RFC 3261 section 7.3.3).
var headerNames = [HeaderIDs]struct {
	name    string
	compact byte
}{
	HeaderFrom:               {"From", 'f'},
	HeaderTo:                 {"To", 't'},
	HeaderCallID:             {"Call-ID", 'i'},
	HeaderCSeq:               {"CSeq", 0},
	HeaderVia:                {"Via", 'v'},
	HeaderContact:            {"Contact", 'm'},
	HeaderContentType:        {"Content-Type", 'c'},
	HeaderContentLength:      {"Content-Length", 'l'},
	HeaderUserAgent:          {"User-Agent", 0},
	HeaderServer:             {"Server", 0},
	HeaderExpires:            {"Expires", 0},
	HeaderAuthorization:      {"Authorization", 0},
	HeaderProxyAuthorization: {"Proxy-Authorization", 0},
	HeaderPAssertedIdentity:  {"P-Asserted-Identity", 0},
	HeaderPPreferredIdentity: {"P-Preferred-Identity", 0},
	HeaderRemotePartyID:      {"Remote-Party-ID", 0},
	HeaderPrivacy:            {"Privacy", 0},
	HeaderDiversion:          {"Diversion", 0},
	HeaderHistoryInfo:        {"History-Info", 0},
	HeaderSessionID:          {"Session-ID", 0},
	HeaderPChargingVector:    {"P-Charging-Vector", 0},
	HeaderPAccessNetworkInfo: {"P-Access-Network-Info", 0},
	HeaderGeolocation:        {"Geolocation", 0},
	HeaderReason:             {"Reason", 0},
	HeaderIdentity:           {"Identity", 'y'},
	HeaderReferTo:            {"Refer-To", 'r'},
	HeaderReferredBy:         {"Referred-By", 'b'},
	HeaderReplaces:           {"Replaces", 0},
	HeaderRSeq:               {"RSeq", 0},
	HeaderRAck:               {"RAck", 0},
	HeaderSessionExpires:     {"Session-Expires", 'x'},
	HeaderEvent:              {"Event", 'o'},
	HeaderDate:               {"Date", 0},
	HeaderWWWAuthenticate:    {"WWW-Authenticate", 0},
	HeaderProxyAuthenticate:  {"Proxy-Authenticate", 0},
}

// String returns the header field's name in its usual spelling, "" for HeaderNone.
func (id HeaderID) String() string {
	if int(id) < len(headerNames) {
		return headerNames[id].name
	}
	return ""
}

// isList says that the field's value is a comma-separated list whose elements Message.Values yields one by one.
func (id HeaderID) isList() bool {
	switch id {
	case HeaderVia, HeaderContact, HeaderPAssertedIdentity, HeaderPPreferredIdentity, HeaderRemotePartyID,
		HeaderDiversion, HeaderHistoryInfo, HeaderPAccessNetworkInfo, HeaderGeolocation, HeaderReason, HeaderIdentity:
		return true
	default:
		return false
	}
}

// hasURI says that the field's value holds a URI, which may carry headers of its own (RFC 3261 section 19.1.1).
func (id HeaderID) hasURI() bool {
	switch id {
	case HeaderFrom, HeaderTo, HeaderContact, HeaderPAssertedIdentity, HeaderPPreferredIdentity, HeaderRemotePartyID,
		HeaderDiversion, HeaderHistoryInfo, HeaderGeolocation, HeaderReferTo, HeaderReferredBy:
		return true
	default:
		return false
	}
}

// maxName is the length of the longest name on the list, P-Access-Network-Info.
const maxName = 21

// headersByLength holds, per length of the name, the candidates; headersByLetter the compact forms in both cases.
var headersByLength, headersByLetter = indexHeaders()

type headerName struct {
	key nameKey
	id  HeaderID
}

func indexHeaders() (byLength [maxName + 1][]headerName, byLetter [256]HeaderID) {
	for id := HeaderNone + 1; int(id) < HeaderIDs; id++ {
		h := headerNames[id]
		byLength[len(h.name)] = append(byLength[len(h.name)], headerName{keyOf([]byte(h.name)), id})
		if h.compact != 0 {
			byLetter[h.compact] = id
			byLetter[h.compact&^0x20] = id
		}
	}
	return byLength, byLetter
}

// nameKey is a field name of 2 to 24 token octets without regard to case, in three comparisons instead of a loop.
type nameKey struct{ head, middle, tail uint64 }

// fold has the bit set that tells a from A. On the octets of a token it makes no letter and no hyphen of anything else.
const fold = 0x2020202020202020

func keyOf(name []byte) nameKey {
	n := len(name)
	switch {
	case n >= 16:
		return nameKey{
			binary.LittleEndian.Uint64(name) | fold,
			binary.LittleEndian.Uint64(name[8:]) | fold,
			binary.LittleEndian.Uint64(name[n-8:]) | fold,
		}
	case n >= 8:
		return nameKey{head: binary.LittleEndian.Uint64(name) | fold, tail: binary.LittleEndian.Uint64(name[n-8:]) | fold}
	case n >= 4:
		return nameKey{
			head: uint64(binary.LittleEndian.Uint32(name)) | fold,
			tail: uint64(binary.LittleEndian.Uint32(name[n-4:])) | fold,
		}
	case n >= 2:
		return nameKey{head: uint64(binary.LittleEndian.Uint16(name)) | fold, tail: uint64(name[n-1]) | fold}
	}
	return nameKey{}
}

// headerID returns the HeaderID of a field name, a token, in any case or in its compact form.
func headerID(name []byte) HeaderID {
	if len(name) == 1 {
		return headersByLetter[name[0]]
	}
	if len(name) > maxName || len(headersByLength[len(name)]) == 0 {
		return HeaderNone
	}
	key := keyOf(name)
	for _, h := range headersByLength[len(name)] {
		if h.key == key {
			return h.id
		}
	}
	return HeaderNone
}
