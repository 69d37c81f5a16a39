package reassembly

import "calltrail/decode/sip"

// looksLikeSIP says whether a part of a stream begins like a SIP message; it may go on in the next part.
func looksLikeSIP(b []byte) bool { return sip.Looks(b, true) }
