package answer

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"calltrail/cdr/record"
)

func time530() *time.Location { return time.FixedZone("IST", 5*60*60+30*60) }

// Call is one call of the answer: its newest revision, and how many there are.
type Call struct {
	*record.Call
	// Row of the newest revision.
	Row       *Row
	Revisions int
	// N counts the calls of an answer in the order of their time, from 1.
	N int
	// Masked: the approval does not include who the subscribers are.
	Masked bool
}

// Calls are the calls of the answer, each by its newest revision, in the order of their time.
func (a *Answer) Calls() []*Call {
	byUID := map[[16]byte]*Call{}
	var list []*Call
	for i := range a.Rows {
		r := &a.Rows[i]
		c, ok := byUID[r.Call.CallUID]
		if !ok {
			c = &Call{Call: r.Call, Row: r}
			byUID[r.Call.CallUID] = c
			list = append(list, c)
		}
		c.Revisions++
		if newer(r.Call, c.Call) {
			c.Call, c.Row = r.Call, r
		}
	}
	slices.SortStableFunc(list, func(x, y *Call) int {
		return cmp.Or(cmp.Compare(x.StartedAt, y.StartedAt), cmp.Compare(x.CallUID.String(), y.CallUID.String()))
	})
	for i, c := range list {
		c.N, c.Masked = i+1, !a.Meta.Request.Unmasked
	}
	return list
}

// newer is the order of the view calls: final before interim, then the higher revision.
func newer(a, b *record.Call) bool {
	if a.Final != b.Final {
		return a.Final
	}
	return a.Revision > b.Revision
}

// End is when the call ended, or else was last seen.
func (c *Call) End() time.Time {
	for _, t := range []record.Time{c.EndedAt, c.LastSeenAt} {
		if !t.IsZero() {
			return t.Std()
		}
	}
	return c.StartedAt.Std()
}

// Subscriber is whose line an address was.
type Subscriber struct {
	IP         string   `json:"ip"`
	Port       int      `json:"port"`
	Roles      []string `json:"roles"`
	Subscriber string   `json:"subscriber"`
	Line       string   `json:"line"`
	MAC        string   `json:"mac"`
	Client     string   `json:"client"`
	Inside     string   `json:"inside_address"`
	Source     string   `json:"source"`
}

// Subscribers are whose lines the call's addresses were; none when they are masked.
func (c *Call) Subscribers() (list []Subscriber) {
	if c.Masked || len(c.Row.Subscribers) == 0 || json.Unmarshal(c.Row.Subscribers, &list) != nil {
		return nil
	}
	return list
}

// SubscriberAt is the subscriber of one address, empty when there is none: of src or dst.
func (c *Call) SubscriberAt(e *record.End) Subscriber {
	if e == nil {
		return Subscriber{}
	}
	list := c.Subscribers()
	for i := range list {
		if host, _, _ := strings.Cut(list[i].IP, "/"); host == e.IP.String() && (list[i].Port == 0 || list[i].Port == int(e.Port)) {
			return list[i]
		}
	}
	return Subscriber{}
}
