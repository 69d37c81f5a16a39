// Package udptl reads the framing of fax over UDP: UDPTL packets as ITU-T Recommendation T.38 defines them in section 9.1, ASN.1
// in annex A, encoded with the basic aligned variant of PER (X.691).
//
// In: the payload of one UDP datagram. Out: a Header. Called by cdr/pipeline's workers for datagrams of which nothing else is
// known; cdr/media counts the stream.
//
// It steps over the fax from length to length and never copies, keeps or decodes it: of an Internet Facsimile Protocol (IFP)
// packet it reads the first octet or two, which say what kind it is, and the lengths. It starts nothing, has no clock and
// allocates nothing.
package udptl
