package passport

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// Rebuild reads the compact form (RFC 8225 section 7): the signature alone. Header and payload are made anew from the message, as
// the signer must have made them (RFC 8224 section 4.1.1): orig from P-Asserted-Identity or From, dest from To, iat from Date,
// seconds since 1970-01-01T00:00:00Z, x5u from the info parameter. One octet of difference, and the signature will not
// hold. A ppt other than none has claims that no message carries: ErrCompact.
//
//	".." signature
func Rebuild(id Identity, orig, dest Party, iat int64) (*Passport, error) {
	parts, ok := split(id.Token)
	if !ok || len(parts[0]) != 0 || len(parts[1]) != 0 {
		return nil, ErrToken
	}
	if len(id.PPT) != 0 || len(id.Info) == 0 {
		return nil, ErrCompact
	}
	if len(id.Alg) != 0 && string(id.Alg) != "ES256" {
		return nil, ErrHeader
	}
	orig.TN, dest.TN = canonical(orig.TN), canonical(dest.TN)
	if orig == (Party{}) || dest == (Party{}) || iat < 0 || iat > maxIAT {
		return nil, ErrClaims
	}
	p := &Passport{X5U: string(id.Info), Orig: orig, IAT: iat}
	if err := p.setSignature(parts[2]); err != 0 {
		return nil, err
	}
	// RFC 8225 section 9: members in lexicographic order, no white space. Each party is named once.
	header := append([]byte(`{"alg":"ES256","typ":"passport","x5u":`), quoted(p.X5U)...)
	header = append(header, '}')
	payload := []byte(`{"dest":{`)
	if dest.TN != "" {
		p.Dest.TN = []string{dest.TN}
		payload = append(append(append(payload, `"tn":[`...), quoted(dest.TN)...), ']')
	} else {
		p.Dest.URI = []string{dest.URI}
		payload = append(append(append(payload, `"uri":[`...), quoted(dest.URI)...), ']')
	}
	payload = append(strconv.AppendInt(append(payload, `},"iat":`...), iat, 10), `,"orig":{`...)
	if orig.TN != "" {
		payload = append(append(payload, `"tn":`...), quoted(orig.TN)...)
	} else {
		payload = append(append(payload, `"uri":`...), quoted(orig.URI)...)
	}
	payload = append(payload, "}}"...)
	p.Signed = base64.RawURLEncoding.AppendEncode(nil, header)
	p.Signed = base64.RawURLEncoding.AppendEncode(append(p.Signed, '.'), payload)
	return p, nil
}

// quoted is a JSON string; of the characters that JSON lets one choose to escape none is (RFC 8225 section 9).
func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return nil // cannot be: every string has a form
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// canonical is a number in the form of RFC 8224 section 8.3: digits, and the letters some dialling plans know, without the
// plus sign and without visual separators.
func canonical(tn string) string {
	for i := range len(tn) {
		if !isDialled(tn[i]) {
			b := make([]byte, 0, len(tn))
			for j := range len(tn) {
				if isDialled(tn[j]) {
					b = append(b, tn[j])
				}
			}
			return string(b)
		}
	}
	return tn
}

func isDialled(c byte) bool { return c >= '0' && c <= '9' || c == '*' || c == '#' }
