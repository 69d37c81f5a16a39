// Package number tells what a telephone number tells by itself: its E.164 form, its country, the region and operator
// its range was allotted to, and its type.
//
// In: the user part of a SIP URI or the subscriber of a tel: URI, the bytes as sent. Out: an [Info]. cdr/pipeline asks
// once per party when it makes a record. The knowledge is libphonenumber's (github.com/nyaruka/phonenumbers), whose
// 30-50 µs a number a bounded cache hides.
//
// Nothing here says where a caller is, who he is, or who serves him: numbers are ported, lent and forged, which is why
// the names say "range". The package never guesses a number out of text ("alice", "0800-FLOWERS"), never keeps what
// follows a number (parameters, digits to be dialled later), and imports nothing of ours.
package number
