package number

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Config says how numbers are read.
type Config struct {
	// DefaultRegion is the ISO 3166-1 alpha-2 code of the country whose numbering plan national numbers are of,
	// "IN". Required.
	DefaultRegion string
	// CacheSize is the most numbers remembered, valid or not; 0 means 65536, some 16 MiB when full (libphonenumber's own
	// tables take about as much, once a process).
	CacheSize int
	// EmergencyNumbers adds to those libphonenumber knows for DefaultRegion (IN: 100, 101, 102, 108, 112). Digits.
	EmergencyNumbers []string
	// RequirePlus leaves a number of another country without "+" or international prefix unread. By default eleven
	// digits and more that are no national number are tried as an international one: trunks often drop the sign.
	RequirePlus bool
}

const defaultCacheSize = 65536

// Info is what a number tells. The zero value is "not a telephone number".
type Info struct {
	// E164 is "+", country code and number (ITU-T E.164, at most 15 digits); "" unless Valid.
	E164 string
	// Country is the ISO 3166-1 alpha-2 code of the country whose plan the number is of; "" unless Valid, and for
	// the codes that belong to no country (+800, +870, +883 …).
	Country string
	// RangeRegion names, in English, the place the number's range was allotted to; "" when nothing finer than the
	// country is known.
	RangeRegion string
	// RangeCarrier names the operator the number's range was allotted to. The number may have been ported since.
	RangeCarrier string
	// NumberType is fixed_line, mobile, fixed_line_or_mobile, toll_free, premium_rate, shared_cost, voip,
	// personal_number, pager, uan, voicemail or emergency; "" when not known.
	NumberType string
	// Digits: it was written as a telephone number, whether or not it is one.
	Digits bool
	// Valid: length and leading digits are of a range that was allotted. Not that the number is in service.
	Valid bool
	// International: written with its country code, in the number or in its phone-context.
	International bool
	// Assumed: valid only when read as if a "+" stood before it (see Config.RequirePlus). A long account number, or
	// another country's national number, may look the same.
	Assumed bool
	// Emergency: an emergency number of the default region or a sos service URN (RFC 5031).
	Emergency bool
}

// Book looks numbers up. It has no lock: each goroutine needs a Book of its own.
type Book struct {
	region    string
	emergency []string
	assume    bool
	cache     cache
	countries map[string]string // region code → its English name, as the geocoder falls back to
}

// New makes a Book and reads the metadata of the default region, so that the first call does not pay for it.
func New(cfg Config) (*Book, error) {
	if !phonenumbers.GetSupportedRegions()[cfg.DefaultRegion] {
		return nil, fmt.Errorf("number: default region %q is not known: use an ISO 3166-1 alpha-2 code in capitals, such as IN",
			cfg.DefaultRegion)
	}
	if cfg.CacheSize < 0 {
		return nil, fmt.Errorf("number: cache size %d is negative: use 0 for the default of %d", cfg.CacheSize, defaultCacheSize)
	}
	if cfg.CacheSize == 0 {
		cfg.CacheSize = defaultCacheSize
	}
	for _, n := range cfg.EmergencyNumbers {
		if n == "" || strings.Trim(n, "0123456789") != "" {
			return nil, fmt.Errorf("number: emergency number %q is not a string of digits", n)
		}
	}
	b := &Book{
		region:    cfg.DefaultRegion,
		emergency: slices.Clone(cfg.EmergencyNumbers),
		assume:    !cfg.RequirePlus,
		cache:     newCache(cfg.CacheSize),
		countries: make(map[string]string),
	}
	if example := phonenumbers.GetExampleNumber(cfg.DefaultRegion); example != nil {
		b.describe(example)
	}
	return b, nil
}

// Lookup tells what is known of user: the user part of a SIP URI as sent (parameters included), the subscriber of a
// tel: URI, or a sos service URN. The bytes are not kept. It never fails; what is no number gives the zero Info at the
// cost of reading up to its first strange byte. A number seen before costs no allocation.
func (b *Book) Lookup(user []byte) Info {
	if isSOS(user) {
		return Info{NumberType: typeEmergency, Emergency: true}
	}
	var w written
	if err := w.read(user); err != nil {
		// Too many digits is a number badly written; anything else is no number at all.
		return Info{Digits: errors.Is(err, errTooLong)}
	}
	key := w.key()
	if info, ok := b.cache.get(key); ok {
		return info
	}
	info := b.resolve(&w)
	b.cache.put(string(key), info)
	return info
}

// resolve asks the library. The order of attempts is the order of likelihood: as written, then as written in the
// context (RFC 3966 section 5.1.5), then with the "+" that trunks leave out.
func (b *Book) resolve(w *written) Info {
	digits := string(w.digits())
	if w.global {
		info, _ := b.parse("+"+digits, b.region)
		return info
	}
	if w.context != 0 {
		return b.resolveInContext(digits, string(w.contextDigits()))
	}
	if b.isEmergency(digits) {
		return Info{NumberType: typeEmergency, Digits: true, Emergency: true}
	}
	info, ok := b.parse(digits, b.region)
	if !ok && b.assume && len(digits) >= minAssumed && digits[0] != '0' {
		if assumed, ok := b.parse("+"+digits, b.region); ok {
			assumed.Assumed = true
			return assumed
		}
	}
	return info
}

// minAssumed is the fewest digits read as an international number without its sign: a country code and a number that
// is longer than the ten digits of Indian and North American national numbers.
const minAssumed = 11

// resolveInContext reads a local number of a global context. The context is a prefix that makes the number global, or
// only says whose national number it is: both are seen in the field.
func (b *Book) resolveInContext(digits, context string) Info {
	if info, ok := b.parse("+"+context+digits, b.region); ok {
		return info
	}
	for i := min(3, len(context)); i > 0; i-- { // a country code has one to three digits, none begins another
		region := phonenumbers.GetRegionCodeForCountryCode(atoi(context[:i]))
		if region == unknownRegion {
			continue
		}
		info, _ := b.parse(digits, region)
		info.International = true
		return info
	}
	return Info{Digits: true, International: true}
}

func atoi(digits string) int {
	n := 0
	for _, d := range []byte(digits) {
		n = n*10 + int(d-'0')
	}
	return n
}

// isEmergency: of the default region's short numbers or of the configured ones.
func (b *Book) isEmergency(digits string) bool {
	return slices.Contains(b.emergency, digits) ||
		len(digits) <= maxShort && phonenumbers.IsEmergencyNumber(digits, b.region)
}

// maxShort is the longest short code worth asking the library about; India's go to six digits.
const maxShort = 6

// parse reads number in the plan of region and says whether it is valid.
func (b *Book) parse(number, region string) (Info, bool) {
	info := Info{Digits: true, International: number[0] == '+'}
	n, err := phonenumbers.ParseAndKeepRawInput(number, region)
	if err != nil {
		return info, false // the library's reasons (too short, no such country code) all mean: not a number
	}
	info.International = n.GetCountryCodeSource() != phonenumbers.PhoneNumber_FROM_DEFAULT_COUNTRY
	if !phonenumbers.IsValidNumber(n) {
		return info, false
	}
	described := b.describe(n)
	described.International = info.International
	return described, true
}
