package spoof

import (
	"strings"
	"testing"

	"calltrail/cdr/record"
)

// ruleCase changes the ordinary call or the configuration; want is the detail of the rule, "" when it must not hold.
type ruleCase struct {
	name string
	call func(*record.Call)
	cfg  func(*Config)
	want string
}

// cases of each rule: it holds, it nearly holds, its inputs are not known.
var cases = map[string][]ruleCase{
	"foreign_source_home_number": {
		{name: "home number from abroad", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", "") }, want: "number of IN, source in CN"},
		{name: "over a trunk abroad", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Src.Role = "trunk" }, want: "number of IN, source in CN"},
		{name: "other home", call: func(c *record.Call) { c.Caller = from("+442079460000", "+442079460000", "GB") }, cfg: func(c *Config) { c.HomeCountry = "GB" }, want: "number of GB, source in IN"},
		{name: "foreign number from abroad", call: func(c *record.Call) {
			c.Caller = from("+442079460000", "+442079460000", "GB")
			c.Src = end("203.0.113.9", "CN", "")
		}},
		{name: "home number at home"},
		{name: "own SBC abroad", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Src.Role = "own_sbc" }},
		{name: "country of the number not known", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Caller = from("alice", "", "") }},
		{name: "place of the source not known", call: func(c *record.Call) { c.Src = end("203.0.113.9", "", "") }},
		{name: "place without country", call: func(c *record.Call) { c.Src.Location.Country = "" }},
		{name: "no source", call: func(c *record.Call) { c.Src = nil }},
	},
	"number_country_differs": {
		{name: "home number from abroad", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", "") }, want: "number of IN, source in CN"},
		{name: "foreign number from home", call: func(c *record.Call) { c.Caller = from("+442079460000", "+442079460000", "GB") }, want: "number of GB, source in IN"},
		{name: "foreign number from a third country", call: func(c *record.Call) {
			c.Caller = from("+442079460000", "+442079460000", "GB")
			c.Src = end("203.0.113.9", "CN", "")
		}, want: "number of GB, source in CN"},
		{name: "same country"},
		{name: "source is a trunk", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Src.Role = "trunk" }},
		{name: "source is the operator's SBC", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Src.Role = "own_sbc" }},
		{name: "source is the last hop", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Src.Location.Of = "last_hop" }},
		{name: "country of the number not known", call: func(c *record.Call) { c.Caller = from("+80012345678", "+80012345678", "") }},
		{name: "place of the source not known", call: func(c *record.Call) { c.Src.Location = nil }},
	},
	"asserted_differs": {
		{name: "P-Asserted-Identity", call: func(c *record.Call) { c.Asserted.E164 = "+442079460000" }, want: "From +912220000000, P-Asserted-Identity +442079460000"},
		{name: "Remote-Party-ID", call: func(c *record.Call) { c.Asserted.E164, c.Asserted.Header = "+442079460000", "rpid" }, want: "From +912220000000, Remote-Party-ID +442079460000"},
		{name: "credentials", call: func(c *record.Call) { c.Asserted, c.AuthUser = nil, "912230000000" }, want: "From +912220000000, credentials of 912230000000"},
		{name: "credentials with domain", call: func(c *record.Call) { c.AuthUser = "+912230000000@example.in" }, want: "From +912220000000, credentials of +912230000000"},
		{name: "credentials against a forged assertion", call: func(c *record.Call) { c.AuthUser = "02230000000" }, want: "From +912220000000, credentials of 02230000000"},
		{name: "From is written as a number and is none", call: func(c *record.Call) { c.Caller = from("+91100", "", "") }, want: "From +91100, P-Asserted-Identity +912220000000"},
		{name: "last digit", call: func(c *record.Call) { c.Asserted.E164 = "+912220000001" }, want: "From +912220000000, P-Asserted-Identity +912220000001"},
		{name: "same number", call: func(c *record.Call) { c.AuthUser = "" }},
		{name: "same number, national credentials", call: func(c *record.Call) { c.AuthUser = "2220000000" }},
		{name: "same number, international prefix", call: func(c *record.Call) { c.AuthUser = "00912220000000" }},
		{name: "same number, separators", call: func(c *record.Call) { c.AuthUser = "022-2000 0000" }},
		{name: "same number, not validated", call: func(c *record.Call) { c.Caller = from("022-2000.0000", "", "") }},
		{name: "preferred identity", call: func(c *record.Call) { c.Asserted.E164, c.Asserted.Header = "+442079460000", "ppi" }},
		{name: "asserted, not a number", call: func(c *record.Call) { c.Asserted.E164 = "" }},
		{name: "From is an extension", call: func(c *record.Call) { c.Caller = from("1001", "", "") }},
		{name: "From is a name", call: func(c *record.Call) { c.Caller = from("alice", "", "") }},
		{name: "From is withheld", call: func(c *record.Call) { c.Caller = from("anonymous", "", "") }},
		{name: "account name", call: func(c *record.Call) { c.AuthUser = "alice" }},
		{name: "short account number", call: func(c *record.Call) { c.AuthUser = "10020030" }},
		{name: "IMSI of a SIM", call: func(c *record.Call) { c.AuthUser = "001010123456789@ims.mnc001.mcc001.3gppnetwork.org" }},
		{name: "nothing to compare", call: func(c *record.Call) { c.Asserted, c.AuthUser = nil, "" }},
	},
	"own_number_from_outside": {
		{name: "from outside", call: func(c *record.Call) { c.Src = end("203.0.113.200", "", "") }, want: "own number +912220000000, source 203.0.113.200"},
		{name: "from outside, IPv6", call: func(c *record.Call) { c.Src = end("2001:db8:86::1", "", "") }, want: "own number +912220000000, source 2001:db8:86::1"},
		{name: "over a trunk", call: func(c *record.Call) { c.Src = end("203.0.113.200", "", ""); c.Src.Role = "trunk" }, want: "own number +912220000000, source 203.0.113.200"},
		{name: "number not in use", call: func(c *record.Call) { c.Src = end("203.0.113.200", "", ""); c.Caller = from("+9122200", "", "") }, want: "own number +9122200, source 203.0.113.200"},
		{name: "first address outside", call: func(c *record.Call) { c.Src = end("192.0.2.128", "IN", "") }, want: "own number +912220000000, source 192.0.2.128"},
		{name: "last address inside", call: func(c *record.Call) { c.Src = end("192.0.2.127", "IN", "") }},
		{name: "inside, IPv4 in IPv6", call: func(c *record.Call) { c.Src = end("::ffff:192.0.2.1", "IN", "") }},
		{name: "inside, IPv6", call: func(c *record.Call) { c.Src = end("2001:db8:91::1", "IN", "") }},
		{name: "subscriber by configuration", call: func(c *record.Call) { c.Src = end("203.0.113.200", "", ""); c.Src.Role = "subscriber" }},
		{name: "another's number from outside", call: func(c *record.Call) {
			c.Src = end("203.0.113.200", "", "")
			c.Caller = from("+912230000000", "+912230000000", "IN")
		}},
		{name: "no own numbers configured", call: func(c *record.Call) { c.Src = end("203.0.113.200", "", "") }, cfg: func(c *Config) { c.OwnNumbers = nil }},
		{name: "no own prefixes configured", call: func(c *record.Call) { c.Src = end("203.0.113.200", "", "") }, cfg: func(c *Config) { c.OwnPrefixes = nil }},
		{name: "no source", call: func(c *record.Call) { c.Src = nil }},
		{name: "source without address", call: func(c *record.Call) { c.Src = &record.End{} }},
	},
	"missing_number": {
		{name: "anonymous", call: func(c *record.Call) { c.Caller = from("Anonymous", "", ""); c.Asserted = nil }, want: "From user anonymous"},
		{name: "anonymous, number asserted", call: func(c *record.Call) { c.Caller = from("anonymous", "", "") }, want: "From user anonymous, asserted +912220000000"},
		{name: "anonymous host", call: func(c *record.Call) {
			c.Caller = from("x", "", "")
			c.Caller.Host = "Anonymous.Invalid"
			c.Asserted = nil
		}, want: "From host anonymous.invalid"},
		{name: "no user part", call: func(c *record.Call) { c.Caller = from("", "", ""); c.Asserted = nil }, want: "From without user part"},
		{name: "a gateway's word", call: func(c *record.Call) { c.Caller = from("unavailable", "", ""); c.Asserted = nil }, want: "From user unavailable"},
		{name: "a name", call: func(c *record.Call) { c.Caller = from("alice", "", "") }},
		{name: "a name like it", call: func(c *record.Call) { c.Caller = from("anonymous1", "", "") }},
		{name: "an extension", call: func(c *record.Call) { c.Caller = from("1001", "", "") }},
		{name: "a tel: URI has no host", call: func(c *record.Call) { c.Caller.Host = "" }},
		{name: "From not seen", call: func(c *record.Call) { c.Caller = record.Party{} }},
		{name: "From not readable", call: func(c *record.Call) { c.Caller = record.Party{Raw: "<sip:"} }},
	},
	"invalid_number": {
		{name: "too long", call: func(c *record.Call) { c.Caller = from("+9122200000001", "", "") }, want: "From +9122200000001"},
		{name: "too short", call: func(c *record.Call) { c.Caller = from("+91100", "", "") }, want: "From +91100"},
		{name: "international prefix", call: func(c *record.Call) { c.Caller = from("0091100000", "", "") }, want: "From +91100000"},
		{name: "national", call: func(c *record.Call) { c.Caller = from("000000000", "", "") }, want: "From 000000000"},
		{name: "separators do not hide it", call: func(c *record.Call) { c.Caller = from("000-000-000", "", "") }, want: "From 000000000"},
		{name: "no end of digits", call: func(c *record.Call) { c.Caller = from(strings.Repeat("9", 1000), "", "") }, want: "From " + strings.Repeat("9", maxWritten)},
		{name: "context is a country", call: func(c *record.Call) { c.Caller = from("000000000;phone-context=+91", "", "") }, want: "From 000000000"},
		{name: "valid"},
		{name: "eight digits: local, an extension, an account", call: func(c *record.Call) { c.Caller = from("20000000", "", "") }},
		{name: "extension that begins like an international number", call: func(c *record.Call) { c.Caller = from("00123", "", "") }},
		{name: "emergency number", call: func(c *record.Call) { c.Caller = from("112", "", ""); c.Caller.NumberType = "emergency" }},
		{name: "private plan", call: func(c *record.Call) { c.Caller = from("000000000;isub=1;Phone-Context=example.in", "", "") }},
		{name: "a name", call: func(c *record.Call) { c.Caller = from("alice", "", "") }},
		{name: "a name of digits and letters", call: func(c *record.Call) { c.Caller = from("000000000x", "", "") }},
		{name: "From not seen", call: func(c *record.Call) { c.Caller = record.Party{} }},
	},
	"barred_prefix": {
		{name: "landline from abroad", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", "") }, want: "From +912220000000, barred +912, source in CN"},
		{name: "landline from abroad, without sign", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Caller.User = "912220000000" }, want: "From 912220000000, barred +912, source in CN"},
		{name: "landline from abroad, international prefix", call: func(c *record.Call) {
			c.Src = end("203.0.113.9", "CN", "")
			c.Caller = from("0091 22", "", "")
		}, want: "From 009122, barred +912, source in CN"},
		{name: "+11", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Caller = from("+1120000000", "", "") }, want: "From +1120000000, barred +11, source in CN"},
		{name: "011", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Caller = from("011919810000000", "", "") }, want: "From 011919810000000, barred 011, source in CN"},
		{name: "11", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Caller = from("1120000000", "", "") }, want: "From 1120000000, barred 11, source in CN"},
		{name: "configured, from home", call: func(c *record.Call) { c.Caller = from("1400000000", "", "") }, cfg: func(c *Config) { c.BarredPrefixes = []string{"140"} }, want: "From 1400000000, barred 140"},
		{
			name: "configured with country code, sent without", cfg: func(c *Config) { c.BarredPrefixes = []string{"+9122200"} },
			call: func(c *record.Call) { c.Caller.User = "02220000000" }, want: "From 02220000000, barred +9122200",
		},
		{name: "the same at home"},
		{name: "Delhi at home", call: func(c *record.Call) { c.Caller = from("+911120000000", "+911120000000", "IN") }},
		{name: "mobile from abroad roams", call: func(c *record.Call) {
			c.Src = end("203.0.113.9", "CN", "")
			c.Caller = from("+919810000000", "+919810000000", "IN")
		}},
		{name: "a number with the digits inside", call: func(c *record.Call) {
			c.Src = end("203.0.113.9", "CN", "")
			c.Caller = from("+442079460011", "+442079460011", "GB")
		}},
		{name: "no list", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", "") }, cfg: func(c *Config) { c.BarredFromAbroad = []string{} }},
		{name: "the list is India's", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", "") }, cfg: func(c *Config) { c.HomeCountry = "GB" }},
		{name: "place of the source not known", call: func(c *record.Call) { c.Src.Location = nil }},
		{name: "no source", call: func(c *record.Call) { c.Src = nil }},
		{name: "a name", call: func(c *record.Call) { c.Src = end("203.0.113.9", "CN", ""); c.Caller = from("alice", "", "") }},
	},
	"media_country_differs": {
		{name: "media from elsewhere", call: func(c *record.Call) { c.Media[0] = media("from_caller", "203.0.113.9", "CN") }, want: "media from CN (203.0.113.9), signalling from IN"},
		{name: "second stream", call: func(c *record.Call) { c.Media = append(c.Media, media("from_caller", "198.51.100.9", "GB")) }, want: "media from GB (198.51.100.9), signalling from IN"},
		{name: "only the callee's", call: func(c *record.Call) { c.Media = c.Media[1:] }},
		{name: "direction not known", call: func(c *record.Call) { c.Media[0] = media("", "203.0.113.9", "CN") }},
		{name: "signalled, never seen", call: func(c *record.Call) {
			c.Media[0] = media("from_caller", "203.0.113.9", "CN")
			c.Media[0].Observed = nil
		}},
		{name: "place of the media not known", call: func(c *record.Call) { c.Media[0] = media("from_caller", "203.0.113.9", "") }},
		{name: "place of the signalling not known", call: func(c *record.Call) {
			c.Src.Location = nil
			c.Media[0] = media("from_caller", "203.0.113.9", "CN")
		}},
		{name: "signalling from a last hop", call: func(c *record.Call) {
			c.Src.Location.Of = "last_hop"
			c.Media[0] = media("from_caller", "203.0.113.9", "CN")
		}},
		{name: "no media", call: func(c *record.Call) { c.Media = nil }},
	},
	"hosting_source": {
		{name: "hosting", call: func(c *record.Call) { c.Src.Network = "hosting" }, want: "source in a hosting network"},
		{name: "hosting, with its name", call: func(c *record.Call) { c.Src.Network, c.Src.ASOrg = "hosting", "Example Hosting B.V." }, want: "source in a hosting network, Example Hosting B.V."},
		{name: "VPN", call: func(c *record.Call) { c.Src.Network = "vpn" }, want: "source in a vpn network"},
		{name: "Tor", call: func(c *record.Call) { c.Src.Network = "tor" }, want: "source in a tor network"},
		{name: "ISP"},
		{name: "mobile", call: func(c *record.Call) { c.Src.Network = "mobile" }},
		{name: "only the destination", call: func(c *record.Call) { c.Dst.Network = "hosting" }},
		{name: "a trunk of the configuration", call: func(c *record.Call) { c.Src.Network, c.Src.Role = "hosting", "trunk" }},
		{name: "class not known", call: func(c *record.Call) { c.Src.Network = "" }},
		{name: "no source", call: func(c *record.Call) { c.Src = nil }},
	},
	"scanner_user_agent": {
		{name: "scanner", call: func(c *record.Call) { c.SIP.UserAgent = "friendly-scanner" }, want: "User-Agent has friendly-scanner"},
		{name: "capitals and version", call: func(c *record.Call) { c.SIP.UserAgent = "VaxSIPUserAgent/3.1" }, want: "User-Agent has VaxSIPUserAgent"},
		{name: "configured", call: func(c *record.Call) { c.SIP.UserAgent = "xDialer 2" }, cfg: func(c *Config) { c.ScannerAgents = []string{"XDIALER"} }, want: "User-Agent has XDIALER"},
		{name: "configuration replaces the list", call: func(c *record.Call) { c.SIP.UserAgent = "friendly-scanner" }, cfg: func(c *Config) { c.ScannerAgents = []string{"XDIALER"} }},
		{name: "telephone"},
		{name: "part of a name", call: func(c *record.Call) { c.SIP.UserAgent = "friendly" }},
		{name: "no User-Agent", call: func(c *record.Call) { c.SIP.UserAgent = "" }},
		{name: "no signalling", call: func(c *record.Call) { c.SIP = nil }},
	},
	"attestation_failed": {
		{name: "not valid", call: func(c *record.Call) { c.Passport = &record.Passport{Attest: "A", Verified: new(bool)} }, want: "PASSporT not valid"},
		{name: "valid", call: func(c *record.Call) {
			verified := true
			c.Passport = &record.Passport{Attest: "C", Verified: &verified}
		}},
		{name: "not verified", call: func(c *record.Call) { c.Passport = &record.Passport{Attest: "A"} }},
		{name: "none"},
	},
	"attestation_absent": {
		{name: "required", cfg: requireAttestation, want: "no PASSporT"},
		{name: "required, over a trunk", cfg: requireAttestation, call: func(c *record.Call) { c.Src.Role = "trunk" }, want: "no PASSporT"},
		{name: "not required"},
		{name: "there", cfg: requireAttestation, call: func(c *record.Call) { c.Passport = &record.Passport{} }},
		{name: "subscriber", cfg: requireAttestation, call: func(c *record.Call) { c.Src.Role = "subscriber" }},
		{name: "own SBC", cfg: requireAttestation, call: func(c *record.Call) { c.Src.Role = "own_sbc" }},
		{name: "first INVITE not seen", cfg: requireAttestation, call: func(c *record.Call) { c.Flags = []string{"mid_call"} }},
		{name: "no INVITE seen", cfg: requireAttestation, call: func(c *record.Call) { c.SIP.Methods = []record.Method{{Name: "BYE", Count: 1}} }},
		{name: "no signalling", cfg: requireAttestation, call: func(c *record.Call) { c.SIP = nil }},
	},
}

func requireAttestation(c *Config) { c.RequireAttestation = true }

func TestRules(t *testing.T) {
	for _, r := range table {
		t.Run(r.name, func(t *testing.T) {
			holds, silent := 0, 0
			for _, tt := range cases[r.name] {
				t.Run(tt.name, func(t *testing.T) {
					c, cfg := homeCall(), fullConfig()
					if tt.call != nil {
						tt.call(c)
					}
					if tt.cfg != nil {
						tt.cfg(&cfg)
					}
					got, there := "", false
					for _, f := range newRules(t, cfg).Evaluate(c) {
						if f.Rule == r.name {
							got, there = f.Detail, true
						}
					}
					if got != tt.want || there != (tt.want != "") {
						t.Errorf("holds %v with detail %q, want %q", there, got, tt.want)
					}
				})
				if tt.want != "" {
					holds++
				} else {
					silent++
				}
			}
			if holds == 0 || silent < 2 {
				t.Errorf("%d cases where it holds, %d where it does not: too few to prove anything", holds, silent)
			}
		})
	}
}
