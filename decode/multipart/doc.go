// Package multipart finds a body part in the body of a SIP message (RFC 5621).
//
// In: the message's Content-Type and body. Out: the part that was asked for, as a part of that body. decode/sdp asks it for the
// session description, decode/pidf for the caller's place. No other part is looked into: where it ends is all that is found
// out about it. Nothing is decoded (a Content-Transfer-Encoding other than binary, which SIP has no use for, is left in
// place), copied or allocated.
package multipart
