package config

// Geo names the databases that turn addresses into places and networks. Each is read again when its file changes.
type Geo struct {
	// City is a GeoIP2-format city database (.mmdb). Empty (default): no places.
	City string `yaml:"city"`
	// ASN is a GeoIP2-format ASN database (.mmdb). Empty (default): no networks.
	ASN string `yaml:"asn"`
	// Anonymiser is a GeoIP2-format Anonymous-IP database (.mmdb). Empty (default): none.
	Anonymiser string `yaml:"anonymiser"`
	// Networks is a CSV file of the operator's own knowledge: an AS number or a prefix, and its class (hosting, vpn, tor, mobile,
	// isp). Empty (default): none.
	Networks string `yaml:"networks"`
	// Cells is a CSV file of mobile cells with the columns mcc, mnc, area, ci, lat, lon, range_m and date. Empty (default): none.
	Cells string `yaml:"cells"`
	// AccessLines is a CSV file of the operator's own access networks with the columns prefix, latitude, longitude, range_m, date and
	// name. It counts for addresses that are subscribers' (own.prefixes). Empty (default): none.
	AccessLines string `yaml:"access_lines"`
}

// Spoof configures the spoofing indicators.
type Spoof struct {
	// BarredPrefixes are beginnings of caller numbers barred on every call, as sent or international. Default none.
	BarredPrefixes []string `yaml:"barred_prefixes"`
	// BarredFromAbroad are beginnings of caller numbers barred when the source is abroad. Empty (default): for India the
	// list of its international gateways, +11, 011, 11 and +911 to +915; elsewhere none.
	BarredFromAbroad []string `yaml:"barred_from_abroad"`
	// ScannerAgents are parts of User-Agent values, in any case, that mark a scanner. Empty (default): the built-in list.
	ScannerAgents []string `yaml:"scanner_agents"`
	// RequireAttestation marks a call without PASSporT (RFC 8225) from a source that is not the operator's own. Default
	// false.
	RequireAttestation bool `yaml:"require_attestation"`
	// Certificates is a folder of PEM certificates (*.pem, *.crt) by which PASSporTs are verified; nothing is ever fetched.
	// Empty (default): PASSporTs are read and not verified.
	Certificates string `yaml:"certificates"`
}
