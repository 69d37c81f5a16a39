package subscriber

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Format is what a file holds.
type Format string

// Formats. docs/subscribers.md lists their columns.
const (
	RADIUS Format = "radius" // accounting: Start, Interim-Update, Stop (RFC 2866)
	DHCP   Format = "dhcp"   // leases of ISC's servers
	CGNAT  Format = "cgnat"  // blocks of ports of a carrier's NAT
)

// form is how a Format is read: its columns, and a row's events; none: the row tells of no address.
type form struct {
	columns []column
	check   func(at map[string]int) error
	parse   func(r *row) ([]event, error)
}

// event is what a row says of one address.
type event struct {
	kind eventKind
	at   time.Time // of a RADIUS event
	// elapsed is Acct-Session-Time: for how long the session had been open at at; negative: not said.
	elapsed time.Duration
	assignment
}

type eventKind int

// The order is that of events of one second.
const (
	start eventKind = iota
	interim
	stop
	span // the row has beginning and end itself
)

var forms = map[Format]*form{
	RADIUS: {
		columns: []column{
			{name: "Acct-Status-Type", required: true},
			{name: "Acct-Session-Id", required: true},
			{name: "User-Name", required: true},
			{name: "Event-Timestamp", required: true},
			{name: "Framed-IP-Address"},
			{name: "Framed-IPv6-Prefix"},
			{name: "Delegated-IPv6-Prefix"},
			{name: "Framed-IPv6-Address"},
			{name: "Calling-Station-Id"},
			{name: "NAS-Port-Id"},
			{name: "NAS-IP-Address"},
			{name: "NAS-Identifier"},
			{name: "Acct-Session-Time"},
		},
		check: func(at map[string]int) error {
			for _, name := range []string{"Framed-IP-Address", "Framed-IPv6-Prefix", "Delegated-IPv6-Prefix", "Framed-IPv6-Address"} {
				if _, ok := at[name]; ok {
					return nil
				}
			}
			return errors.New("no column has an address: Framed-IP-Address, Framed-IPv6-Prefix, Delegated-IPv6-Prefix or Framed-IPv6-Address is wanted")
		},
		parse: parseRADIUS,
	},
	DHCP: {
		columns: []column{
			{name: "address", required: true},
			{name: "hwaddr", aliases: []string{"mac"}},
			{name: "client_id"},
			{name: "start"},
			{name: "end"},
			{name: "expire"},
			{name: "valid_lifetime"},
			{name: "subscriber"},
			{name: "line"},
		},
		check: func(at map[string]int) error {
			_, begin := at["start"]
			_, expire := at["expire"]
			_, lifetime := at["valid_lifetime"]
			if !begin && (!expire || !lifetime) {
				return errors.New("no column says when a lease began: start, or Kea's expire and valid_lifetime are wanted")
			}
			return nil
		},
		parse: parseDHCP,
	},
	CGNAT: {
		columns: []column{
			{name: "public_ip", required: true},
			{name: "port_start"},
			{name: "port_end"},
			{name: "inside_ip", required: true},
			{name: "inside_port"},
			{name: "subscriber"},
			{name: "line"},
			{name: "mac"},
			{name: "from", required: true},
			{name: "to", required: true},
		},
		parse: parseCGNAT,
	},
}

// ends reads the end of a row that has its beginning; an empty one is open.
func (e *event) ends(r *row, name string) (err error) {
	e.startSeen, e.lastSeen = true, e.from
	if r.get(name) == "" {
		return nil
	}
	if e.until, err = r.time(name); err != nil {
		return err
	}
	if !e.until.After(e.from) {
		return fmt.Errorf("%s %s is not after the beginning %s", name, e.until.Format(time.RFC3339), e.from.Format(time.RFC3339))
	}
	e.lastSeen = e.until
	return nil
}

// session joins what rows of one session have in common.
func session(parts ...string) string {
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(p, "|", "||")
	}
	return strings.Join(parts, "|")
}
