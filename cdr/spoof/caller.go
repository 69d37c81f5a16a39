package spoof

import (
	"slices"
	"strings"

	"calltrail/cdr/record"
)

// This file has the rules about the caller's number itself and what else the call says of it.

func assertedDiffers(c *record.Call, _ *Config) (string, bool) {
	shown, ok := caller(c)
	if !ok {
		return "", false
	}
	if a := c.Asserted; a != nil && a.E164 != "" && !sameNumber(shown, a.E164) {
		switch a.Header {
		case "pai":
			return "From " + shown + ", P-Asserted-Identity " + a.E164, true
		case "rpid":
			return "From " + shown + ", Remote-Party-ID " + a.E164, true
		}
	}
	if login, ok := loginNumber(c.AuthUser); ok && !sameNumber(shown, login) {
		return "From " + shown + ", credentials of " + login, true
	}
	return "", false
}

// loginNumber is the telephone number a user name of credentials is. The names that mobile networks make of a SIM's
// IMSI (3GPP TS 23.003 section 13.3) are digits too, and no number.
func loginNumber(user string) (string, bool) {
	local, domain, _ := strings.Cut(user, "@")
	if strings.HasSuffix(strings.ToLower(domain), "3gppnetwork.org") {
		return "", false
	}
	return telephone("", local)
}

// nobody are the user parts that stand for a number withheld or not known. RFC 3323 section 4.1.1.3 recommends the
// first; gateways send the others.
var nobody = []string{"anonymous", "unknown", "unavailable", "restricted", "private", "withheld"}

func missingNumber(c *record.Call, _ *Config) (string, bool) {
	from := &c.Caller
	if from.User == "" && from.Host == "" {
		return "", false // From was not seen, or could not be read
	}
	detail := ""
	switch {
	case strings.EqualFold(from.Host, "anonymous.invalid"):
		detail = "From host anonymous.invalid"
	case from.User == "":
		detail = "From without user part"
	case slices.ContainsFunc(nobody, func(word string) bool { return strings.EqualFold(from.User, word) }):
		detail = "From user " + strings.ToLower(from.User)
	default:
		return "", false
	}
	if c.Asserted != nil && c.Asserted.E164 != "" {
		detail += ", asserted " + c.Asserted.E164
	}
	return detail, true
}

func invalidNumber(c *record.Call, _ *Config) (string, bool) {
	if c.Caller.E164 != "" || c.Caller.NumberType == "emergency" || isPrivatePlan(c.Caller.User) {
		return "", false
	}
	shown, ok := caller(c)
	if !ok {
		return "", false
	}
	return "From " + shown, true
}

// isPrivatePlan: the number is local to a domain (RFC 3966 section 5.1.5), whose plan is not known here.
func isPrivatePlan(user string) bool {
	_, params, _ := strings.Cut(strings.ToLower(user), ";")
	for param := range strings.SplitSeq(params, ";") {
		if context, ok := strings.CutPrefix(param, "phone-context="); ok {
			return !strings.HasPrefix(context, "+")
		}
	}
	return false
}

func barredPrefix(c *record.Call, cfg *Config) (string, bool) {
	sent, ok := written(c.Caller.User)
	if !ok {
		return "", false
	}
	begins := func(prefix string) bool {
		if strings.HasPrefix(sent, prefix) {
			return true
		}
		// A prefix with country code bars the number however it was written.
		if prefix[0] != '+' {
			return false
		}
		number, ok := international(sent)
		return ok && strings.HasPrefix(number, prefix) || strings.HasPrefix(c.Caller.E164, prefix)
	}
	if i := slices.IndexFunc(cfg.BarredPrefixes, begins); i >= 0 {
		return "From " + sent + ", barred " + cfg.BarredPrefixes[i], true
	}
	country, ok := abroad(c, cfg)
	if !ok {
		return "", false
	}
	if i := slices.IndexFunc(cfg.BarredFromAbroad, begins); i >= 0 {
		return "From " + sent + ", barred " + cfg.BarredFromAbroad[i] + ", source in " + country, true
	}
	return "", false
}

func attestationFailed(c *record.Call, _ *Config) (string, bool) {
	p := c.Passport
	if p == nil || p.Verified == nil || *p.Verified {
		return "", false
	}
	return "PASSporT not valid", true
}

func attestationAbsent(c *record.Call, cfg *Config) (string, bool) {
	if !cfg.RequireAttestation || c.Passport != nil || isOwn(c.Src) || !firstInviteSeen(c) {
		return "", false
	}
	return "no PASSporT", true
}

// firstInviteSeen: the request that would have carried the PASSporT was seen.
func firstInviteSeen(c *record.Call) bool {
	return c.SIP != nil && !slices.Contains(c.Flags, "mid_call") &&
		slices.ContainsFunc(c.SIP.Methods, func(m record.Method) bool { return m.Name == "INVITE" && m.Count > 0 })
}
