// Package group finds the legs that belong to one call: the two sides of a back-to-back user agent, a call that is tried again
// under another Call-ID, the call that a transfer or a redirection makes, and the same leg seen by several sensors.
//
// In: legs as they begin, are sent on and leave, from cdr/dialog's hooks. Out: for each leg a dialog.Group, whose Name is the
// same for all of them and whose Method says what showed it. Called by cdr/pipeline's correlator, in the order of packet time.
// It looks at signalling only, never at media. A group is named by its first leg; a leg that began before is given another
// one only when a REFER says that its dialog is to be taken over.
//
// # What shows it
//
// In this order, each a stronger sign than the next:
//
//	call_id     the leg's own Call-ID and From tag, or a Replaces that names another leg's: in an INVITE (RFC 3891), or in
//	            a REFER (RFC 5589)
//	session_id  Session-ID (RFC 7989): the caller's UUID goes through back-to-back user agents unchanged
//	icid        icid-value of P-Charging-Vector (RFC 7315): one for each call in an IMS
//	sdp_origin  o= of the caller's session description, sent on by another host while the first leg is open
//	heuristic   the same two numbers, sent on by another host within seconds; or by the same host after an answer that
//	            asks to try again or elsewhere; or where a 3xx or a REFER pointed, called by a party of that leg, under its
//	            name, within 32 s
//
// Two legs that both have a Session-ID, or both an ICID, and not the same one, are never joined by a weaker sign. The first two
// and the last resort, a leg's own Call-ID, name the same group on every sensor, with nothing exchanged between them.
package group
