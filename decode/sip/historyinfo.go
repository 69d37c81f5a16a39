package sip

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
	h.Reason = uri.Header("reason")
	cause, _ := Param(uri.Params, "cause")
	if n, ok := number(cause, 699); ok {
		h.Cause = uint16(n) // #nosec G115 -- at most 699
	}
	return h, nil
}
