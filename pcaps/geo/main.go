// Command geo builds the two GeoIP2-format databases that place the documentation networks of our captures.
//
// In: city.csv and asn.csv of this folder. Out: city.mmdb and asn.mmdb beside them, the same bytes every time. Run it
// after a change of a CSV, from the top of the repository: go run ./pcaps/geo. It knows no real network, and nothing
// but tests and the demonstration should use what it makes.
package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// buildEpoch is a constant, 2026-11-01T00:00:00Z, so that the same CSV gives the same file.
const buildEpoch = 1793491200

// database is one file to build: its rows, the name readers know its format by, and how a row becomes a record.
type database struct {
	csv, mmdb string
	format    string
	columns   int
	record    func(row []string) (mmdbtype.DataType, error)
}

var databases = []database{
	{csv: "city.csv", mmdb: "city.mmdb", format: "GeoLite2-City", columns: 9, record: cityRecord},
	{csv: "asn.csv", mmdb: "asn.mmdb", format: "GeoLite2-ASN", columns: 3, record: asnRecord},
}

func main() {
	dir := filepath.Join("pcaps", "geo")
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	for _, db := range databases {
		if err := db.write(dir); err != nil {
			fmt.Fprintln(os.Stderr, "geo:", err)
			os.Exit(1)
		}
	}
}

// write builds the database from its CSV in dir and replaces the file there by rename, so that a program that
// watches it never reads half of one.
func (db database) write(dir string) error {
	rows, err := os.Open(filepath.Join(dir, db.csv)) //nolint:gosec // the folder is the developer's choice
	if err != nil {
		return fmt.Errorf("%w: run this from the top of the repository or name the folder of the CSV files", err)
	}
	defer func() { _ = rows.Close() }() // only read
	var out bytes.Buffer
	if err := db.build(rows, &out); err != nil {
		return fmt.Errorf("%s: %w", rows.Name(), err)
	}
	path := filepath.Join(dir, db.mmdb)
	if err := os.WriteFile(path+".new", out.Bytes(), 0o644); err != nil { //nolint:gosec // test data, for everyone
		return err
	}
	return os.Rename(path+".new", path) //nolint:gosec // as above
}

// build reads the CSV and writes the database.
func (db database) build(rows io.Reader, out io.Writer) error {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch:              buildEpoch,
		DatabaseType:            db.format,
		Description:             map[string]string{"en": "calltrail test data: documentation networks only"},
		Languages:               []string{"en"},
		RecordSize:              24,
		IncludeReservedNetworks: true, // the documentation networks are reserved
	})
	if err != nil {
		return err
	}
	in := csv.NewReader(rows)
	in.Comment, in.FieldsPerRecord = '#', db.columns
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		line, _ := in.FieldPos(0)
		prefix, err := netip.ParsePrefix(row[0])
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		value, err := db.record(row)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		network := &net.IPNet{
			IP:   prefix.Masked().Addr().AsSlice(),
			Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen()),
		}
		if err := tree.Insert(network, value); err != nil {
			return fmt.Errorf("line %d: insert %s: %w", line, prefix, err)
		}
	}
	_, err = tree.WriteTo(out)
	return err
}

// cityRecord makes the members of a GeoIP2 City record that this project reads.
func cityRecord(row []string) (mmdbtype.DataType, error) {
	latitude, errLat := strconv.ParseFloat(row[6], 64)
	longitude, errLon := strconv.ParseFloat(row[7], 64)
	accuracy, errAcc := strconv.ParseUint(row[8], 10, 16)
	if err := errors.Join(errLat, errLon, errAcc); err != nil {
		return nil, err
	}
	return mmdbtype.Map{
		"country": mmdbtype.Map{"iso_code": mmdbtype.String(row[1]), "names": names(row[2])},
		"subdivisions": mmdbtype.Slice{
			mmdbtype.Map{"iso_code": mmdbtype.String(row[3]), "names": names(row[4])},
		},
		"city": mmdbtype.Map{"names": names(row[5])},
		"location": mmdbtype.Map{
			"latitude":        mmdbtype.Float64(latitude),
			"longitude":       mmdbtype.Float64(longitude),
			"accuracy_radius": mmdbtype.Uint16(accuracy),
		},
	}, nil
}

// asnRecord makes a GeoIP2 ASN record.
func asnRecord(row []string) (mmdbtype.DataType, error) {
	number, err := strconv.ParseUint(row[1], 10, 32)
	if err != nil {
		return nil, err
	}
	return mmdbtype.Map{
		"autonomous_system_number":       mmdbtype.Uint32(number),
		"autonomous_system_organization": mmdbtype.String(row[2]),
	}, nil
}

func names(english string) mmdbtype.Map { return mmdbtype.Map{"en": mmdbtype.String(english)} }
