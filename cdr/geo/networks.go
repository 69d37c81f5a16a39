package geo

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// classes of networks, as the record names them.
var classNames = []string{"hosting", "vpn", "tor", "mobile", "isp"}

// parseNetworks reads the Networks file: AS number → class. An AS number may be written "AS64496". The same number
// twice is an error: one of the rows would be ignored.
func parseNetworks(text []byte) (map[uint32]string, error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.Comment, in.FieldsPerRecord, in.TrimLeadingSpace, in.ReuseRecord = '#', 2, true, true
	classes := make(map[uint32]string)
	for first := true; ; first = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return classes, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: write rows of two columns, AS number and class", err)
		}
		if first && row[0] == "asn" && row[1] == "class" {
			continue
		}
		line, _ := in.FieldPos(0)
		number := row[0]
		if len(number) > 2 && strings.EqualFold(number[:2], "AS") {
			number = number[2:]
		}
		asn, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is not an AS number", line, row[0])
		}
		i := slices.Index(classNames, strings.TrimSpace(row[1]))
		if i < 0 {
			return nil, fmt.Errorf("line %d: class %q is none of %s", line, row[1], strings.Join(classNames, ", "))
		}
		if _, twice := classes[uint32(asn)]; twice {
			return nil, fmt.Errorf("line %d: AS %d is there twice", line, asn)
		}
		classes[uint32(asn)] = classNames[i]
	}
}
