package sip

import (
	"errors"
	"testing"

	"calltrail/decode/fuzzbound"
)

var accessNetworks = []struct {
	name, value string
	want        string // Kind ID|MCC MNC Area CI Network|TimeZone|NetworkProvided
	err         error
}{
	// 3GPP TS 24.229 section 7.2A.4.3; lengths are MCC 3, MNC 2 or 3, then as commented.
	{"GERAN, MNC 2: LAC 4 CI 4", "3GPP-GERAN; cgi-3gpp=404921A2B0C4D", "cgi-3gpp 404921A2B0C4D|404 92 1A2B 0C4D -|-|false", nil},
	{"GERAN, MNC 3", `3GPP-GERAN;cgi-3gpp="3104101A2B0C4D"`, "cgi-3gpp 3104101A2B0C4D|310 410 1A2B 0C4D -|-|false", nil},
	{"UTRAN, MNC 2: LAC 4 CI 7", "3GPP-UTRAN-FDD; utran-cell-id-3gpp=40492d0ce1111111", "utran-cell-id-3gpp 40492d0ce1111111|404 92 d0ce 1111111 -|-|false", nil},
	{"UTRAN, MNC 3", "3GPP-UTRAN-TDD;utran-cell-id-3gpp=310410D0CE1111111", "utran-cell-id-3gpp 310410D0CE1111111|310 410 D0CE 1111111 -|-|false", nil},
	{"UTRAN service area: LAC 4 SAC 4", "3GPP-UTRAN;utran-sai-3gpp=40492D0CE0001", "utran-sai-3gpp 40492D0CE0001|404 92 D0CE 0001 -|-|false", nil},
	{"E-UTRAN, MNC 2: TAC 4 ECI 7", "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=4049200010019B01", "utran-cell-id-3gpp 4049200010019B01|404 92 0001 0019B01 -|-|false", nil},
	{"E-UTRAN, MNC 3, in quotes, the network's", `3GPP-E-UTRAN-TDD;utran-cell-id-3gpp="40584000B0019B0A";local-time-zone="UTC+05:30";network-provided`, "utran-cell-id-3gpp 40584000B0019B0A|405 84 000B 0019B0A -|UTC+05:30|true", nil},
	{"E-UTRAN of a 5G core, MNC 2: TAC 6 ECI 7", "3GPP-E-UTRAN;utran-cell-id-3gpp=404920000010019B01", "utran-cell-id-3gpp 404920000010019B01|404 92 000001 0019B01 -|-|false", nil},
	{"E-UTRAN of a 5G core, MNC 3", "3GPP-E-UTRAN;utran-cell-id-3gpp=3104100000010019B01", "utran-cell-id-3gpp 3104100000010019B01|310 410 000001 0019B01 -|-|false", nil},
	{"NR, MNC 2: TAC 6 NCI 9", "3GPP-NR-FDD;utran-cell-id-3gpp=40492000001000014001", "utran-cell-id-3gpp 40492000001000014001|404 92 000001 000014001 -|-|false", nil},
	{"NR, MNC 3", "3GPP-NR-TDD;utran-cell-id-3gpp=310410000001000014001", "utran-cell-id-3gpp 310410000001000014001|310 410 000001 000014001 -|-|false", nil},
	{"NR, stand-alone: NID 11", "3GPP-NR;utran-cell-id-3gpp=40492000001000014001" + "0123456789A", "utran-cell-id-3gpp 404920000010000140010123456789A|404 92 000001 000014001 0123456789A|-|false", nil},
	{"other length: as sent", "3GPP-UTRAN;utran-cell-id-3gpp=40492D0CE11", "utran-cell-id-3gpp 40492D0CE11|- - - - -|-|false", nil},
	{"MCC of letters", "3GPP-UTRAN;utran-cell-id-3gpp=4A492D0CE1111111", "utran-cell-id-3gpp 4A492D0CE1111111|- - - - -|-|false", nil},
	{"no hexadecimal digits", "3GPP-UTRAN;utran-cell-id-3gpp=40492D0CE111111G", "utran-cell-id-3gpp 40492D0CE111111G|- - - - -|-|false", nil},

	// RFC 7315 section 5.4
	{"access point", "IEEE-802.11n;i-wlan-node-id=00bd12345678;local-time-zone=UTC-03:00", "i-wlan-node-id 00bd12345678|- - - - -|UTC-03:00|false", nil},
	{"line", `ADSL2+;dsl-location="olt7/1/3:104;5";network-provided`, "dsl-location olt7/1/3:104;5|- - - - -|-|true", nil},
	{"fibre", `GPON;fiber-location="x"`, "fiber-location x|- - - - -|-|false", nil},
	{"Ethernet", `IEEE-802.3;eth-location=x`, "eth-location x|- - - - -|-|false", nil},
	{"CDMA", "3GPP2-1X;ci-3gpp2=1234ABCD00FFEE", "ci-3gpp2 1234ABCD00FFEE|- - - - -|-|false", nil},
	{"type only", "IEEE-802.11", " -|- - - - -|-|false", nil},
	{"access-class", "VIRTUAL-no-PS;network-provided", " -|- - - - -|-|true", nil},
	{"capitals and spaces", " 3gpp-utran ; UTRAN-CELL-ID-3GPP = 40492D0CE1111111 ; Network-Provided ", "utran-cell-id-3gpp 40492D0CE1111111|404 92 D0CE 1111111 -|-|true", nil},
	{"cell and access point: the cell (TS 24.229 U.3)", "IEEE-802.11;i-wlan-node-id=00bd12345678;cgi-3gpp=404921A2B0C4D", "cgi-3gpp 404921A2B0C4D|404 92 1A2B 0C4D -|-|false", nil},
	{"twice: the first", "3GPP-GERAN;cgi-3gpp=404921A2B0C4D;cgi-3gpp=404921A2BFFFF", "cgi-3gpp 404921A2B0C4D|404 92 1A2B 0C4D -|-|false", nil},
	{"empty value", `3GPP-GERAN;cgi-3gpp="";x`, " -|- - - - -|-|false", nil},
	{"unclosed quote", `3GPP-GERAN;cgi-3gpp="404;network-provided`, `cgi-3gpp "404;network-provided|- - - - -|-|false`, nil},
	{"no type", ";cgi-3gpp=404921A2B0C4D", "", ErrAccessNetwork},
	{"no token", "3GPP GERAN;cgi-3gpp=404921A2B0C4D", "", ErrAccessNetwork},
	{"empty", "", "", ErrAccessNetwork},
}

func TestParseAccessNetwork(t *testing.T) {
	for _, c := range accessNetworks {
		t.Run(c.name, func(t *testing.T) {
			a, err := ParseAccessNetwork([]byte(c.value))
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			got := show("%s %s|%s %s %s %s %s|%s|%t", a.Kind, a.ID, a.MCC, a.MNC, a.Area, a.CI, a.Network, a.TimeZone, a.NetworkProvided)
			if err == nil && got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestChooseAccessNetwork(t *testing.T) {
	for _, c := range []struct{ name, list, want string }{
		{"one", "3GPP-GERAN;cgi-3gpp=1", "1"},
		{"the network's word before the telephone's", "3GPP-GERAN;cgi-3gpp=1, 3GPP-E-UTRAN;utran-cell-id-3gpp=2;network-provided", "2"},
		{"the network's word without a cell", "3GPP-GERAN;cgi-3gpp=1, 3GPP-E-UTRAN;network-provided", ""},
		{"of the network's, one with a cell", "ADSL;network-provided, 3GPP-GERAN;cgi-3gpp=2;network-provided", "2"},
		{"of the telephone's, one with a cell", "IEEE-802.11, 3GPP-GERAN;cgi-3gpp=2, 3GPP-GERAN;cgi-3gpp=3", "2"},
		{"what cannot be read is passed over", "a b;network-provided, 3GPP-GERAN;cgi-3gpp=2", "2"},
		{"comma in quotes", `ADSL;dsl-location="a,b"`, "a,b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, ok := ChooseAccessNetwork(Elements([]byte(c.list)))
			if !ok || string(a.ID) != c.want {
				t.Errorf("%q %t, want %q", a.ID, ok, c.want)
			}
		})
	}
	if a, ok := ChooseAccessNetwork(Elements(nil)); ok {
		t.Errorf("one of none: %+v", a)
	}
}

func TestParseAccessNetworkAllocatesNothing(t *testing.T) {
	v := []byte(accessNetworks[6].value)
	if n := testing.AllocsPerRun(100, func() { _, _ = ParseAccessNetwork(v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	list := []byte(`IEEE-802.11, ` + accessNetworks[6].value)
	if n := testing.AllocsPerRun(100, func() { ChooseAccessNetwork(Elements(list)) }); n != 0 {
		t.Errorf("choose: %v allocations", n)
	}
}

func FuzzAccessNetwork(f *testing.F) {
	for _, c := range accessNetworks {
		f.Add([]byte(c.value))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { _, _ = ParseAccessNetwork(b) })
		a, err := ParseAccessNetwork(b)
		if err != nil {
			return
		}
		if n := len(a.MCC) + len(a.MNC) + len(a.Area) + len(a.CI) + len(a.Network); n != 0 && n != len(a.ID) {
			t.Errorf("%d of %d octets of %q are in the cell", n, len(a.ID), a.ID)
		}
		if a.MCC != nil && (len(a.MCC) != 3 || len(a.MNC) != 2 && len(a.MNC) != 3) {
			t.Errorf("MCC %q, MNC %q", a.MCC, a.MNC)
		}
		if (a.Kind == NoCell) != (a.ID == nil) {
			t.Errorf("kind %q, ID %q", a.Kind, a.ID)
		}
	})
}

func BenchmarkParseAccessNetwork(b *testing.B) {
	v := []byte(accessNetworks[6].value)
	b.ReportAllocs()
	b.SetBytes(int64(len(v)))
	for b.Loop() {
		_, _ = ParseAccessNetwork(v)
	}
}
