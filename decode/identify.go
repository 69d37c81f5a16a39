package decode

import "calltrail/decode/sip"

// isSIP says whether the payload begins like a SIP message. The line goes on where the snap length cut it.
func isSIP(f *Frame) bool { return sip.Looks(f.Payload, f.cut()) }
