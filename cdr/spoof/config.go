package spoof

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Config tells the rules what is at home and what is the operator's own.
type Config struct {
	// HomeCountry is the ISO 3166-1 alpha-2 code of the operator's country; "" means "IN".
	HomeCountry string
	// OwnNumbers are the operator's number ranges as E.164 prefixes, "+91224000". Empty: own_number_from_outside
	// never holds.
	OwnNumbers []string
	// OwnPrefixes are the addresses such numbers may call from. Empty: own_number_from_outside never holds.
	OwnPrefixes []netip.Prefix
	// BarredPrefixes are beginnings of caller numbers barred on every call, as sent ("140") or international ("+999").
	BarredPrefixes []string
	// BarredFromAbroad are beginnings of caller numbers barred only when the source is abroad. nil means, for India,
	// the list of the Department of Telecommunications for international gateways: +11, 011, 11, +911 to +915. At home
	// the same digits begin ordinary numbers, +91 11 those of Delhi.
	BarredFromAbroad []string
	// ScannerAgents are parts of User-Agent values that scanners and attack tools send; capitals do not matter. nil
	// means the built-in list.
	ScannerAgents []string
	// RequireAttestation makes a call without PASSporT (RFC 8225), from a source that is not the operator's own, an
	// indicator.
	RequireAttestation bool
}

const home = "IN"

// indianGateways is the list for India's international gateways. +11 and 11 begin no country's code; 011 is the
// international prefix of North America, left in by a badly made number; +911 to +915 begin Indian landline numbers,
// which do not roam, so a call that shows one does not come from abroad. Mobile numbers, +916 to +919, do roam.
var indianGateways = []string{"+11", "011", "11", "+911", "+912", "+913", "+914", "+915"}

// scanners send these names unless their user hides them.
var scanners = []string{
	"friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sipscan", "siparmyknife", "pplsip", "sundayddr",
	"VaxSIPUserAgent",
}

// complete checks the configuration and fills in the defaults; the slices become the Config's own.
func (c *Config) complete() error {
	if c.HomeCountry == "" {
		c.HomeCountry = home
	}
	if len(c.HomeCountry) != 2 || strings.ToUpper(c.HomeCountry) != c.HomeCountry {
		return fmt.Errorf("spoof: home country %q: use an ISO 3166-1 alpha-2 code in capitals, such as IN", c.HomeCountry)
	}
	if c.BarredFromAbroad == nil && c.HomeCountry == home {
		c.BarredFromAbroad = indianGateways
	}
	if c.ScannerAgents == nil {
		c.ScannerAgents = scanners
	}
	c.OwnNumbers = slices.Clone(c.OwnNumbers)
	for _, p := range c.OwnNumbers {
		if !isPrefix(p) || p[0] != '+' {
			return fmt.Errorf("spoof: own number range %q: write + and the first digits, such as +91224000", p)
		}
	}
	c.BarredPrefixes = slices.Clone(c.BarredPrefixes)
	c.BarredFromAbroad = slices.Clone(c.BarredFromAbroad)
	for _, p := range slices.Concat(c.BarredPrefixes, c.BarredFromAbroad) {
		if !isPrefix(p) {
			return fmt.Errorf("spoof: barred prefix %q: write digits, with + before a country code", p)
		}
	}
	c.OwnPrefixes = slices.Clone(c.OwnPrefixes)
	for i, p := range c.OwnPrefixes {
		if !p.IsValid() {
			return fmt.Errorf("spoof: own address prefix %d is none: write it as 192.0.2.0/24", i+1)
		}
		if p.Addr().Is4In6() {
			return fmt.Errorf("spoof: own address prefix %s: write IPv4 addresses in their own form", p)
		}
	}
	c.ScannerAgents = slices.Clone(c.ScannerAgents)
	if i := slices.Index(c.ScannerAgents, ""); i >= 0 {
		return fmt.Errorf("spoof: scanner agent %d is empty: it would match every User-Agent", i+1)
	}
	return nil
}

// isPrefix: digits, with or without a sign before them.
func isPrefix(p string) bool {
	digits := strings.TrimPrefix(p, "+")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}
