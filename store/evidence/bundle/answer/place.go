package answer

import (
	"fmt"
	"strings"

	"calltrail/cdr/record"
)

// Place is what is known of where one end of a call was.
type Place struct {
	// Whose says which end: "caller", "called party" (of calls without signalling: "client", "other end").
	Whose string
	// Words say it in plain English, with what it rests on.
	Words string
	// Drawn: it is that end's own place, with coordinates and an accuracy; only then it goes on a map.
	Drawn bool
	// Latitude and Longitude in degrees (WGS84) and Radius in kilometres, when Drawn.
	Latitude, Longitude, Radius float64
	// Claimed: only the caller's own side says so.
	Claimed bool
	Name    string
}

// hiders are networks that stand between a caller and what is seen of him.
var hiders = map[string]string{
	"hosting": "a hosting company's machine",
	"vpn":     "a VPN, which hides its users",
	"tor":     "the Tor network, which hides its users",
}

// roles are addresses that are a machine of a network, not a party.
var roles = map[string]string{
	"trunk":   "a gateway on a trunk from another network",
	"own_sbc": "the operator's own server",
}

// Places says where the two ends were.
func (c *Call) Places() []Place {
	near, far := "caller", "called party"
	if c.Kind != record.KindSIP {
		near, far = "client", "other end"
	}
	var list []Place
	for _, e := range []struct {
		whose string
		end   *record.End
	}{{near, c.Src}, {far, c.Dst}} {
		if e.end != nil {
			list = append(list, c.placeOf(e.whose, e.end))
		}
	}
	return list
}

func (c *Call) placeOf(whose string, e *record.End) Place {
	p := Place{Whose: whose}
	l := e.Location
	if l == nil {
		p.Words = fmt.Sprintf("Where the %s was is not known: no place is known for the address %s.", whose, e.IP)
		return p
	}
	p.Name = placeName(l)
	if why := notHis(c, e); why != "" {
		p.Words = fmt.Sprintf("Where the %s was is NOT known. The address %s belongs to %s. That machine is believed to be in %s%s; the %s may be anywhere.",
			whose, e.IP, why, p.Name, c.restsOn(l), whose)
		return p
	}
	p.Claimed = l.SaidBy == "caller"
	p.Words = fmt.Sprintf("The %s's address %s is believed to have been in %s%s.", whose, e.IP, p.Name, c.restsOn(l))
	if p.Claimed {
		p.Words = fmt.Sprintf("The %s's own side stated the place %s%s. It chooses its words; nobody else confirms them.", whose, p.Name, c.restsOn(l))
	}
	if l.Latitude == nil || l.Longitude == nil || l.AccuracyKM == nil || *l.AccuracyKM == 0 {
		p.Words += " How exact this is, is not known; so it is not drawn."
		return p
	}
	p.Drawn, p.Latitude, p.Longitude, p.Radius = true, *l.Latitude, *l.Longitude, float64(*l.AccuracyKM)
	p.Words += fmt.Sprintf(" It may have been anywhere within %d km of the middle of that area, and sometimes outside it.", *l.AccuracyKM)
	return p
}

// notHis says what an address is, when it is somebody else's than the party's; empty: it is his.
func notHis(c *Call, e *record.End) string {
	if why := roles[e.Role]; why != "" {
		return why
	}
	if why := hiders[e.Network]; why != "" {
		if e.ASOrg != "" {
			why += " (" + Visible(e.ASOrg) + ")"
		}
		return why
	}
	if c.App != nil && c.App.Relay != nil && c.App.Relay.IP == e.IP {
		return "a relay of the application"
	}
	if e.Location.Of != "endpoint" {
		return "a server, gateway or relay on the way"
	}
	return ""
}

func placeName(l *record.Location) string {
	var parts []string
	for _, s := range []string{l.City, l.Subdivision, Country(l.Country)} {
		if s != "" {
			parts = append(parts, Visible(s))
		}
	}
	if l.Line != "" {
		return "access line " + Visible(l.Line) + ", " + strings.Join(parts, ", ")
	}
	if len(parts) == 0 {
		return "an unnamed place"
	}
	return strings.Join(parts, ", ")
}

// restsOn says how a place is known and since when.
func (c *Call) restsOn(l *record.Location) string {
	dated := ""
	if l.Dated != "" {
		dated = " of " + l.Dated
	}
	switch l.Method {
	case "geoip":
		if d := c.Database("city"); d != nil {
			dated = fmt.Sprintf(" %s of %s", Visible(d.Type), d.Built.Day())
		}
		return fmt.Sprintf(" (by a public database of addresses,%s)", cmpOr(dated, " date not known"))
	case "cell":
		return fmt.Sprintf(" (by the telephone cell, operator's list%s)", dated)
	case "access_line":
		return fmt.Sprintf(" (by the operator's list of access lines%s)", dated)
	case "pidf_lo":
		return " (as written in the call's own signalling)"
	}
	return ""
}

// Database is the one that was asked for a kind of thing (city, asn); nil: none.
func (c *Call) Database(kind string) *record.Database {
	for i := range c.Observer.Databases {
		if d := &c.Observer.Databases[i]; d.Kind == kind {
			return d
		}
	}
	return nil
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
