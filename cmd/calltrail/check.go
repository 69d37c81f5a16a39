package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"calltrail/capture/nic"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [CONFIG]",
		Short: "Say what is wrong with a configuration, and where",
		Long: `Reads a configuration as every command does, environment and flags over it, and
prints one line for each problem:

  file:line:column: key: what is wrong; what to do

Files that it names (databases, passwords) are looked at too; no service is. A form
of tables that cannot be read is a "warning: …".
Where it names taps, a line "warning: …" says what of this host would make a
capture incomplete: offloads that merge packets, a ring too small, a snap length
too short, an interface that is down, a missing right, key or legal basis.
Without CONFIG it checks the file that the other commands would read.
Prints "ok" and exits 0 when nothing is wrong with the configuration, 1 otherwise.`,
		Example: "  calltrail check /etc/calltrail/calltrail.yaml",
		GroupID: groupSetup,
		Args:    usage(cobra.MaximumNArgs(1)),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
			return fileWithExtension("yaml", "yml")(cmd, args, toComplete)
		},
		RunE: runCheck,
	}
}

func runCheck(cmd *cobra.Command, args []string) error {
	o := loadOptions(cmd)
	if len(args) == 1 {
		if o.File != "" {
			return usagef("CONFIG and --config both name a file; write one of them")
		}
		if o.File = args[0]; o.File == "" {
			return usagef("CONFIG is empty; name a file")
		}
	}
	cfg, problems, err := readConfig(o)
	if err != nil {
		return err
	}
	problems = append(problems, cfg.Validate()...)
	out := cmd.OutOrStdout()
	if len(problems) == 0 {
		for _, w := range warnings(cfg) {
			if _, err := fmt.Fprintln(out, "warning:", print.Visible(w)); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintln(out, "ok")
		return err
	}
	for _, p := range problems {
		if _, err := fmt.Fprintln(out, print.Visible(p.String())); err != nil {
			return err
		}
	}
	return errReported
}

// warnings say what of this host stands in the way of a capture or an export.
func warnings(cfg *config.Config) (list []string) {
	if _, err := tablesForm(&cfg.Evidence); err != nil {
		list = append(list, err.Error())
	}
	if len(cfg.Capture.Taps()) == 0 {
		return list
	}
	if err := permitted(cfg); err != nil {
		list = append(list, err.Error())
	}
	if _, err := evidence.Load(cfg.Sensor.KeyFile); err != nil {
		list = append(list, err.Error())
	}
	for _, name := range cfg.Capture.Interfaces {
		list = append(list, nic.Check(tapConfig(cfg, name, nil))...)
	}
	return list
}
