package evidence

import (
	"cmp"
	"slices"
	"time"
)

// Kind is a kind of fault. The names are part of the JSON that `calltrail verify --json` prints.
type Kind string

// The kinds of fault.
const (
	Broken    Kind = "chain_broken"    // a hash does not follow from the one before
	Missing   Kind = "missing"         // a number is not there
	Bytes     Kind = "bytes"           // the exact bytes are not those the chain names, or not there
	Row       Kind = "row"             // a row says something else than the bytes it was made of, or is not there
	Extra     Kind = "extra"           // a row that belongs to no entry
	Withheld  Kind = "withheld"        // a readable record stands in quarantine
	HeadHash  Kind = "head"            // a signed head is not the chain's
	Signature Kind = "signature"       // a head is signed by nobody who is trusted for it
	Unsigned  Kind = "unsigned"        // no signed head covers entries it should
	Cut       Kind = "cut"             // an anchored head lies behind the end
	Ledger    Kind = "ledger"          // the ledger of received numbers says something else than the entries
	Certified Kind = "certificate"     // a deletion certificate does not fit, or is not believed
	Anchored  Kind = "anchor"          // an anchor is not a signed head itself
	Origin    Kind = "genesis"         // the chain does not begin with the sensor's name and a trusted key
	Deleted   Kind = "deleted_present" // a certificate says it was deleted, and it is there
)

// Fault is one thing that does not hold.
type Fault struct {
	Sensor string `json:"sensor,omitempty"`
	Epoch  uint64 `json:"epoch,omitempty"`
	// Seq is the first number that is bad and Last the last of the run; 0: it belongs to no number.
	Seq  uint64 `json:"seq,omitempty"`
	Last uint64 `json:"last_seq,omitempty"`
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

// Chain is what was found of one chain.
type Chain struct {
	Sensor string `json:"sensor"`
	Epoch  uint64 `json:"epoch"`
	// First and Last are the numbers between which was looked; 0: the chain is empty.
	First       uint64 `json:"first_seq"`
	Last        uint64 `json:"last_seq"`
	Entries     uint64 `json:"entries"`
	Stored      uint64 `json:"stored"`
	Duplicates  uint64 `json:"duplicates"`
	Quarantined uint64 `json:"quarantined"`
	Deleted     uint64 `json:"deleted"` // numbers that certificates account for
	Heads       uint64 `json:"heads"`   // signed heads of coverage events that hold
	Anchors     uint64 `json:"anchors"` // anchored heads that hold
	// SignedTo is the last number a head that holds covers; 0: none. What lies behind is chained, and signed by nobody yet.
	SignedTo uint64 `json:"signed_to"`
	Faults   uint64 `json:"faults"`
	// FirstBad is the fault with the lowest number.
	FirstBad *Fault `json:"first_bad,omitempty"`
}

// maxFaults bounds the list of a Report; Report.Total counts all.
const maxFaults = 1000

// Report is the outcome of a verification.
type Report struct {
	// Signatures says whether signatures were checked.
	Signatures bool `json:"signatures_checked"`
	// Contents says whether bytes, rows and quarantine were compared; without them the chains hold, whatever stands in the tables.
	Contents bool     `json:"contents_checked"`
	Chains   []*Chain `json:"chains"`
	// Faults, the first 1,000 found, by sensor, epoch and number; Total counts all.
	Faults []Fault `json:"faults"`
	Total  uint64  `json:"faults_total"`
	// Remarks are statements about keys and certificates that were not believed; they prove nothing either way.
	Remarks []string      `json:"remarks,omitempty"`
	Records uint64        `json:"records"`
	Took    time.Duration `json:"took_ns"`
}

// Add notes a fault of a chain; c nil: of none.
func (r *Report) Add(c *Chain, f Fault) {
	r.Total++
	if c != nil {
		f.Sensor, f.Epoch = c.Sensor, c.Epoch
		c.Faults++
		if f.Seq != 0 && (c.FirstBad == nil || f.Seq < c.FirstBad.Seq) {
			first := f
			c.FirstBad = &first
		}
	}
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, f)
	}
}

// Sort puts chains and faults into the order of sensor, epoch and number.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Chains, func(a, b *Chain) int { return cmp.Or(cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Epoch, b.Epoch)) })
	slices.SortStableFunc(r.Faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Seq, b.Seq))
	})
}

// Good says whether nothing is wrong.
func (r *Report) Good() bool { return r.Total == 0 }

// Chain finds what was noted of a chain; nil: it was not looked at.
func (r *Report) Chain(sensor string, epoch uint64) *Chain {
	for _, c := range r.Chains {
		if c.Sensor == sensor && c.Epoch == epoch {
			return c
		}
	}
	return nil
}
