package pidf

// Location is the place a PIDF-LO document names (RFC 4119, RFC 5491, RFC 5139). Text is cut to 256 octets each, and may hold
// whatever the sender wrote.
type Location struct {
	// Latitude and Longitude in WGS84 degrees (EPSG:4326), valid when HasPoint; RadiusM is the radius of the circle
	// around them, metres, 0 when unknown. Of an ellipse it is the longer half axis; of a polygon that circle holds all corners.
	HasPoint                     bool
	Latitude, Longitude, RadiusM float64
	// Country (ISO 3166-1, two capital letters), A1 (state) and A3 (city) of a civic address, empty when there is none.
	Country, A1, A3 string
	// Method the place was found by (RFC 4119 section 2.2.3): "GPS", "Cell", "DHCP" …
	Method string
}

func (l *Location) empty() bool { return !l.HasPoint && l.Country == "" && l.A1 == "" && l.A3 == "" }

// Bounds of Parse.
const (
	maxDocument = 16 << 10 // octets
	maxDepth    = 32       // elements within each other
	maxText     = 256      // octets of each text of a Location
	maxCorners  = 64       // of a polygon; RFC 5491 section 5.2.3 advises 15
)

// ParseError is why a document gives no place. It is a small number, so that counters can be an array indexed by it.
type ParseError uint8

// Reasons.
const (
	ErrTooLong    ParseError = iota + 1 // more than 16 KiB
	ErrSyntax                           // not well-formed XML, or with a document type, or of more than 32 levels
	ErrNoLocation                       // no geopriv element with a place that is read here
	ErrReference                        // coordinates of another reference system than EPSG:4326 and EPSG:4979
	ErrRange                            // no number, or out of range: latitude ±90, longitude ±180, radius 0 to 20,037,508 m
)

// ParseErrors is one more than the highest ParseError: the length of an array indexed by it.
const ParseErrors = int(ErrRange) + 1

var reasons = [ParseErrors]string{
	ErrTooLong: "too_long", ErrSyntax: "syntax", ErrNoLocation: "no_location", ErrReference: "reference_system", ErrRange: "range",
}

// Reason names e for a counter: one word in snake_case.
func (e ParseError) Reason() string {
	if int(e) >= len(reasons) {
		return ""
	}
	return reasons[e]
}

// Error implements error. It says what is wrong, never what was in the document.
func (e ParseError) Error() string { return "pidf: document refused: " + e.Reason() }
