package number

import (
	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

const (
	typeEmergency = "emergency"

	unknownRegion = "ZZ"  // libphonenumber: a country code that is none
	nonGeographic = "001" // libphonenumber: a code of no country, +800 …
	english       = "en"
)

// describe tells what is known of a valid number.
func (b *Book) describe(n *phonenumbers.PhoneNumber) Info {
	info := Info{
		E164:       phonenumbers.Format(n, phonenumbers.E164),
		NumberType: typeName(phonenumbers.GetNumberType(n)),
		Digits:     true,
		Valid:      true,
	}
	// An error of the two look-ups below means that the library has no table for the language or the country code:
	// nothing is known, which is what "" says.
	info.RangeCarrier, _ = phonenumbers.GetCarrierForNumber(n, english)
	country := phonenumbers.GetRegionCodeForNumber(n)
	if country == "" || country == nonGeographic || country == unknownRegion {
		return info
	}
	info.Country = country
	if place, _ := phonenumbers.GetGeocodingForNumber(n, english); place != b.countryName(country) {
		info.RangeRegion = place
	}
	return info
}

// countryName is what the library's geocoder answers when it knows nothing finer than the country. Asking once a
// country, at most some 250 of them, is cheaper than asking x/text for each number.
func (b *Book) countryName(code string) string {
	if name, ok := b.countries[code]; ok {
		return name
	}
	name := ""
	if region, err := language.ParseRegion(code); err == nil {
		name = display.Regions(language.English).Name(region)
	}
	b.countries[code] = name
	return name
}

// typeName is the record's name of a number type.
func typeName(t phonenumbers.PhoneNumberType) string {
	switch t {
	case phonenumbers.FIXED_LINE:
		return "fixed_line"
	case phonenumbers.MOBILE:
		return "mobile"
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return "fixed_line_or_mobile"
	case phonenumbers.TOLL_FREE:
		return "toll_free"
	case phonenumbers.PREMIUM_RATE:
		return "premium_rate"
	case phonenumbers.SHARED_COST:
		return "shared_cost"
	case phonenumbers.VOIP:
		return "voip"
	case phonenumbers.PERSONAL_NUMBER:
		return "personal_number"
	case phonenumbers.PAGER:
		return "pager"
	case phonenumbers.UAN:
		return "uan"
	case phonenumbers.VOICEMAIL:
		return "voicemail"
	case phonenumbers.UNKNOWN:
		return ""
	default:
		return ""
	}
}
