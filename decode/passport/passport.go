package passport

import (
	"bytes"
	"encoding/json"
	"math"
)

// Passport is a PASSporT (RFC 8225). Nothing of it is verified, and its text is whatever the sender wrote.
type Passport struct {
	X5U string // where its certificate is (RFC 7515 section 4.1.5), or the info parameter when the header does not say; never fetched
	PPT string // kind: "shaken" (RFC 8588), "div" (RFC 8946), "" for none

	Orig Party   // who calls: one of TN and URI
	Dest Parties // who is called: at least one
	Div  Party   // who was called before, of ppt "div"; else empty
	IAT  int64   // when it was issued by the signer's clock, seconds since 1970-01-01T00:00:00Z

	Attest string // how the signer knows the caller, "A", "B" or "C", of ppt "shaken"; else empty
	OrigID string // signer's name for where the call came from, of ppt "shaken"; else empty

	// Signed is what the signature is over: header and payload in base64url with a dot between them.
	Signed []byte
	// Signature is r and s of ES256, 32 octets each, big-endian (RFC 7518 section 3.4).
	Signature [64]byte
}

// Party is one identity: a telephone number or a URI. One of them is empty, as a rule.
type Party struct {
	TN  string // in canonical form: digits without a plus sign (RFC 8224 section 8.3)
	URI string
}

// String returns the number, else the URI.
func (p Party) String() string {
	if p.TN != "" {
		return p.TN
	}
	return p.URI
}

// Parties are several identities.
type Parties struct {
	TN  []string
	URI []string
}

// Parse reads the full form of a PASSporT (RFC 8225 section 3). The error is a ParseError, ErrCompact for the compact form,
// whose claims are elsewhere: see Rebuild. The result shares nothing with id.
//
//	header "." payload "." signature      each in base64url
func Parse(id Identity) (*Passport, error) {
	parts, ok := split(id.Token)
	if !ok {
		return nil, ErrToken
	}
	if len(parts[0]) == 0 && len(parts[1]) == 0 {
		return nil, ErrCompact
	}
	p := &Passport{}
	if err := p.setSignature(parts[2]); err != 0 {
		return nil, err
	}
	p.Signed = append(append(append(make([]byte, 0, len(parts[0])+1+len(parts[1])), parts[0]...), '.'), parts[1]...)
	buf, ok := appendDecoded(nil, parts[0])
	if !ok {
		return nil, ErrBase64
	}
	if err := p.header(buf); err != 0 {
		return nil, err
	}
	if p.X5U == "" {
		p.X5U = string(id.Info)
	}
	if buf, ok = appendDecoded(buf[:0], parts[1]); !ok {
		return nil, ErrBase64
	}
	if err := p.claims(buf); err != 0 {
		return nil, err
	}
	return p, nil
}

// split takes the three parts of a token apart, without the folding that messages longer than a line show.
func split(token []byte) (parts [3][]byte, ok bool) {
	if len(token) > MaxIdentity {
		return parts, false
	}
	if bytes.ContainsAny(token, lws) {
		clean := make([]byte, 0, len(token))
		for _, c := range token {
			if !isLWS(c) {
				clean = append(clean, c)
			}
		}
		token = clean
	}
	if bytes.Count(token, []byte{'.'}) != 2 {
		return parts, false
	}
	parts[0], token, _ = bytes.Cut(token, []byte{'.'})
	parts[1], parts[2], _ = bytes.Cut(token, []byte{'.'})
	return parts, true
}

func (p *Passport) setSignature(b []byte) ParseError {
	var buf [65]byte
	if len(b) > 88 { // 64 octets are 86 digits
		return ErrSignature
	}
	sig, ok := appendDecoded(buf[:0], bytes.TrimRight(b, "="))
	if !ok {
		return ErrBase64
	}
	if len(sig) != len(p.Signature) {
		return ErrSignature
	}
	copy(p.Signature[:], sig)
	return 0
}

func (p *Passport) header(b []byte) ParseError {
	var h struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
		PPT string `json:"ppt"`
		X5U string `json:"x5u"`
	}
	if !isShallow(b) || json.Unmarshal(b, &h) != nil || h.Alg != "ES256" || h.Typ != "passport" {
		return ErrHeader
	}
	p.PPT, p.X5U = h.PPT, h.X5U
	return 0
}

// texts is an array of strings; one string by itself, as some write, is taken for an array of it.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*t = texts{""}
		return json.Unmarshal(b, &(*t)[0])
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// text is a string; an array of it, as some write, is taken for its first element.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var all texts
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	if len(all) > 0 {
		*t = text(all[0])
	}
	return nil
}

type partyClaim struct {
	TN  text `json:"tn"`
	URI text `json:"uri"`
}

func (c partyClaim) party() Party { return Party{canonical(string(c.TN)), string(c.URI)} }

func (p *Passport) claims(b []byte) ParseError {
	var c struct {
		Orig partyClaim `json:"orig"`
		Dest struct {
			TN  texts `json:"tn"`
			URI texts `json:"uri"`
		} `json:"dest"`
		Div    partyClaim  `json:"div"`
		IAT    json.Number `json:"iat"` // also in quotes, as RFC 8588's own example has it (erratum 6656)
		Attest string      `json:"attest"`
		OrigID string      `json:"origid"`
	}
	if !isShallow(b) || json.Unmarshal(b, &c) != nil || len(c.Dest.TN)+len(c.Dest.URI) > maxDests {
		return ErrClaims
	}
	p.Orig, p.Div = c.Orig.party(), c.Div.party()
	for _, tn := range c.Dest.TN {
		if tn = canonical(tn); tn != "" {
			p.Dest.TN = append(p.Dest.TN, tn)
		}
	}
	p.Dest.URI = c.Dest.URI
	iat, err := c.IAT.Float64()
	if err != nil || iat < 0 || iat > maxIAT || p.Orig == (Party{}) || len(p.Dest.TN)+len(p.Dest.URI) == 0 {
		return ErrClaims
	}
	p.IAT = int64(math.Floor(iat))
	switch c.Attest {
	case "A", "B", "C":
		p.Attest = c.Attest
	}
	p.OrigID = c.OrigID
	return 0
}

// Bounds of the claims.
const (
	maxIAT   = 253_402_300_799 // the end of the year 9999
	maxDests = 64              // destinations, of TN and URI together
	maxDepth = 8               // JSON values within each other; the claims of RFC 9795 have 4
)

// isShallow says that b has no more than maxDepth JSON values within each other: encoding/json's memory of where it is grows
// faster than the text does.
func isShallow(b []byte) bool {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > maxDepth {
				return false
			}
		case '}', ']':
			depth--
		}
	}
	return true
}
