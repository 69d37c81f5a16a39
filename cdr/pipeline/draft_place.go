package pipeline

import (
	"math"
	"net/netip"
	"slices"

	"calltrail/cdr/dialog"
	"calltrail/cdr/geo"
	"calltrail/cdr/record"
	"calltrail/cdr/route"
	"calltrail/decode"
	"calltrail/decode/pidf"
)

// Methods by which a place was found, and whose it is, as the record names them.
const (
	byDocument = "pidf_lo"
	byCell     = "cell"
	byLine     = "access_line"
	byAddress  = "geoip"

	ofEndpoint = "endpoint"
	ofLastHop  = "last_hop"

	saidByCaller  = "caller"
	saidByNetwork = "network"
)

// locate is the place of an address, nil when nothing is known: of a subscriber's the access line that the operator's list has,
// else what the database says. It is the same for both ends and for all media. relayed says that the address may be that of a
// server on the way.
func (d *draft) locate(ip netip.Addr, p *geo.Place, role route.Role, relayed bool) *record.Location {
	l := placed(p, byAddress)
	// Only where the operator put the subscriber is the subscriber's line: a trunk's or server's address says nothing of a caller.
	if role == route.Subscriber && d.lookups.Places != nil {
		if line, ok := d.lookups.Places.Line(ip); ok {
			line.Country = p.Country // the list has none
			l = placed(&line, byLine)
		}
	}
	if l == nil {
		return nil
	}
	if relayed || hides(p.Network) || isServer(role) || slices.Contains(d.servers, ip) {
		l.Of = ofLastHop
	}
	return l
}

// locateSource is the place of where a stream came from.
func (d *draft) locateSource(ip netip.Addr) *record.Location {
	p := d.place(ip)
	return d.locate(ip, &p, d.role(ip), false)
}

// locateStream is the place of where a stream of a call came from: of a relay, not of whoever speaks behind it.
func (d *draft) locateStream(c *dialog.Call, src decode.Endpoint) *record.Location {
	ip := src.AddrPort().Addr()
	p := d.place(ip)
	return d.locate(ip, &p, d.role(ip), c.Media.Relays(src.IP))
}

// role is what an address is to the operator where the draft's packets were seen; "" when that is not known.
func (d *draft) role(ip netip.Addr) route.Role {
	if d.lookups.Routes == nil {
		return ""
	}
	end := d.seen
	end.Addr = ip
	return d.lookups.Routes.Of(end)
}

// placed writes a place down, nil when there is none.
func placed(p *geo.Place, method string) *record.Location {
	if p.Country == "" && p.City == "" && p.Latitude == nil {
		return nil
	}
	l := &record.Location{
		Country: p.Country, Subdivision: p.Subdivision, City: p.City, Latitude: p.Latitude, Longitude: p.Longitude,
		AccuracyKM: p.AccuracyKM, Method: method, Of: ofEndpoint, Line: p.Line,
	}
	if !p.Dated.IsZero() {
		l.Dated = p.Dated.Format("2006-01-02")
	}
	return l
}

// hides says that behind an address of such a network is somebody who may be anywhere.
func hides(network string) bool { return network == "hosting" || network == "vpn" || network == "tor" }

// isServer says that an end is a gateway or server: its message was passed on for somebody else.
func isServer(role route.Role) bool { return role == route.OnTrunk || role == route.OwnSBC }

// inCell is the place of a mobile cell: its row of the operator's list, else the country of its network's code.
func (d *draft) inCell(c *record.CellInfo) *record.Location {
	if c == nil {
		return nil
	}
	var p geo.Place
	if d.lookups.Places != nil {
		p, _ = d.lookups.Places.Cell(c.MCC, c.MNC, c.Area, c.Cell)
	}
	p.Country = geo.CountryOfMCC(c.MCC)
	return placed(&p, byCell)
}

// inDocument is the place of a PIDF-LO document.
func (d *draft) inDocument(l *pidf.Location) *record.Location {
	if l == nil {
		return nil
	}
	out := &record.Location{
		Country: country(l.Country), Subdivision: d.text("src.location.subdivision", []byte(l.A1)),
		City: d.text("src.location.city", []byte(l.A3)), Method: byDocument, Of: ofEndpoint, SaidBy: saidByCaller,
	}
	if l.HasPoint {
		out.Latitude, out.Longitude = &l.Latitude, &l.Longitude
		if l.RadiusM > 0 {
			km := uint16(min(math.Ceil(l.RadiusM/1000), math.MaxUint16))
			out.AccuracyKM = &km
		}
	}
	return out
}

// whereabouts is all that is known of where a caller is.
type whereabouts struct {
	address *record.Location // of the source address
	network string           // class of its network
	role    route.Role
	// document and cell are what the INVITE says. byNetwork: the cell is marked as written by a network, not by a telephone.
	document, cell *record.Location
	byNetwork      bool
}

// best chooses the caller's place. What is said by others than the caller comes first, for whoever makes a hoax call chooses his
// words; of equal standing, what is finer:
//
//  1. the cell that a network named, by the operator's list of cells;
//  2. the access line of a subscriber's address;
//  3. the document (PIDF-LO), then the cell with its row in the list, both as the caller's side wrote them, when they are believed;
//  4. the country of the cell that a network named;
//  5. the database's place of the address;
//  6. the country of the cell that the caller's side wrote.
//
// That a network named the cell is a parameter that a telephone can write as well. It counts only on a message that comes from the
// operator's own server or from a trunk: those take such a parameter off what their users send (3GPP TS 24.229 section 5.2.1).
//
// stated is what the caller's side wrote and that was not taken.
func (w *whereabouts) best() (best, stated *record.Location) {
	network, written := w.cells()
	precise := network != nil && network.Latitude != nil
	word := w.document
	if word == nil {
		word = written
	}
	switch {
	case precise:
		return network, w.document
	case w.address != nil && w.address.Method == byLine && w.address.Of == ofEndpoint:
		return w.address, word
	case word == nil:
	case !w.believes(word, network):
		stated = word
	case word.Method == byDocument || word.Latitude != nil || w.address == nil:
		if word.Country == "" {
			word.Country = w.known(network)
		}
		return word, nil
	}
	if network != nil {
		return network, stated
	}
	return w.address, stated
}

// cells is the place of the cell by who named it; one of the two is nil.
func (w *whereabouts) cells() (network, written *record.Location) {
	switch {
	case w.cell == nil:
		return nil, nil
	case w.byNetwork && isServer(w.role):
		w.cell.SaidBy = saidByNetwork
		return w.cell, nil
	}
	w.cell.SaidBy = saidByCaller
	return nil, w.cell
}

// believes says whether the caller's own word can be taken: not from who hides his address, nor against the country that is known
// otherwise.
func (w *whereabouts) believes(word, network *record.Location) bool {
	if hides(w.network) && !isServer(w.role) {
		return false
	}
	known := w.known(network)
	return known == "" || word.Country == "" || word.Country == known
}

// known is the country that is known without the caller's word, "" if none: that of the cell a network named, else that of the
// address, which says nothing of the caller when it is a gateway's or server's.
func (w *whereabouts) known(network *record.Location) string {
	switch {
	case network != nil:
		return network.Country
	case w.address == nil || isServer(w.role):
		return ""
	}
	return w.address.Country
}
