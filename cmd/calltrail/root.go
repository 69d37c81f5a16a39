package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// Groups of the help.
const (
	groupRecords = "records"
	groupSetup   = "setup"
	groupProgram = "program"
)

const rootLong = `calltrail keeps a log of the calls made through a network: who called whom, from
which address and place, when, and how it ended. Never what was said.

It reads packets, makes call-detail records, and carries them through a durable
spool and Kafka into Postgres. "calltrail replay FILE" prints the records of a
capture file and needs no service at all.

Configuration: the file of --config, else of $CALLTRAIL_CONFIG, else
/etc/calltrail/calltrail.yaml if there is one; over it the environment
(CALLTRAIL_SECTION_KEY), over that the flags.

Exit status: 0 done, 1 error, 2 wrong command line, 3 damaged input that was
read as far as it went, or a time that is not wholly covered, 4 evidence that
does not hold, 5 a question that the request does not allow.`

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "calltrail",
		Short:         "Call-detail records from network traffic",
		Long:          rootLong,
		Version:       version(),
		SilenceErrors: true, // main reports
		SilenceUsage:  true,
		Args:          subcommandsOnly,
		RunE:          showHelp,
	}
	root.SetVersionTemplate("calltrail {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })

	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.String("config", "", "configuration `FILE` (default $CALLTRAIL_CONFIG, else /etc/calltrail/calltrail.yaml)")
	configFlag(flags, "log-level", "LEVEL", "log.level", "least that is logged: trace, debug, info, warn, error")
	configFlag(flags, "log-format", "FORMAT", "log.format", "form of the log: auto, console, json")
	mustComplete(root, "config", fileWithExtension("yaml", "yml"))
	mustComplete(root, "log-level", cobra.FixedCompletions([]string{"trace", "debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	mustComplete(root, "log-format", cobra.FixedCompletions([]string{"auto", "console", "json"}, cobra.ShellCompDirectiveNoFileComp))

	root.AddGroup(
		&cobra.Group{ID: groupRecords, Title: "Making and keeping records:"},
		&cobra.Group{ID: groupSetup, Title: "Setting up:"},
		&cobra.Group{ID: groupProgram, Title: "The program itself:"},
	)
	root.SetHelpCommandGroupID(groupProgram)
	root.SetCompletionCommandGroupID(groupProgram)
	root.AddCommand(newReplay(), newCapture(), newStore(), newMigrate(), newAccess(), newKafka(), newKey(), newStatus(), newCoverage(), newVerify(), newAnchor(), newExport(), newRequest(), newAudit(), newGeo(), newAssignments(), newNumbering(), newWatchlist(), newHold(), newRetention(), newQuery(), newCheck(), newVersion())
	return root
}

// subcommandsOnly is the Args of a command that only holds others.
func subcommandsOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef("unknown command %q for %q; did you mean %s?", args[0], cmd.CommandPath(), strings.Join(near, " or "))
	}
	return usagef("unknown command %q for %q", args[0], cmd.CommandPath())
}

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// usage makes the error of an argument check a mistake on the command line.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &usageError{err}
		}
		return nil
	}
}

// mustComplete registers the completion of a flag that the caller has just defined.
func mustComplete(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

func fileWithExtension(extensions ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

func directory(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}
