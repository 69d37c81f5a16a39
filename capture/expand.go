package capture

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// suffixes are the names a directory's capture files end in, in any case; a number may follow (tcpdump -C counts its
// files so) and .gz or .zst.
var suffixes = []string{".pcap", ".pcapng", ".cap", ".dmp"}

// Expand puts the capture files of each directory in args in its place, sorted by name; directories within are left
// out. Everything else stays: a file named by itself may have any name, and "-" is standard input. A path that comes
// again is dropped. The error names what does not exist, and a directory that holds no capture file.
func Expand(args []string) ([]string, error) {
	var paths []string
	known := make(map[string]bool)
	add := func(path string) {
		if !known[path] {
			known[path] = true
			paths = append(paths, path)
		}
	}
	for _, arg := range args {
		if arg == "-" {
			add(arg)
			continue
		}
		arg = filepath.Clean(arg)
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("capture file: %w", err)
		}
		if !info.IsDir() {
			add(arg)
			continue
		}
		entries, err := os.ReadDir(arg) // sorted by name
		if err != nil {
			return nil, fmt.Errorf("capture directory: %w", err)
		}
		found := false
		for _, entry := range entries {
			if !entry.IsDir() && isCaptureName(entry.Name()) {
				add(filepath.Join(arg, entry.Name()))
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("capture directory %s: no file whose name ends in %s (or .gz, .zst after it); folders within are not read",
				arg, strings.Join(suffixes, ", "))
		}
	}
	return paths, nil
}

func isCaptureName(name string) bool {
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, packed)
	}
	name = strings.TrimRight(name, "0123456789")
	for _, suffix := range suffixes {
		if strings.HasSuffix(name, suffix) && len(name) > len(suffix) {
			return true
		}
	}
	return false
}
