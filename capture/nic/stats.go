package nic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"calltrail/capture"
)

const (
	classFolder = "/sys/class/net"
	softnetFile = "/proc/net/softnet_stat"
)

// Stats reads the losses of an interface and of its host. The error says that there is no such interface, or which file
// does not hold what the kernel's documentation says.
func Stats(iface string) (capture.NICStats, error) {
	return stats(classFolder, softnetFile, iface)
}

func stats(class, softnet, iface string) (capture.NICStats, error) {
	var s capture.NICStats
	if !isName(iface) {
		return s, fmt.Errorf("interface %q: that is no name of an interface", iface)
	}
	folder := filepath.Join(class, iface, "statistics")
	for _, counter := range []struct {
		name string
		to   *uint64
	}{
		{"rx_missed_errors", &s.Missed}, {"rx_dropped", &s.Dropped}, {"rx_errors", &s.Errors},
	} {
		n, err := readNumber(filepath.Join(folder, counter.name))
		if errors.Is(err, fs.ErrNotExist) {
			return s, fmt.Errorf("interface %s: there is no such interface: %w", iface, err)
		}
		if err != nil {
			return s, fmt.Errorf("interface %s: %w", iface, err)
		}
		*counter.to = n
	}
	text, err := os.ReadFile(filepath.Clean(softnet))
	if err != nil {
		return s, fmt.Errorf("counts of the host: %w", err)
	}
	if s.SoftnetDropped, s.SoftnetSqueezed, err = parseSoftnet(string(text)); err != nil {
		return s, fmt.Errorf("%s: %w", softnet, err)
	}
	return s, nil
}

// isName says whether a name may be an interface's, and so is no path (dev_valid_name in net/core/dev.c).
func isName(name string) bool {
	return name != "" && len(name) < 16 && name != "." && name != ".." && !strings.ContainsAny(name, "/: \t\n\v\f\r\x00")
}

func readNumber(path string) (uint64, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// parseSoftnet adds up the columns of /proc/net/softnet_stat. It has a line for each CPU, of hexadecimal numbers of eight
// digits; kernels have added columns over time (softnet_seq_show in net/core/net-procfs.c):
//
//	processed dropped time_squeeze 0 0 0 0 0 0 received_rps flow_limit backlog_len cpu …
//
// Each is a counter of 32 bits that starts again at 0.
func parseSoftnet(text string) (dropped, squeezed uint64, err error) {
	lines := 0
	for line := range strings.Lines(text) {
		lines++
		columns := strings.Fields(line)
		if len(columns) < 3 {
			return 0, 0, fmt.Errorf("line %d: %d columns, at least 3 are expected", lines, len(columns))
		}
		for i, sum := range []*uint64{1: &dropped, 2: &squeezed} {
			if sum == nil {
				continue
			}
			n, err := strconv.ParseUint(columns[i], 16, 32)
			if err != nil {
				return 0, 0, fmt.Errorf("line %d, column %d: %w", lines, i+1, err)
			}
			*sum += n
		}
	}
	if lines == 0 {
		return 0, 0, errors.New("it is empty: a line for each CPU is expected")
	}
	return dropped, squeezed, nil
}
