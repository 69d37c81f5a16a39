// Package pidf reads the place out of PIDF-LO documents that SIP messages carry (RFC 6442).
//
// In: a message's Content-Type and body (FromBody, Named), then the document found there (Parse). Out: a Location, which shares
// nothing with the document. cdr/pipeline asks for the INVITEs that have a Geolocation header field.
//
// A document may hold much more: who and how somebody is, notes, contacts, a street and a house number. None of that is ever
// taken: only what Location lists leaves this package. It fetches nothing, and follows no reference, within a
// document or out of it.
package pidf
