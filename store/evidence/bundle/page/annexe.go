package page

import (
	"calltrail/cdr/record"
	"calltrail/store/evidence/bundle/answer"
)

// maxAbroad is how many ends abroad fit on the annexe's one page.
const maxAbroad = 5

// abroad is one end of a call that lies in another country.
type abroad struct {
	Call *answer.Call
	// Whose end it is, in words.
	Whose   string
	End     *record.End
	Country string
	Holder  string
	Trunk   string
}

// Annexe is annexe-foreign.html: one page for whoever asks a network abroad who used an address.
func Annexe(c *Content) ([]byte, error) {
	list, seen := []abroad{}, map[record.Addr]bool{}
	rest := 0
	for _, call := range c.Calls {
		for i, end := range []*record.End{call.Src, call.Dst} {
			if !foreign(end, c.Meta.Provider.Home) {
				continue
			}
			key := record.Addr{IP: end.IP, Port: end.Port}
			if len(list) == maxAbroad || seen[key] && len(list) > 0 {
				rest++
				continue
			}
			seen[key] = true
			a := abroad{Call: call, Whose: "source of the call", End: end, Holder: call.Network(end), Trunk: trunk(call.Ingress)}
			if i == 1 {
				a.Whose, a.Trunk = "destination of the call", trunk(call.Egress)
			}
			if end.Location != nil {
				a.Country = answer.Country(end.Location.Country)
			}
			list = append(list, a)
		}
	}
	return run("annexe.html", struct {
		*Content
		List []abroad
		Rest int
	}{c, list, rest})
}

// foreign says whether an end is abroad: configured so, or of another country by what is known of its address.
func foreign(e *record.End, home string) bool {
	if e == nil {
		return false
	}
	return e.Role == "foreign" || e.Location != nil && e.Location.Country != "" && e.Location.Country != home
}

func trunk(l *record.Link) string {
	if l == nil {
		return "not known"
	}
	text := answer.Visible(l.Trunk)
	if l.Peer != "" {
		text += ", to " + answer.Visible(l.Peer)
	}
	if l.Interface != "" {
		text += ", interface " + answer.Visible(l.Interface)
	}
	return text
}
