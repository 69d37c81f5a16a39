package sip

import (
	"bytes"
	"cmp"
)

// HistoryEntry is one element of History-Info (RFC 7044 section 5):
//
//	hi-entry        =  hi-targeted-to-uri *(SEMI hi-param)
//	hi-targeted-to-uri =  name-addr
//	hi-index        =  "index" EQUAL index-val
//	hi-target-param =  rc-param / mp-param / np-param
//
// Why the request left this target for the next stands within the URI, as an escaped Reason header.
type HistoryEntry struct {
	NameAddr        // the target
	Index    []byte // "1.1.2"; nil when it does not say
	Reason   []byte // value of the URI's Reason header, escaped: AppendUnescaped, then ParseReason; nil when there is none
	Privacy  []byte // value of the URI's Privacy header, escaped: "history" when the target is not to be shown; nil when there is none
	Cause    uint16 // cause parameter of the URI, a SIP status (RFC 4458, RFC 8119); 0 when there is none
}

// ParseHistoryEntry reads one element. The error is ErrNameAddr.
func ParseHistoryEntry(element []byte) (HistoryEntry, error) {
	addr, err := ParseNameAddr(element)
	h := HistoryEntry{NameAddr: addr}
	if err != nil {
		return h, err
	}
	h.Index, _ = Param(addr.Params, "index")
	uri, err := ParseURI(addr.URI)
	if err != nil {
		return h, nil // a target that is no URI we read is an entry all the same
	}
	h.Reason, h.Privacy = uri.Header("reason"), uri.Header("privacy")
	cause, _ := Param(uri.Params, "cause")
	if n, ok := number(cause, 699); ok {
		h.Cause = uint16(n) // #nosec G115 -- at most 699
	}
	return h, nil
}

// CompareIndex tells the order of two entries by their Index (RFC 7044 section 10.3): -1 when a was added before b, +1 after it,
// 0 when they are the same or one of them has none. The entries of a message stand in that order, unless a server on
// the way has mixed them.
//
//	index-val  =  number *("." number)
func CompareIndex(a, b []byte) int {
	if !isIndex(a) || !isIndex(b) {
		return 0
	}
	for {
		var x, y []byte
		var moreA, moreB bool
		x, a, moreA = bytes.Cut(a, []byte{'.'})
		y, b, moreB = bytes.Cut(b, []byte{'.'})
		x, y = bytes.TrimLeft(x, "0"), bytes.TrimLeft(y, "0")
		if d := cmp.Compare(len(x), len(y)); d != 0 {
			return d
		}
		if d := bytes.Compare(x, y); d != 0 {
			return d
		}
		switch {
		case moreA && !moreB:
			return 1
		case !moreA && moreB:
			return -1
		case !moreA:
			return 0
		}
	}
}

func isIndex(b []byte) bool {
	for len(b) > 0 {
		n, rest, more := bytes.Cut(b, []byte{'.'})
		if !allDigits(n) || more && len(rest) == 0 {
			return false
		}
		if !more {
			return true
		}
		b = rest
	}
	return false
}
