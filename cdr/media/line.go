package media

import (
	"slices"

	"calltrail/decode"
	"calltrail/decode/sdp"
)

// Line is what an m= line of a session description says of one stream's receiver.
type Line struct {
	// Signalled is the address of c= and m=. Media may come to one of the line's candidates (ICE) instead.
	Signalled  decode.Endpoint
	Type       sdp.MediaType
	Encrypted  bool
	NumFormats uint8
	Formats    [8]sdp.Format
}

// Format is the line's description of a payload type, nil when it has none.
func (l *Line) Format(pt uint8) *sdp.Format {
	for i := range l.Formats[:l.NumFormats] {
		if l.Formats[i].PayloadType == pt {
			return &l.Formats[i]
		}
	}
	return nil
}

// lines are the m= lines of one address: several when they are bundled (RFC 9143). They never change once made: the candidates
// of a line, and further legs of an offer, share them.
type lines struct {
	Line
	next *lines
}

// newLines returns nil for none.
func newLines(list []Line) *lines {
	var first *lines
	for _, l := range slices.Backward(list) {
		first = &lines{l, first}
	}
	return first
}

// equal says that l has these lines in this order.
func (l *lines) equal(list []Line) bool {
	for i := range list {
		if l == nil || l.Line != list[i] {
			return false
		}
		l = l.next
	}
	return l == nil
}

// of is the line that a stream belongs to: the image's for T.38, else the one that has the payload type. known says that there
// is one; if not, line is the first that may have it.
func (l *lines) of(pt uint8, udptl bool) (line *Line, known bool) {
	fits := false // line is one of the right medium
	for ; l != nil; l = l.next {
		right := (l.Type == sdp.MediaImage) == udptl
		if right && (udptl || l.Format(pt) != nil) {
			return &l.Line, true
		}
		if line == nil || right && !fits {
			line, fits = &l.Line, right
		}
	}
	return line, false
}
