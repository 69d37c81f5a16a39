package sip

import (
	"bytes"
	"iter"
)

// AccessNetwork is one element of P-Access-Network-Info (RFC 7315 section 5.4, 3GPP TS 24.229 section 7.2A.4): by which
// radio cell, line or wireless access point a telephone reaches the network.
//
//	P-Access-Net-Info  =  "P-Access-Network-Info" HCOLON access-net-spec *(COMMA access-net-spec)
//	access-net-spec    =  (access-type / access-class) *(SEMI access-info)
//	access-info        =  cgi-3gpp / utran-cell-id-3gpp / dsl-location / i-wlan-node-id / ci-3gpp2 / np / … / extension-access-info
//	cgi-3gpp           =  "cgi-3gpp" EQUAL (token / quoted-string)
//	np                 =  "network-provided"
//
// Its slices are parts of the value, without quotes. All but Type may be nil.
type AccessNetwork struct {
	Type []byte   // access-type or access-class as sent: "3GPP-E-UTRAN-FDD", "IEEE-802.11n", "ADSL2+"; compare without case
	Kind CellKind // what ID is
	// ID names the cell, access point or line, as sent: one opaque string, in its own coding for each Kind.
	ID []byte
	Cell
	// TimeZone is the local-time-zone parameter, "UTC+05:30"; nil when it does not say.
	TimeZone []byte
	// NetworkProvided says that the network wrote this, not the telephone: only then can it be relied upon.
	NetworkProvided bool
}

// Cell is a 3GPP cell identity taken apart; all nil when ID is of another kind or has not the length of one.
type Cell struct {
	MCC     []byte // mobile country code (ITU-T E.212), 3 digits
	MNC     []byte // mobile network code, 2 or 3 digits
	Area    []byte // location area code (GERAN, UTRAN) or tracking area code (E-UTRAN, NR), hexadecimal
	CI      []byte // cell identity within the area or, of UTRAN and later, within the network, hexadecimal; of a SAI the service area code
	Network []byte // network identifier of a stand-alone NR network, 11 hexadecimal digits
}

// CellKind is which parameter named the point of access.
type CellKind uint8

// Kinds of ID, by parameter; of several in one element the first of this list is taken.
const (
	NoCell       CellKind = iota
	CGI                   // cgi-3gpp: GERAN cell
	UTRANCell             // utran-cell-id-3gpp: cell of UTRAN, E-UTRAN or NR, whichever Type says
	UTRANSAI              // utran-sai-3gpp: UTRAN service area
	CDMACell              // ci-3gpp2: SID, NID, PZID, BASE_ID or an HRPD sector, hexadecimal; not taken apart
	WLANNode              // i-wlan-node-id: MAC address of the access point, 12 hexadecimal digits
	DSLLine               // dsl-location
	FiberLine             // fiber-location
	EthernetLine          // eth-location
	FixedLine             // gstn-location
)

var cellParams = [...]string{
	CGI: "cgi-3gpp", UTRANCell: "utran-cell-id-3gpp", UTRANSAI: "utran-sai-3gpp", CDMACell: "ci-3gpp2",
	WLANNode: "i-wlan-node-id", DSLLine: "dsl-location", FiberLine: "fiber-location", EthernetLine: "eth-location",
	FixedLine: "gstn-location",
}

// String returns the parameter's name, "" for NoCell.
func (k CellKind) String() string {
	if int(k) >= len(cellParams) {
		return ""
	}
	return cellParams[k]
}

// IsLine says that ID names a fixed line and not a radio cell or access point.
func (k CellKind) IsLine() bool { return k >= DSLLine && k <= FixedLine }

// ParseAccessNetwork reads one element. A cell whose length or digits are of no known coding has its ID only. It
// allocates nothing. The error is ErrAccessNetwork.
func ParseAccessNetwork(element []byte) (AccessNetwork, error) {
	kind, params, _ := bytes.Cut(element, []byte{';'})
	a := AccessNetwork{Type: trim(kind)}
	if !isToken(a.Type) {
		return AccessNetwork{}, ErrAccessNetwork
	}
	for len(params) > 0 {
		var name, value []byte
		name, value, params = nextParam(params)
		value = stripQuotes(value)
		switch {
		case equalFold(name, "network-provided"):
			a.NetworkProvided = true
		case len(value) == 0:
		case equalFold(name, "local-time-zone"):
			if a.TimeZone == nil {
				a.TimeZone = value
			}
		default:
			k := cellKind(name)
			if k != NoCell && (a.Kind == NoCell || k < a.Kind) {
				a.Kind, a.ID = k, value
			}
		}
	}
	a.Cell = a.cell()
	return a, nil
}

func cellKind(name []byte) CellKind {
	for k := CGI; int(k) < len(cellParams); k++ {
		if equalFold(name, cellParams[k]) {
			return k
		}
	}
	return NoCell
}

// layouts of the 3GPP cell identities: how many hexadecimal digits follow MCC and MNC. No two of one kind differ by one
// in length, so that the length alone tells whether the MNC has 2 digits or 3.
//
//	cgi-3gpp            MCC MNC LAC(4) CI(4)                           3GPP TS 23.003 section 4.3.1
//	utran-sai-3gpp      MCC MNC LAC(4) SAC(4)                          section 12.5
//	utran-cell-id-3gpp  MCC MNC LAC(4) CI(7)        UTRAN              3GPP TS 24.229 section 7.2A.4.3
//	                    MCC MNC TAC(4) ECI(7)       E-UTRAN
//	                    MCC MNC TAC(6) ECI(7)       E-UTRAN of a 5G core
//	                    MCC MNC TAC(6) NCI(9)       NR
//	                    MCC MNC TAC(6) NCI(9) NID(11)  NR, stand-alone non-public network
var layouts = [...]struct {
	kind              CellKind
	area, ci, network int
}{
	{CGI, 4, 4, 0},
	{UTRANSAI, 4, 4, 0},
	{UTRANCell, 4, 7, 0},
	{UTRANCell, 6, 7, 0},
	{UTRANCell, 6, 9, 0},
	{UTRANCell, 6, 9, 11},
}

func (a *AccessNetwork) cell() Cell {
	for _, l := range layouts {
		plmn := len(a.ID) - l.area - l.ci - l.network
		if l.kind != a.Kind || plmn != 5 && plmn != 6 {
			continue
		}
		rest := a.ID[plmn:]
		if !allDigits(a.ID[:plmn]) || !allHex(rest) {
			return Cell{}
		}
		c := Cell{MCC: a.ID[:3], MNC: a.ID[3:plmn], Area: rest[:l.area], CI: rest[l.area : l.area+l.ci]}
		if l.network > 0 {
			c.Network = rest[l.area+l.ci:]
		}
		return c
	}
	return Cell{}
}

func allHex(b []byte) bool {
	for _, c := range b {
		if _, ok := hexValue(c); !ok {
			return false
		}
	}
	return true
}

// ChooseAccessNetwork returns the one of a message's P-Access-Network-Info elements that says most surely where the caller is: one
// that the network provided before one that the telephone wrote, then one that names a cell or line before one that does not,
// then the first. ok is false when none can be read.
func ChooseAccessNetwork(elements iter.Seq[[]byte]) (best AccessNetwork, ok bool) {
	rank := -1
	for element := range elements {
		a, err := ParseAccessNetwork(element)
		if err != nil {
			continue
		}
		r := 0
		if a.NetworkProvided {
			r += 2
		}
		if a.Kind != NoCell {
			r++
		}
		if r > rank {
			best, rank = a, r
		}
	}
	return best, rank >= 0
}
