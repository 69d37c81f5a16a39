package pidf

// Location is the place a PIDF-LO document names (RFC 4119, RFC 5491, RFC 5139). Text is cut to 256 octets each, and may hold
// whatever the sender wrote.
type Location struct {
	// Latitude and Longitude in WGS84 degrees (EPSG:4326), valid when HasPoint; RadiusM is the radius of the circle
	// around them, metres, 0 when unknown.
	HasPoint                     bool
	Latitude, Longitude, RadiusM float64
	// Country (ISO 3166-1), A1 (state) and A3 (city) of a civic address, empty when there is none.
	Country, A1, A3 string
	// Method the place was found by (RFC 4119 section 2.2.3): "GPS", "Cell", "DHCP" …
	Method string
}
