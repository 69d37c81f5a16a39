// Command carry makes captures of calls in tunnels, SCTP and ICMP errors out of captures of plain calls.
//
// In: captures of pcaps/ that real programs made. Out: the folders pcaps/carry-…, each with a README and a capture of the
// same messages and sound, at the same times, carried in something more; the same bytes every time. Run it through
// pcaps/make/carried, which adds what tshark says of them. It writes every header by itself and shares no code with
// calltrail's decoders, which are tested on what it makes.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := "pcaps"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	for i := range cases {
		if err := cases[i].write(dir, dir); err != nil {
			fmt.Fprintf(os.Stderr, "carry: %s: %v\n", cases[i].name, err)
			os.Exit(1)
		}
	}
}

// write makes the case from captures below from, in a folder of its own below to.
func (c *carriage) write(from, to string) error {
	b, err := os.ReadFile(filepath.Join(from, c.from, "capture.pcap")) //nolint:gosec // the folder is the developer's choice
	if err != nil {
		return fmt.Errorf("%w: run this from the top of the repository or name the folder of the captures", err)
	}
	capture, err := c.make(b)
	if err != nil {
		return fmt.Errorf("%s: %w", c.from, err)
	}
	dir := filepath.Join(to, c.name)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // test data, for everyone
		return err
	}
	for name, content := range map[string][]byte{"capture.pcap": capture, "README.md": []byte(c.readme())} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}
