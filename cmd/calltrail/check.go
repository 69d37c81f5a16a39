package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [CONFIG]",
		Short: "Say what is wrong with a configuration, and where",
		Long: `Reads a configuration as every command does, environment and flags over it, and
prints one line for each problem:

  file:line:column: key: what is wrong; what to do

Files that it names (databases, passwords) are looked at too; no service is.
Without CONFIG it checks the file that the other commands would read.
Prints "ok" and exits 0 when nothing is wrong, 1 otherwise.`,
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
