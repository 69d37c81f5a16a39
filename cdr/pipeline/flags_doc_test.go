package pipeline

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"calltrail/cdr/dialog"
	"calltrail/decode/sip"
)

// docs/record.md explains every flag that a record can have, and none besides.
func TestFlagsAreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../docs/record.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	section := regexp.MustCompile(`(?s)\n## Flags\n.*?\n## `).Find(document)
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| .+ \\|$").FindAllSubmatch(section, -1) {
		documented = append(documented, string(row[1]))
	}
	known := []string{"no_media", "foreign_media", "one_way_media"}
	for name := range dialog.Flag(^uint32(0)).Names {
		known = append(known, name)
	}
	for name := range sip.Anomaly(^uint32(0)).Names() {
		known = append(known, "sip_"+name)
	}
	for _, name := range known {
		if !slices.Contains(documented, name) {
			t.Errorf("docs/record.md does not explain the flag %s", name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(known, name) {
			t.Errorf("docs/record.md explains the flag %s, which no record has", name)
		}
	}
}
