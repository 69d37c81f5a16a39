package subscriber

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// assignment is a row of calltrail.assignment: an address, or ports of one, given to a subscriber for a time.
type assignment struct {
	id, lineage, supersedes uuid.UUID

	address netip.Prefix // masked; a single IPv4 address is /32
	ports   ports
	// from and until bound the time, until excluded; the zero until is no known end.
	from, until time.Time
	startSeen   bool      // from is its beginning, not the first that was heard of it
	lastSeen    time.Time // last time the source spoke of it

	inside     netip.Addr // behind the carrier's NAT; invalid: none
	insidePort int        // of a single translation; 0: any
	holder
	session string // what rows that tell of one session have in common
	line    int    // of the file
}

// holder is to whom an address was given, as far as the source knows. Empty is not known.
type holder struct {
	subscriber string // reference in the provider's books
	circuit    string // line or circuit
	mac        string // six octets in hexadecimal with colons
	client     string // Calling-Station-Id that is no hardware address, or DHCP client identifier
}

// fill takes from other what is not known yet: a Stop may name what the Start did not.
func (h *holder) fill(other holder) {
	for _, f := range []struct {
		to   *string
		from string
	}{{&h.subscriber, other.subscriber}, {&h.circuit, other.circuit}, {&h.mac, other.mac}, {&h.client, other.client}} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
}

// ports are the ports first to last of an address, both included; the zero value is all.
type ports struct {
	some        bool
	first, last int // 0 to 65535
}

func (a *assignment) open() bool { return a.until.IsZero() }

// holds says whether t is within the time of the assignment.
func (a *assignment) holds(t time.Time) bool {
	return !t.Before(a.from) && (a.open() || t.Before(a.until))
}

// identify gives the row its identity, a hash of all that it says and of the row that it replaces. The file and its line are
// not in it, so that another file which says the same makes no other row.
func (a *assignment) identify() {
	h := sha256.New()
	text := func(s string) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(s))) //nolint:gosec // fields are bounded by table.MaxField
		h.Write(n[:])
		h.Write([]byte(s))
	}
	number := func(n int64) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(n)) //nolint:gosec // the bits are hashed
		h.Write(b[:])
	}
	text(a.address.String())
	if a.ports.some {
		number(int64(a.ports.first))
		number(int64(a.ports.last))
	}
	number(a.from.UnixMicro())
	if !a.open() {
		number(a.until.UnixMicro())
	}
	number(a.lastSeen.UnixMicro())
	if a.startSeen {
		text("start seen")
	}
	text(a.inside.String())
	number(int64(a.insidePort))
	for _, s := range []string{a.subscriber, a.circuit, a.mac, a.client, a.session} {
		text(s)
	}
	h.Write(a.supersedes[:])
	copy(a.id[:], h.Sum(nil))
	a.id[6] = a.id[6]&0x0f | 0x80 // version 8, RFC 9562 section 5.8
	a.id[8] = a.id[8]&0x3f | 0x80 // variant
	if a.supersedes == (uuid.UUID{}) {
		a.lineage = a.id
	}
}
