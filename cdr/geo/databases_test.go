package geo

import (
	"bytes"
	"flag"
	"net"
	"os"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// testAnonymiser is made by TestAnonymiserDatabase: `go test ./cdr/geo -run TestAnonymiserDatabase -write`.
const testAnonymiser = "testdata/anonymiser.mmdb"

var write = flag.Bool("write", false, "write testdata/anonymiser.mmdb anew")

// november is when the databases of the captures were built.
var november = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// database makes one with the given networks.
func database(tb testing.TB, kind string, built time.Time, networks map[string]mmdbtype.DataType) []byte {
	tb.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch: built.Unix(), DatabaseType: kind, Description: map[string]string{"en": "calltrail test data: " + kind},
		Languages: []string{"en"}, RecordSize: 24, IncludeReservedNetworks: true,
	})
	if err != nil {
		tb.Fatal(err)
	}
	for cidr, record := range networks {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			tb.Fatal(err)
		}
		if err := tree.Insert(network, record); err != nil {
			tb.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := tree.WriteTo(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func is(names ...string) mmdbtype.Map {
	m := mmdbtype.Map{}
	for _, name := range names {
		m[mmdbtype.String(name)] = mmdbtype.Bool(true)
	}
	return m
}

func anonymisers(tb testing.TB, built time.Time) []byte {
	tb.Helper()
	return database(tb, "GeoIP2-Anonymous-IP", built, map[string]mmdbtype.DataType{
		"192.0.2.1/32":       is("is_anonymous", "is_tor_exit_node"),
		"192.0.2.2/32":       is("is_anonymous", "is_anonymous_vpn", "is_hosting_provider"),
		"192.0.2.3/32":       is("is_anonymous", "is_public_proxy"),
		"192.0.2.4/32":       is("is_anonymous", "is_residential_proxy"),
		"192.0.2.5/32":       is("is_anonymous", "is_hosting_provider"),
		"192.0.2.6/32":       is("is_anonymous"),
		"192.0.2.7/32":       is("is_anonymous", "is_tor_exit_node", "is_anonymous_vpn"),
		"192.0.2.8/32":       mmdbtype.Map{"is_anonymous": mmdbtype.Bool(false)},
		"203.0.113.64/26":    is("is_anonymous", "is_anonymous_vpn"),
		"2001:db8:91:5::/64": is("is_anonymous", "is_tor_exit_node"),
	})
}

func domains(tb testing.TB) []byte {
	tb.Helper()
	return database(tb, "GeoIP2-Domain", november, map[string]mmdbtype.DataType{
		"192.0.2.0/24": mmdbtype.Map{"domain": mmdbtype.String("example.com")},
	})
}

// The committed database is what this file makes.
func TestAnonymiserDatabase(t *testing.T) {
	made := anonymisers(t, november)
	if *write {
		if err := os.WriteFile(testAnonymiser, made, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(testAnonymiser)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, committed) {
		t.Errorf("%s is not what is made here: run go test ./cdr/geo -run TestAnonymiserDatabase -write", testAnonymiser)
	}
}
