package main

import "github.com/spf13/cobra"

func newKey() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "key",
		Short:   "Make, rotate and register the keys that sign",
		GroupID: groupSetup,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	initialise := &cobra.Command{
		Use:   "init",
		Short: "Make the key",
		Long: `Makes the sensor's Ed25519 key and writes it to sensor.key_file (mode 0600), its
public half beside it with ".pub" appended. A file that is there is never
replaced. Run by root, it gives both files to the owner of their directory: the
user the sensor runs as.

A chain is bound to the key with its first entry. So make the key before the
sensor starts for the first time, and keep it.`,
		Example: "  calltrail key init\n  calltrail key init --key-file ./sensor.key",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runKeyInit(cmd) },
	}
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the public key",
		Long: `Prints the id and the public half of the key at sensor.key_file. The private half
is never printed.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runKeyShow(cmd) },
	}
	for _, sub := range []*cobra.Command{initialise, show} {
		configFlag(sub.Flags(), "key-file", "FILE", "sensor.key_file", "file of the private key (default /var/lib/calltrail/sensor.key)")
		cmd.AddCommand(sub)
	}
	cmd.AddCommand(newKeyRotate(), newKeyTrust(), newKeyRevoke(), newKeyList(), newKeyExport())
	return cmd
}
