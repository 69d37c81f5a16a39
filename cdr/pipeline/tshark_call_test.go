package pipeline_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"calltrail/cdr/record"
)

func address(ip string, port int) string { return fmt.Sprintf("%s %d", ip, port) }

func addressOf(a record.Addr) string { return address(a.IP.String(), int(a.Port)) }

func endOf(e *record.End) string { return address(e.IP.String(), int(e.Port)) }

// legsOf are the records of a call of tshark's: one, and one for each further branch that answered.
func legsOf(calls []record.Call, c *tsCall) (legs []*record.Call) {
	for i := range calls {
		if calls[i].SIP.CallID == c.CallID {
			legs = append(legs, &calls[i])
		}
	}
	return legs
}

// uriHeaders are the header fields that a URI asks to be sent along, which the redactor takes out.
var uriHeaders = regexp.MustCompile(`\?[^>]*`)

func (d *differ) call(legs []*record.Call, c *tsCall, a allowance) {
	r := legs[0]
	equal := func(what string, got, want any) { d.equal(c.CallID+" "+what, got, want) }
	equal("From tag", r.SIP.FromTag, c.FromTag)
	equal("caller", r.Caller.User, c.FromUser)
	equal("callee", r.Callee.User, c.ToUser)
	equal("Request-URI", r.ReqURI, c.URI)
	asserted, refer := "", ""
	if r.Asserted != nil {
		asserted = r.Asserted.Raw
	}
	for _, to := range r.Redirects {
		if to.Source == "refer" {
			refer = to.Raw
		}
	}
	equal("asserted", asserted, c.Asserted)
	equal("Refer-To", refer, uriHeaders.ReplaceAllString(c.ReferTo, "?***"))
	equal("source", endOf(r.Src), address(c.SrcIP, c.SrcPort))
	equal("destination", endOf(r.Dst), address(c.DstIP, c.DstPort))
	equal("transport", r.SIP.Transport, c.Carrier)
	equal("first INVITE", r.StartedAt, record.Time(c.Invite))
	equal("legs", len(legs), 1+a.branches)
	methods := map[string]int{}
	for _, leg := range legs {
		for _, m := range leg.SIP.Methods {
			methods[m.Name] += m.Count
		}
	}
	equal("requests", fmt.Sprint(methods), fmt.Sprint(c.Requests)) // in the order of the names
	for _, leg := range legs[1:] {
		equal("caller of a branch", leg.SIP.FromTag+" "+endOf(leg.Src), c.FromTag+" "+address(c.SrcIP, c.SrcPort))
		equal("first INVITE of a branch", leg.StartedAt, record.Time(c.Invite))
		equal("To tag of a branch is its own", leg.SIP.ToTag != r.SIP.ToTag, true)
	}
	d.hops(r, c)
	d.ending(legs, c, a)
}

// hops holds the path to tshark's hops, and the times and final responses to those of the caller's hop, the one with the
// fewest Vias. The record says of the hops behind it which way they went, and no more.
func (d *differ) hops(r *record.Call, c *tsCall) {
	equal := func(what string, got, want any) { d.equal(c.CallID+" "+what, got, want) }
	var path []string
	var rang, answer seconds
	vias := c.Hops[0].Vias
	for i := range c.Hops {
		h := &c.Hops[i]
		way := address(h.SrcIP, h.SrcPort) + " to " + address(h.DstIP, h.DstPort)
		if !slices.ContainsFunc(path, func(p string) bool { return strings.HasPrefix(p, way) }) {
			path = append(path, fmt.Sprintf("%s at %d", way, h.Invite))
		}
		vias = min(vias, h.Vias)
		rang = earliest(rang, h.Rang)
		if h.Status/100 == 2 {
			answer = earliest(answer, h.Final)
		}
	}
	got := []string{fmt.Sprintf("%s to %s at %d", endOf(r.Src), endOf(r.Dst), r.StartedAt)}
	if len(r.Path) > 0 {
		got = nil
	}
	for _, h := range r.Path {
		got = append(got, fmt.Sprintf("%s to %s at %d", addressOf(h.Src), addressOf(h.Dst), h.At))
	}
	equal("path", strings.Join(got, "; "), strings.Join(path, "; "))
	// Times "on any hop" are not the record's; they must at least be those of one of the hops.
	equal("first 18x on any hop", rang, c.Rang)
	equal("answer on any hop", answer, c.Answer)

	var attempts []record.Attempt
	var last *tsHop
	cseq := 0
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Vias != vias {
			continue
		}
		equal("CSeq of the INVITE grows", h.CSeq > cseq, true)
		if r.ReqURI != h.URI { // of a further attempt: the caller did what a 3xx had told
			equal("Request-URI on the caller's hop is a redirection", slices.ContainsFunc(r.Redirects, func(to record.Redirect) bool {
				return to.Source == "3xx" && to.Raw == "<"+h.URI+">"
			}), true)
		}
		cseq, last = h.CSeq, h
		attempts = append(attempts, record.Attempt{Status: h.Status, At: record.Time(h.Final)})
	}
	equal("rings", r.RingingAt, record.Time(last.Rang))
	status, final := 0, r.EndedAt
	if r.SIP.Status != nil {
		status = *r.SIP.Status
	}
	if r.AnsweredAt != 0 {
		final = r.AnsweredAt
	}
	equal("attempts", fmt.Sprint(append(slices.Clone(r.SIP.Attempts), record.Attempt{Status: status, At: final})), fmt.Sprint(attempts))
	var statuses []int
	for _, a := range attempts {
		if a.Status != 0 {
			statuses = append(statuses, a.Status)
		}
	}
	equal("statuses", fmt.Sprint(statuses), fmt.Sprint(c.Attempts))
	equal("final status", status, c.Status)
}

// ending holds the end to the first BYE, or to the final response of a call that was not answered.
func (d *differ) ending(legs []*record.Call, c *tsCall, a allowance) {
	r := slices.MinFunc(legs, func(a, b *record.Call) int { return int(a.EndedAt - b.EndedAt) })
	equal := func(what string, got, want any) { d.equal(c.CallID+" "+what, got, want) }
	cancelled := slices.ContainsFunc(legs[0].SIP.Methods, func(m record.Method) bool { return m.Name == "CANCEL" })
	equal("cancelled", cancelled, c.Cancel != 0)
	by := record.EndedBy(c.ByeFrom)
	if a.wentOn {
		equal("went on for more than 5 s after the first BYE", r.EndedAt-record.Time(c.End) > record.Time(5*time.Second/time.Microsecond), true)
		equal("flag went_on", slices.Contains(r.Flags, "went_on"), true)
		equal("ended by the other party", r.EndedBy != by && r.EndedBy != "", true)
		return
	}
	equal("end", r.EndedAt, record.Time(c.End))
	switch {
	case by != "" || c.End == 0:
	case c.Status == 487:
		by = record.ByCaller
	default:
		by = record.ByCallee
	}
	equal("ended by", r.EndedBy, by)
}

func earliest(a, b seconds) seconds {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
