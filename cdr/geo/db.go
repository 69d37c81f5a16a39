package geo

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"
)

// Place is what the databases know of an address. Unknown is "", 0 or nil. The pointers are shared between callers:
// read them, do not write through them.
type Place struct {
	Country     string   // ISO 3166-1 alpha-2
	Subdivision string   // ISO 3166-2 without the country; the largest one, a state
	City        string   // in English
	Latitude    *float64 // WGS84 degrees, north positive
	Longitude   *float64 // WGS84 degrees, east positive
	AccuracyKM  *uint16  // radius in kilometres around the coordinates, 67 % confidence
	ASNumber    uint32   // autonomous system
	ASOrg       string   // who runs it
	Network     string   // class of the network: hosting, vpn, tor, mobile, isp
	NetworkBy   string   // what named the class: ByPrefix, ByAnonymiser, ByASN
	// Dated is the UTC day that the row of a cell or an access line has. Zero for other places: a database's date is its Build's.
	Dated time.Time
	// Line is the name of an access line.
	Line string
}

// Values of Place.NetworkBy, the one that counts before the others first. What is said of fewer addresses counts before
// what is said of more: a Tor exit at a subscriber's line is one, though its system is an access provider's.
const (
	ByPrefix     = "prefix"     // a prefix of the Networks file, the longest one
	ByAnonymiser = "anonymiser" // the Anonymous-IP database
	ByASN        = "asn"        // an AS number of HostingASNs or the Networks file
)

// Build names one database in use.
type Build struct {
	Kind  Kind      // what it is used for
	Type  string    // as the database names itself, "GeoLite2-City"
	Built time.Time // when it was made, UTC
}

// Stats counts since New.
type Stats struct {
	Reloads    uint64 // changed files read and put to use
	Failures   uint64 // attempts to read changed files that failed
	BadRecords uint64 // look-ups that met a damaged record
}

// DB answers from the newest readable databases. All methods may be called from any goroutine.
type DB struct {
	cfg     Config
	current atomic.Pointer[snapshot]

	mu    sync.Mutex // one reload at a time
	files []*file

	reloads, failures, badRecords atomic.Uint64
}

// snapshot is one set of databases with the answers given from it. It is never changed, only replaced; the garbage
// collector takes it when the last look-up has left it.
type snapshot struct {
	city, asn, anonymiser *maxminddb.Reader // nil: none configured
	networks              networks
	cells                 cells
	lines                 *lines // nil: none configured
	recent                recent
}

// New reads the configured files. It starts nothing; see [DB.Run] for reloading.
func New(cfg Config) (*DB, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	cfg.HostingASNs = slices.Clone(cfg.HostingASNs)
	db := &DB{cfg: cfg, files: files(cfg)}
	db.current.Store(db.snapshot()) // of no database
	if _, err := db.read(func(*file) bool { return true }); err != nil {
		return nil, err
	}
	return db, nil
}

// Lookup tells what is known of addr. An address seen lately costs no allocation. Addresses that are nobody's on the
// Internet (private, shared, loopback, link-local, multicast) give the zero Place.
func (db *DB) Lookup(addr netip.Addr) Place {
	addr = addr.Unmap().WithZone("")
	s := db.current.Load()
	if s.blank() || isSpecial(addr) {
		return Place{}
	}
	slot := s.recent.slot(addr)
	if e := slot.Load(); e != nil && e.addr == addr {
		return e.place
	}
	place, bad := s.find(addr)
	db.badRecords.Add(bad)
	slot.Store(&answer{addr: addr, place: place})
	return place
}

// Cell tells where a mobile cell is, by the table of cells alone: mcc and mnc are decimal digits, area and ci hexadecimal
// ones, as P-Access-Network-Info has them (3GPP TS 24.229 section 7.2A.4). It is false for a cell that is not in the table.
func (db *DB) Cell(mcc, mnc, area, ci string) (Place, bool) {
	return db.current.Load().cells.find(mcc, mnc, area, ci)
}

// Line tells where the operator's access line is that an address is of, by the table of access lines alone: the longest prefix
// counts. Private addresses are looked for, too: inside a translation they are subscribers'. It is false for an address in no
// prefix. The caller sees to it that the address is a subscriber's.
func (db *DB) Line(addr netip.Addr) (Place, bool) {
	return db.current.Load().lines.find(addr.Unmap().WithZone(""))
}

// Builds names the databases in use, City first, then ASN.
func (db *DB) Builds() []Build {
	var builds []Build
	s := db.current.Load()
	for _, x := range []struct {
		kind   Kind
		reader *maxminddb.Reader
	}{{KindCity, s.city}, {KindASN, s.asn}, {KindAnonymiser, s.anonymiser}} {
		if x.reader != nil {
			m := x.reader.Metadata
			builds = append(builds, Build{Kind: x.kind, Type: m.DatabaseType, Built: m.BuildTime().UTC()})
		}
	}
	return builds
}

// Stats returns the counters.
func (db *DB) Stats() Stats {
	return Stats{Reloads: db.reloads.Load(), Failures: db.failures.Load(), BadRecords: db.badRecords.Load()}
}

// blank: nothing is known of any address.
func (s *snapshot) blank() bool {
	return s.city == nil && s.asn == nil && s.anonymiser == nil && s.networks.prefixes.empty()
}

// find decodes what the databases hold for addr, and counts the records that would not decode.
//
// geoip2's records are decoded whole, all languages of all names: 6 µs a City record where the few fields needed here cost
// 3 µs. They stay, because they keep up with the format's changes, and because addresses repeat: recent answers nearly all
// look-ups in some 100 ns.
func (s *snapshot) find(addr netip.Addr) (p Place, bad uint64) {
	if s.city != nil && covers(s.city, addr) {
		var city geoip2.City
		if err := s.city.Lookup(addr).Decode(&city); err != nil {
			bad++
		} else {
			p.setCity(&city)
		}
	}
	if s.asn != nil && covers(s.asn, addr) {
		var asn geoip2.ASN
		if err := s.asn.Lookup(addr).Decode(&asn); err != nil {
			bad++
		} else {
			p.ASNumber = uint32(asn.AutonomousSystemNumber) //nolint:gosec // a uint32 in the format
			p.ASOrg = asn.AutonomousSystemOrganization
		}
	}
	if c := s.networks.prefixes.find(addr); c != 0 {
		p.Network, p.NetworkBy = c.String(), ByPrefix
		return p, bad
	}
	if s.anonymiser != nil && covers(s.anonymiser, addr) {
		var a geoip2.AnonymousIP
		if err := s.anonymiser.Lookup(addr).Decode(&a); err != nil {
			bad++
		} else if c := classOf(&a); c != 0 {
			p.Network, p.NetworkBy = c.String(), ByAnonymiser
			return p, bad
		}
	}
	if c := s.networks.systems[p.ASNumber]; c != 0 && p.ASNumber != 0 {
		p.Network, p.NetworkBy = c.String(), ByASN
	}
	return p, bad
}

// classOf is the class of an address that hides its user. A proxy, public or in somebody's home, is of class vpn: the
// record has no word of its own for it, and it says as little of its user's place.
func classOf(a *geoip2.AnonymousIP) class {
	switch {
	case a.IsTorExitNode:
		return tor
	case a.IsAnonymousVPN, a.IsPublicProxy, a.IsResidentialProxy:
		return vpn
	case a.IsHostingProvider:
		return hosting
	case a.IsAnonymous:
		return vpn
	}
	return 0
}

func (p *Place) setCity(city *geoip2.City) {
	p.Country = city.Country.ISOCode
	if len(city.Subdivisions) > 0 {
		p.Subdivision = city.Subdivisions[0].ISOCode
	}
	p.City = city.City.Names.English
	p.Latitude, p.Longitude = city.Location.Latitude, city.Location.Longitude
	if radius := city.Location.AccuracyRadius; radius != 0 {
		p.AccuracyKM = &radius
	}
}

// covers is false for an IPv6 address and a database of IPv4 only.
func covers(r *maxminddb.Reader, addr netip.Addr) bool {
	return addr.Is4() || r.Metadata.IPVersion == 6
}

// sharedSpace is for networks between a provider and its customers (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// isSpecial: no database can know whose addr is. Documentation networks are not counted in: databases leave them out,
// and tests put them in.
func isSpecial(addr netip.Addr) bool {
	return !addr.IsValid() || addr.IsUnspecified() || addr.IsLoopback() || addr.IsPrivate() ||
		addr.IsLinkLocalUnicast() || addr.IsMulticast() || sharedSpace.Contains(addr)
}
