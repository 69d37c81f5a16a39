package spoof

import (
	"strings"

	"calltrail/cdr/record"
)

// Ruleset names this version of the table; it stands in the record's observer. It changes when a rule's meaning does.
const Ruleset = "calltrail-indicators-1"

// rule is one row of the table.
type rule struct {
	name     string // of the indicator
	holds    string // one line: when it holds
	needs    string // what must be known; else it is not evaluated
	ordinary string // what else it can be
	check    func(c *record.Call, cfg *Config) (detail string, ok bool)
}

// table is in the order of the record's documentation; Evaluate and Markdown follow it.
var table = []rule{
	{
		name:     "foreign_source_home_number",
		holds:    "The caller shows a number of the home country, and the source address is abroad.",
		needs:    "country of the number and of the source address",
		ordinary: "a subscriber who travels and calls over the Internet; a home operator's gateway abroad",
		check:    foreignSourceHomeNumber,
	},
	{
		name: "number_country_differs",
		holds: "The caller's number is of another country than the source address, whichever of the two is at home. " +
			"Every call with `foreign_source_home_number` from a caller's own address has this one too.",
		needs:    "country of the number and of the source address; the source is no trunk, own SBC or other last hop, which is not where the caller is",
		ordinary: "roaming and travelling callers; companies that show their head office's number",
		check:    numberCountryDiffers,
	},
	{
		name:     "asserted_differs",
		holds:    "From shows another telephone number than P-Asserted-Identity, Remote-Party-ID or the user name of the credentials.",
		needs:    "two telephone numbers; extensions and account names are not compared, nor is P-Preferred-Identity, which is the caller's own word",
		ordinary: "a company's switch that logs in with its main number and shows the extension's; diverted calls",
		check:    assertedDiffers,
	},
	{
		name:     "own_number_from_outside",
		holds:    "The caller shows a number of the operator's own ranges, and the source address is not the operator's.",
		needs:    "`own_numbers` and `own_prefixes` in the configuration",
		ordinary: "a number that was ported away; a subscriber's telephone used elsewhere; a diverted call coming back",
		check:    ownNumberFromOutside,
	},
	{
		name:     "missing_number",
		holds:    "From shows nobody: no user part, `anonymous` and its like, or the host `anonymous.invalid` (RFC 3323).",
		needs:    "From",
		ordinary: "a caller who withholds the number, as the law may allow",
		check:    missingNumber,
	},
	{
		name:     "invalid_number",
		holds:    "From shows what is written as a telephone number (nine digits or more, or an international one) and is none that the numbering plan allows.",
		needs:    "From",
		ordinary: "numeric account names; a range newer than the metadata; a number without its area code",
		check:    invalidNumber,
	},
	{
		name: "barred_prefix",
		holds: "The caller's number begins with a barred prefix. The list for India's international gateways " +
			"(+11, 011, 11, +911 to +915) counts only when the source is abroad: at home these digits begin ordinary landline numbers.",
		needs:    "From; for the gateway list, the country of the source address",
		ordinary: "a landline number shown, with its owner's consent, by a service abroad",
		check:    barredPrefix,
	},
	{
		name:     "media_country_differs",
		holds:    "The caller's media comes from another country than the caller's signalling.",
		needs:    "countries of both addresses; the signalling source is no trunk, own SBC or other last hop",
		ordinary: "a provider whose media relay stands elsewhere",
		check:    mediaCountryDiffers,
	},
	{
		name:     "hosting_source",
		holds:    "The source address is of a hosting company, a VPN or Tor, where no subscriber's telephone is.",
		needs:    "the network class of the source address; the source is no subscriber, trunk or SBC of the configuration",
		ordinary: "a provider of Internet telephony whose servers are rented; a caller who uses a VPN",
		check:    hostingSource,
	},
	{
		name:     "scanner_user_agent",
		holds:    "User-Agent is one that scanners and attack tools send.",
		needs:    "User-Agent",
		ordinary: "a test of the operator's own",
		check:    scannerUserAgent,
	},
	{
		name:     "attestation_failed",
		holds:    "The call carries a PASSporT (RFC 8225) that was verified and found wrong.",
		needs:    "the result of a verification",
		ordinary: "an expired certificate; a gateway that rewrote the number",
		check:    attestationFailed,
	},
	{
		name:     "attestation_absent",
		holds:    "The call carries no PASSporT, and the configuration requires one.",
		needs:    "`require_attestation` in the configuration, the first INVITE, and a source that is not the operator's own",
		ordinary: "a peer that does not sign yet",
		check:    attestationAbsent,
	},
}

// Rules evaluates the table under one configuration. It may be used from any goroutine.
type Rules struct{ cfg Config }

// New checks the configuration.
func New(cfg Config) (*Rules, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	return &Rules{cfg: cfg}, nil
}

// Evaluate returns the indicators that hold for c, in the table's order; nil when none does, and for what is no call
// of kind sip. It does not change c, and the same call always gives the same answer.
func (r *Rules) Evaluate(c *record.Call) []record.Indicator {
	if c.Kind != record.KindSIP {
		return nil
	}
	var found []record.Indicator
	for i := range table {
		if detail, ok := table[i].check(c, &r.cfg); ok {
			found = append(found, record.Indicator{Rule: table[i].name, Detail: detail})
		}
	}
	return found
}

// Markdown is the text of docs/indicators.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Indicators of a forged caller number

<!-- Made from the table of cdr/spoof; change it there, then: go test ./cdr/spoof -update -->

A record's ` + "`indicators`" + ` say which of these facts hold for the call, each with a detail. An indicator is a reason
to look, not a verdict: the last column tells what else it can be. There is no score. A rule whose inputs are not
known does not hold, so no indicator does not mean an honest call. Only calls of kind ` + "`sip`" + ` have indicators. The
record's ` + "`observer.ruleset`" + ` names the version of the table, this one ` + "`" + Ruleset + "`" + `.

| indicator | holds when | must be known | may also be |
|---|---|---|---|
`)
	for _, r := range table {
		b.WriteString("| `" + r.name + "` | " + r.holds + " | " + r.needs + " | " + r.ordinary + " |\n")
	}
	return b.String()
}
