package record

// Octets keeps the octets of a value whose text had to be escaped.
type Octets struct {
	// Path of the member, "caller.raw"; in a list the path of the list's member, once for each value that was escaped.
	Field string `json:"field"`
	// The octets themselves (RFC 4648 section 4), cut as the text is.
	Base64 string `json:"base64" schema:"base64"`
}

// Observer is what depends on who looked, not on what was seen. It is outside of record_id.
type Observer struct {
	// Version of the program.
	Version string `json:"version"`
	// SHA-256 of the effective configuration, in hexadecimal.
	ConfigHash string `json:"config_hash,omitempty"`
	// Capture file, when there was just one.
	File string `json:"file,omitempty"`
	// State of the sensor's clock; null in replay.
	Clock *Clock `json:"clock"`
	// Databases that were asked.
	Databases []Database `json:"databases,omitempty"`
	// Version of the indicator rules.
	Ruleset string `json:"ruleset,omitempty"`
}

// Clock is the state of the sensor's clock.
type Clock struct {
	// What gives the packets their time: the system clock, the card.
	Source string `json:"source"`
	// What the clock follows, an NTP server or PTP master.
	Reference string `json:"reference,omitempty"`
	// The clock follows its reference.
	Synced bool `json:"synced"`
	// Last measured offset from the reference, microseconds.
	OffsetUS int64 `json:"offset_us"`
	// Bound of the error, microseconds.
	ErrorUS int64 `json:"error_us" schema:"min=0"`
}

// Database is one database a look-up used.
type Database struct {
	// What it was asked for: places, autonomous systems, networks that hide their users.
	Kind string `json:"kind,omitempty" schema:"enum=city|asn|anonymiser"`
	// As the database names itself, "GeoLite2-City".
	Type string `json:"type"`
	// When it was built.
	Built Time `json:"built"`
}
