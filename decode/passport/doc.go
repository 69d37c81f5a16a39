// Package passport reads the Identity header field and the PASSporT in it (RFC 8224, RFC 8225): who a provider says the caller
// is, and how sure it is of that (SHAKEN, RFC 8588).
//
// In: the values of Identity; for the compact form also what the claims are made of, From, To and Date. Out: a Passport, which
// shares nothing with the message, with the octets its signature is over. cdr/pipeline asks when it makes a record;
// cdr/attest checks the signature. Nothing here does: a Passport is what somebody claims.
//
// Claims that are not listed in Passport (a name, a picture, a call's reason: RFC 9795) are passed over. Nothing is fetched.
package passport
