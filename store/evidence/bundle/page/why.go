package page

import "calltrail/store/evidence/bundle/answer"

// meanings say of each indicator (docs/indicators.md) what is a fact, and what else it can be than a false number.
var meanings = map[string]string{
	"foreign_source_home_number": "The number shown is Indian (of the home country), but the call came from an address abroad. A traveller who calls over the Internet looks the same.",
	"number_country_differs":     "The number shown is of another country than the address. Roaming and travelling callers look the same.",
	"asserted_differs":           "The number shown is not the number that a network or the log-in named for the caller. A company's switch that shows extensions does the same.",
	"own_number_from_outside":    "The number shown belongs to the operator's own ranges, but the call came from outside its network. A ported number or a diverted call looks the same.",
	"missing_number":             "The call showed no number. The law may allow a caller to withhold it.",
	"invalid_number":             "What was shown is written like a telephone number and is none that can exist.",
	"barred_prefix":              "The number shown begins with digits that must not come from abroad.",
	"media_country_differs":      "The voice came from another country than the signalling. A provider's relay elsewhere looks the same.",
	"hosting_source":             "The call came from a hosting company, a VPN or Tor, where no subscriber's telephone stands. Providers of Internet telephony rent such machines, too.",
	"scanner_user_agent":         "The calling program named itself as one used for scanning and attacks.",
	"attestation_failed":         "The call carries a signed statement of its number that does not hold.",
	"attestation_absent":         "The call carries no signed statement of its number, though the operator requires one.",
}

func why(rule string) string {
	if text := meanings[rule]; text != "" {
		return text
	}
	return "Indicator " + answer.Visible(rule) + "."
}
