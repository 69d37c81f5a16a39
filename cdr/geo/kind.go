package geo

import (
	"fmt"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Kind is what a database tells of an address.
type Kind uint8

// Kinds of databases.
const (
	KindCity       Kind = 1 << iota // where it is: City, Country, Enterprise
	KindASN                         // whose network: ASN, ISP
	KindAnonymiser                  // whether it hides its user: Anonymous-IP
	KindCells                       // where a mobile cell is: a list of the operator's (Config.Cells)
	KindLines                       // where an access line is: a list of the operator's (Config.AccessLines)
)

// String is the name of the configuration's key.
func (k Kind) String() string {
	switch k {
	case KindCity:
		return "city"
	case KindASN:
		return "asn"
	case KindAnonymiser:
		return "anonymiser"
	case KindCells:
		return "cells"
	case KindLines:
		return "access_lines"
	default:
		return "unknown"
	}
}

// described is how an error asks for a database of the kind.
func (k Kind) described() string {
	switch k {
	case KindASN:
		return "an ASN or ISP"
	case KindAnonymiser:
		return "an Anonymous-IP"
	case KindCells, KindLines: // a list: no database is asked for
		return "no"
	default:
		return "a City or Country"
	}
}

// open reads a database and tries it, so that one of another kind is refused here and not at each look-up. The reader
// keeps b.
func open(b []byte, want Kind) (*maxminddb.Reader, error) {
	r, kinds, err := openAny(b)
	if err != nil {
		return nil, err
	}
	if kinds&want == 0 {
		return nil, fmt.Errorf("it is of type %s: use %s database in GeoIP2 format", r.Metadata.DatabaseType, want.described())
	}
	return r, nil
}

func openAny(b []byte) (*maxminddb.Reader, Kind, error) {
	r, err := maxminddb.OpenBytes(b)
	if err == nil {
		var kinds Kind
		if kinds, err = kindsOf(r); err == nil {
			return r, kinds, nil
		}
	}
	return nil, 0, fmt.Errorf("%w: the file is cut short, damaged or not in GeoIP2 format; fetch it again", err)
}

// sampled is how many records are looked at to tell what a database holds. The first may be of reserved networks, with
// next to nothing in them.
const sampled = 256

// kindsOf tells what a database holds from its first records, since every vendor names its types in another way; only
// one without any record is judged by its type. A database may be of several kinds, or of none.
func kindsOf(r *maxminddb.Reader) (kinds Kind, err error) {
	n := 0
	for result := range r.Networks() {
		var record map[string]any
		if err = result.Decode(&record); err == nil {
			kinds |= kindsOfRecord(record)
		}
		if n++; n == sampled {
			break
		}
	}
	switch {
	case kinds != 0:
		return kinds, nil
	case n > 0 || err != nil:
		return 0, err // of the last record: one that was read is of no kind of ours
	}
	name := r.Metadata.DatabaseType
	for _, x := range []struct {
		part string
		kind Kind
	}{
		{"City", KindCity},
		{"Country", KindCity},
		{"Enterprise", KindCity},
		{"ASN", KindASN},
		{"ISP", KindASN},
		{"Anonymous", KindAnonymiser},
	} {
		if strings.Contains(name, x.part) {
			return x.kind, nil
		}
	}
	return 0, nil
}

// kindsOfRecord knows a record by its members. Formats that are no GeoIP2 use some of the names too, for values of
// other types.
func kindsOfRecord(record map[string]any) (kinds Kind) {
	for name, value := range record {
		switch name {
		case "continent", "country", "registered_country", "city", "location":
			if _, ok := value.(map[string]any); ok {
				kinds |= KindCity
			}
		case "autonomous_system_number":
			switch value.(type) {
			case uint64, uint32, uint16:
				kinds |= KindASN
			}
		case "is_anonymous", "is_anonymous_vpn", "is_tor_exit_node", "is_hosting_provider", "is_public_proxy", "is_residential_proxy":
			if _, ok := value.(bool); ok {
				kinds |= KindAnonymiser
			}
		}
	}
	return kinds
}
