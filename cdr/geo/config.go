package geo

import (
	"fmt"
	"time"
)

// Config names the databases. All of it is optional: without a database nothing is known of any address.
type Config struct {
	// City is the path of a City or Country database, in GeoIP2 format (.mmdb).
	City string
	// ASN is the path of an ASN or ISP database, in GeoIP2 format (.mmdb).
	ASN string
	// Anonymiser is the path of an Anonymous-IP database, in GeoIP2 format (.mmdb).
	Anonymiser string
	// Networks is the path of a CSV file of two columns: an AS number, prefix or address, and its class, one of hosting,
	// vpn, tor, mobile and isp. A first row "asn,class" or "prefix,class", and lines that start with "#", are skipped.
	Networks string
	// Cells is the path of a CSV file of mobile cells with the columns mcc, mnc, area, ci, lat, lon, range_m and date; area
	// and ci are decimal, or hexadecimal after 0x. At most 4,194,304 rows.
	Cells string
	// AccessLines is the path of a CSV file of the operator's own access networks with the columns prefix, latitude, longitude,
	// range_m, date and name. At most 1,048,576 rows.
	AccessLines string
	// HostingASNs are autonomous systems of class hosting, whatever Networks says of them.
	HostingASNs []uint32

	// OnReload, if set, hears of each attempt to read changed files: nil, or what went wrong, in one line. It is
	// called from Run and Reload, one call at a time, and must not call Reload.
	OnReload func(error)
	// Settle is how long a changed file must have been left alone before it is read; 0 means 500 ms.
	Settle time.Duration
	// Poll is how often Run looks at the files without having been told of a change, for file systems that tell
	// nothing (NFS); 0 means one minute.
	Poll time.Duration
}

func (c *Config) complete() error {
	if c.Settle == 0 {
		c.Settle = 500 * time.Millisecond
	}
	if c.Poll == 0 {
		c.Poll = time.Minute
	}
	if c.Settle < 0 || c.Poll < 0 {
		return fmt.Errorf("geo: settle time %s or poll interval %s is negative: use 0 for the default", c.Settle, c.Poll)
	}
	return nil
}
