package sip

import (
	"iter"
	"math/bits"
)

// Anomaly is a set of things in a message that parties may have understood in different ways. None of them makes the
// message unreadable: the record says so by name instead.
type Anomaly uint32

// Anomalies of a message.
const (
	DuplicateCallID      Anomaly = 1 << iota // several Call-ID header fields: the first is used, all are kept
	DuplicateFrom                            // several From
	DuplicateTo                              // several To
	DuplicateCSeq                            // several CSeq
	DuplicateLength                          // several Content-Length
	ContentLengthInvalid                     // Content-Length is no number; the body is the rest of the message
	BodyShorter                              // fewer octets than Content-Length says
	BodyLonger                               // more octets than Content-Length says; they are not part of the body
	BareLF                                   // a header line ended by LF alone
	BareCR                                   // a CR that is not followed by LF, in start line or headers
	Folded                                   // a header field continued on a further line (obsolete, RFC 3261 section 7.3.1)
	ControlInName                            // a control octet before the colon
	HeaderSyntax                             // a header line without colon, or a name that is no token; left out
	NUL                                      // a NUL octet in start line or headers
	InvalidUTF8                              // start line or headers are not UTF-8
	TooManyHeaders                           // more header fields of the allow-list than a Message has room for
	TruncatedValue                           // a value longer than MaxValue: its first octets are kept
	Unterminated                             // no empty line after the headers, or no end of the last header line
	MissingVia                               // no Via header field
	StartLineSyntax                          // white space in the wrong place, or a Request-URI that is none, has <> or has headers
	AddressSyntax                            // From or To is not a name-addr, or one or several by the reading; its tag may be missing
	CSeqMethod                               // the method in CSeq is not the one in the Request-Line
	ViaSyntax                                // the top Via has no branch that could name a transaction
)

// Duplicates are the anomalies of header fields of which there are several where only one may be.
const Duplicates = DuplicateCallID | DuplicateFrom | DuplicateTo | DuplicateCSeq | DuplicateLength

var anomalyNames = [...]string{
	"duplicate_call_id", "duplicate_from", "duplicate_to", "duplicate_cseq", "duplicate_content_length",
	"content_length_invalid", "body_shorter", "body_longer", "bare_lf", "bare_cr", "folded", "control_in_name",
	"header_syntax", "nul", "invalid_utf8", "too_many_headers", "truncated_value", "unterminated", "missing_via",
	"start_line_syntax", "address_syntax", "cseq_method", "via_syntax",
}

// Anomalies is the number of single anomalies: the length of an array indexed by bit number.
const Anomalies = len(anomalyNames)

// Names yields the names of the anomalies in a, in the order of their bits.
func (a Anomaly) Names() iter.Seq[string] {
	return func(yield func(string) bool) { a.each(yield) }
}

func (a Anomaly) each(yield func(string) bool) {
	for a != 0 {
		bit := bits.TrailingZeros32(uint32(a))
		if bit >= len(anomalyNames) || !yield(anomalyNames[bit]) {
			return
		}
		a &= a - 1
	}
}

// String returns the names joined by commas, "" for none. It allocates when there are several.
func (a Anomaly) String() string {
	s := ""
	for name := range a.Names() {
		if s != "" {
			s += ","
		}
		s += name
	}
	return s
}
