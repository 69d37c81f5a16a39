package attest

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strconv"
)

// idTNAuthList is id-pe-TNAuthList (RFC 8226 section 9).
var idTNAuthList = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 26}

// numbers are the telephone numbers a certificate is for (RFC 8226 section 9):
//
//	TNAuthorizationList  ::=  SEQUENCE SIZE (1..MAX) OF TNEntry
//	TNEntry              ::=  CHOICE { spc [0] ServiceProviderCode, range [1] TelephoneNumberRange, one [2] E164Number }
//	TelephoneNumberRange ::=  SEQUENCE { start TelephoneNumber, count INTEGER (2..MAX), ... }
//
// The module's tags are explicit. Which numbers a service provider code stands for is known to the numbering plan's
// administration only: a certificate that has one covers any.
type numbers struct {
	provider bool // it has a service provider code
	ranges   []numberRange
}

// numberRange is first and the count-1 numbers after it, all of the same length.
type numberRange struct {
	first  uint64
	count  uint64
	digits int
}

// maxRanges bounds what is kept of one certificate.
const maxRanges = 4096

// numbersOf reads the extension, nil when there is none.
func numbersOf(c *x509.Certificate) (*numbers, error) {
	for i := range c.Extensions {
		if c.Extensions[i].Id.Equal(idTNAuthList) {
			n, err := parseNumbers(c.Extensions[i].Value)
			if err != nil {
				return nil, fmt.Errorf("read its TNAuthList (RFC 8226): %w", err)
			}
			return n, nil
		}
	}
	return nil, nil //nolint:nilnil // no list, no error: the certificate is for any number
}

func parseNumbers(der []byte) (*numbers, error) {
	var entries []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &entries); err != nil || len(rest) != 0 {
		return nil, errors.New("it is no sequence")
	}
	if len(entries) == 0 || len(entries) > maxRanges {
		return nil, fmt.Errorf("it has %d entries, not 1 to %d", len(entries), maxRanges)
	}
	n := &numbers{}
	for i, e := range entries {
		var text string
		var span struct {
			Start string `asn1:"ia5"`
			Count int64
		}
		span.Count = 1
		var err error
		switch {
		case e.Class != asn1.ClassContextSpecific || !e.IsCompound:
			err = errors.New("no tag of TNEntry")
		case e.Tag == 0:
			_, err = asn1.UnmarshalWithParams(e.Bytes, &text, "ia5")
			n.provider = true
		case e.Tag == 1:
			_, err = asn1.Unmarshal(e.Bytes, &span)
		case e.Tag == 2:
			_, err = asn1.UnmarshalWithParams(e.Bytes, &span.Start, "ia5")
		default:
			err = errors.New("no tag of TNEntry")
		}
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if e.Tag == 0 {
			continue
		}
		first, ok := numberOf(span.Start)
		if !ok || span.Count < 1 {
			return nil, fmt.Errorf("entry %d is no telephone number, or no range of them", i+1)
		}
		n.ranges = append(n.ranges, numberRange{first, uint64(span.Count), len(span.Start)}) // #nosec G115 -- not negative
	}
	return n, nil
}

// numberOf reads 1 to 15 decimal digits. (TelephoneNumber may have * and #, but no such number calls anybody.)
func numberOf(tn string) (uint64, bool) {
	if len(tn) == 0 || len(tn) > 15 {
		return 0, false
	}
	for i := range len(tn) {
		if tn[i] < '0' || tn[i] > '9' {
			return 0, false
		}
	}
	v, err := strconv.ParseUint(tn, 10, 64)
	return v, err == nil
}

// cover says that tn, in canonical form, may be vouched for. n may be nil.
func (n *numbers) cover(tn string) bool {
	if n == nil || n.provider {
		return true
	}
	v, ok := numberOf(tn)
	if !ok {
		return false
	}
	for _, r := range n.ranges {
		if len(tn) == r.digits && v >= r.first && v-r.first < r.count {
			return true
		}
	}
	return false
}
