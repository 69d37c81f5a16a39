package record

// Party is one side of a call as its header named it, and what its number tells.
type Party struct {
	// The header's value as sent, redacted.
	Raw string `json:"raw,omitempty"`
	// Display name, unquoted and unescaped.
	Display string `json:"display,omitempty"`
	// User part of the URI, unescaped; of a tel: URI the number.
	User string `json:"user,omitempty"`
	// Host part of the URI.
	Host string `json:"host,omitempty"`
	Number
}

// Number is what a telephone number tells by itself. Nothing here is a place of registration: portability is not
// known from a number.
type Number struct {
	// The number in E.164, when the user part is a valid one.
	E164 string `json:"e164,omitempty" schema:"e164"`
	// Country of the number.
	Country string `json:"country,omitempty" schema:"country"`
	// Region the number's range was allotted to; not where the telephone is.
	RangeRegion string `json:"range_region,omitempty"`
	// Operator the number's range was allotted to; portability is not known.
	RangeCarrier string `json:"range_carrier,omitempty"`
	// What the numbering plan has the number for.
	NumberType string `json:"number_type,omitempty" schema:"enum=fixed_line|mobile|fixed_line_or_mobile|toll_free|premium_rate|shared_cost|voip|personal_number|pager|uan|voicemail|emergency"`
}

// Asserted is the identity a network asserted for the caller.
type Asserted struct {
	// The header's value as sent, redacted.
	Raw string `json:"raw"`
	// P-Asserted-Identity, Remote-Party-ID or P-Preferred-Identity: the first of them that the INVITE has.
	Header string `json:"header" schema:"enum=pai|rpid|ppi"`
	// Its number in E.164.
	E164 string `json:"e164,omitempty" schema:"e164"`
	// Country of that number.
	Country string `json:"country,omitempty" schema:"country"`
}

// Connected is who answered.
type Connected struct {
	// P-Asserted-Identity of the 2xx as sent, redacted.
	Raw string `json:"raw"`
	// Its number in E.164.
	E164 string `json:"e164,omitempty" schema:"e164"`
}

// Redirect is one step of a diverted call.
type Redirect struct {
	// The header's value as sent, redacted.
	Raw string `json:"raw"`
	// Its number in E.164.
	E164 string `json:"e164,omitempty" schema:"e164"`
	// Why the call was diverted, as the header says: "user-busy", "no-answer" …
	Reason string `json:"reason,omitempty"`
	// Diversion (RFC 5806), History-Info (RFC 7044), Contact of a 3xx, or Refer-To (RFC 3515).
	Source string `json:"source" schema:"enum=diversion|history_info|3xx|refer"`
}

// Passport is a parsed PASSporT (RFC 8225).
type Passport struct {
	// Originating identity.
	Orig string `json:"orig,omitempty"`
	// Destination identities.
	Dest []string `json:"dest,omitempty"`
	// Attestation level (RFC 8588).
	Attest string `json:"attest,omitempty" schema:"enum=A|B|C"`
	// Origination identifier (RFC 8588).
	OrigID string `json:"origid,omitempty"`
	// When it was issued, by the signer's clock.
	IAT Time `json:"iat,omitzero"`
	// Whether the signature holds and is of this call; absent: not checked.
	Verified *bool `json:"verified,omitempty"`
	// What that rests on, or why it was not checked; absent when no certificates are configured.
	Reason string `json:"reason,omitempty" schema:"name"`
}

// Indicator is one spoofing rule that holds for the call. It is a fact to look into, not a verdict.
type Indicator struct {
	// Name of the rule.
	Rule string `json:"rule" schema:"name"`
	// What made it hold.
	Detail string `json:"detail,omitempty"`
}
