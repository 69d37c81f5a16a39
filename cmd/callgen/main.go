// Command callgen makes capture files of many synthetic SIP calls with their ground truth, for tests, benchmarks and
// sizing. Everything is in package gen; this is its command line.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/spf13/cobra"

	"calltrail/cmd/callgen/gen"
)

func main() {
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "callgen:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	cfg := gen.Default()
	var out, truth, mix, start string
	cmd := &cobra.Command{
		Use:   "callgen --out FILE.pcap[.gz] [--truth FILE.csv]",
		Short: "Make a capture file of synthetic SIP calls",
		Long: `callgen writes a capture file of synthetic SIP calls with RTP, RTCP and other traffic, on documentation
addresses and fictional numbers, and the truth about every call as CSV (columns: go doc calltrail/cmd/callgen/gen).
The same flags give the same octets. What was written is counted on standard error.`,
		Example: `  callgen --out calls.pcap --truth calls.csv
  callgen --calls 100000 --rate 500 --rtp 50 --out busy.pcap.gz
  callgen --tcp 0.3 --fragments 0.2 --tunnels 0.3 --web 10 --out carried.pcap --truth carried.csv
  callgen --mix answered=1 --background 0 --rtp 0 --out answered.pcap`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if cfg.Mix, err = gen.ParseMix(mix); err != nil {
				return err
			}
			if cfg.Start, err = time.Parse(time.RFC3339, start); err != nil {
				return fmt.Errorf("start: %q is no time like %s", start, time.RFC3339)
			}
			return run(cfg, out, truth, cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&out, "out", "", "capture file to write; compressed when the name ends in .gz")
	flags.StringVar(&truth, "truth", "", "CSV file to write, one row a call (default none)")
	flags.IntVar(&cfg.Calls, "calls", cfg.Calls, "number of calls")
	flags.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "another seed gives another file")
	flags.Float64Var(&cfg.Rate, "rate", cfg.Rate, "calls begun per second, on average")
	flags.Float64Var(&cfg.MediaSeconds, "media-seconds", cfg.MediaSeconds, "mean time from answer to hanging up, in seconds")
	flags.IntVar(&cfg.RTP, "rtp", cfg.RTP, "RTP packets per second and direction, at most 100; 0 for none")
	flags.IntVar(&cfg.Background, "background", cfg.Background, "other packets (DNS, TCP, QUIC, ARP) per call")
	flags.Float64Var(&cfg.IPv6, "ipv6", cfg.IPv6, "share of calls over IPv6, 0 to 1")
	flags.Float64Var(&cfg.TCP, "tcp", cfg.TCP, "share of calls over TCP, 0 to 1; several calls share a connection")
	flags.Float64Var(&cfg.Fragments, "fragments", cfg.Fragments, "share of calls over UDP with INVITEs in IP fragments, 0 to 1")
	flags.Float64Var(&cfg.Tunnels, "tunnels", cfg.Tunnels, "share of calls in VXLAN, GTP-U or GRE, 0 to 1")
	flags.IntVar(&cfg.Web, "web", cfg.Web, "packets of web connections over TCP per call")
	flags.StringVar(&mix, "mix", cfg.Mix.String(), "weights of the ways calls end")
	flags.StringVar(&start, "start", cfg.Start.Format(time.RFC3339), "time of the first call")
	flags.DurationVar(&cfg.Tail, "tail", cfg.Tail, "time from the last call's last packet to one last ARP packet; 0 for none")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic(err) // the flag was defined above
	}
	return cmd
}

// run writes the files. What was begun stays when it fails: a person may want to look at it.
func run(cfg gen.Config, out, truth string, report io.Writer) (err error) {
	if err := cfg.Check(); err != nil {
		return err // before a file is made
	}
	pcap, err := create(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pcap.Close()) }()
	rows := io.Discard
	if truth != "" {
		file, err := create(truth)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		rows = file
	}
	totals, err := gen.Write(cfg, pcap, rows)
	if err != nil {
		return err
	}
	return totals.Print(report)
}

// create makes a file, compressed by its name.
func create(path string) (io.WriteCloser, error) {
	file, err := os.Create(path) //nolint:gosec // the path is what the user asked for
	if err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	if strings.HasSuffix(path, ".gz") {
		return &zipped{gzip.NewWriter(file), file}, nil
	}
	return file, nil
}

// zipped is a gzip writer that closes its file too.
type zipped struct {
	*gzip.Writer
	file *os.File
}

// Close writes the rest and closes the file.
func (z *zipped) Close() error { return errors.Join(z.Writer.Close(), z.file.Close()) }
