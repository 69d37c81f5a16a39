package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence"
	"calltrail/store/postgres"
)

// registryOptions is the command line of the commands that keep keys apart from the sensor.
type registryOptions struct {
	use                      *choice
	name, keys, reason       string
	at                       string
	overlap                  time.Duration
	toDatabase, fromDatabase bool
}

const keyFileFlag = "file of the private key (default /var/lib/calltrail/sensor.key)"

func newKeyRotate() *cobra.Command {
	o := registryOptions{}
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Make a new key that the old one signs",
		Long: `Makes a new key, has the old one at sensor.key_file sign it, and puts it in the
old one's place. The signed statement is appended to the file with ".keys"
appended, which calltrail key export prints; the old private key is gone.

The sensor signs with the new key after its next start: restart it within the
time of --overlap, in which both keys are valid. The chain goes on, and what the
old key signed stays good. An interrupted rotation is finished by the next.`,
		Example: "  calltrail key rotate --name noida-1 && systemctl restart calltrail-sensor",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runKeyRotate(cmd, &o) },
	}
	flags := cmd.Flags()
	configFlag(flags, "key-file", "FILE", "sensor.key_file", keyFileFlag)
	o.nameFlags(cmd)
	flags.DurationVar(&o.overlap, "overlap", 24*time.Hour, "how long the old key may still sign")
	return cmd
}

func newKeyTrust() *cobra.Command {
	o := registryOptions{}
	cmd := &cobra.Command{
		Use:   "trust FILE",
		Short: "Trust a public key",
		Long: `Appends the public key in FILE (PEM, the one with ".pub") to the file of --keys: the
operator's word that it is the key of the sensor --name, with --use deletion of
whoever signs deletion certificates, or with --use evidence of whoever signs bundles. calltrail verify --keys believes these keys and
those they sign. Keep the file where the owner of the database cannot write.

Take care that FILE is what the sensor's host has: compare calltrail key show.`,
		Example: "  calltrail key trust noida-1.pub --name noida-1 --keys /secure/sensors.keys",
		Args:    usage(cobra.ExactArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return runKeyTrust(cmd, &o, args[0]) },
	}
	o.nameFlags(cmd)
	o.keysFlag(cmd)
	return cmd
}

func newKeyRevoke() *cobra.Command {
	o := registryOptions{}
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "Stop believing a key",
		Long: `Appends to the file of --keys that the key ID must not be believed for what it signs
from --at on. What it signed before stays good; but when a head was signed, only the
sensor says: anchors from before (calltrail anchor) show what a thief could not
have made later.`,
		Example: "  calltrail key revoke 0f1e2d3c4b5a6978 --keys sensors.keys --reason \"host was stolen\"",
		Args:    usage(cobra.ExactArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return runKeyRevoke(cmd, &o, args[0]) },
	}
	o.keysFlag(cmd)
	cmd.Flags().StringVar(&o.reason, "reason", "", "`TEXT` that says why")
	cmd.Flags().StringVar(&o.at, "at", "", "from `TIME` on, RFC 3339 (default now)")
	return cmd
}

func newKeyList() *cobra.Command {
	o := registryOptions{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show which keys are believed",
		Long: `Shows the keys that follow from the file of --keys: whose they are, from when until
when they are valid, whether they are revoked, and which key follows. With --registry also
those that the database claims and these have signed; what it claims besides is
named below.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runKeyList(cmd, &o) },
	}
	o.keysFlag(cmd)
	cmd.Flags().BoolVar(&o.fromDatabase, "registry", false, "read the statements in the database, too")
	return cmd
}

func newKeyExport() *cobra.Command {
	o := registryOptions{}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the statements a key was made with",
		Long: `Prints the statements beside sensor.key_file: each says that one key follows another,
and the older one has signed it. Append them to the file of calltrail verify --keys, or
put them into the database with --to-database, where verify looks for them.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runKeyExport(cmd, &o) },
	}
	configFlag(cmd.Flags(), "key-file", "FILE", "sensor.key_file", keyFileFlag)
	cmd.Flags().BoolVar(&o.toDatabase, "to-database", false, "write them to calltrail.key instead")
	return cmd
}

func (o *registryOptions) nameFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.name, "name", "", "whose key it is: the sensor's `NAME`")
	o.use = choiceFlag(cmd, cmd.Flags(), "use", "USE", evidence.Uses(), "what it signs")
	mustComplete(cmd, "name", cobra.NoFileCompletions)
}

func (o *registryOptions) keysFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.keys, "keys", "", "the operator's `FILE` of keys")
}

// need refuses a command line that leaves out what has no default.
func need(flag, value string) error {
	if value == "" {
		return usagef("--%s is missing", flag)
	}
	return nil
}

func runKeyRotate(cmd *cobra.Command, o *registryOptions) error {
	if o.overlap < 0 {
		return usagef("--overlap is negative")
	}
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	if o.name == "" && o.use.value == string(evidence.ForSensor) {
		o.name = cfg.Sensor.Name
	}
	if err := need("name", o.name); err != nil {
		return err
	}
	path := cfg.Sensor.KeyFile
	s, err := evidence.Rotate(path, evidence.Use(o.use.value), o.name, time.Now().Truncate(time.Microsecond), o.overlap)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `old key      %s, valid until %s
new key      %s
statement    %s

The sensor signs with the new key after its next start. Hand the statement to
whoever keeps the keys: calltrail key export.
`, evidence.KeyID(s.OldKey), s.OldUntil.Format(time.RFC3339), s.KeyID(), print.Visible(path+evidence.StatementsSuffix))
	return err
}

func runKeyTrust(cmd *cobra.Command, o *registryOptions, file string) error {
	if err := errors.Join(need("name", o.name), need("keys", o.keys)); err != nil {
		return &usageError{err}
	}
	public, err := evidence.LoadPublic(file)
	if err != nil {
		return err
	}
	s := evidence.Statement{Schema: evidence.SchemaKey, Kind: evidence.Trust, Use: evidence.Use(o.use.value), Name: o.name, PublicKey: public}
	if err := evidence.AppendStatement(o.keys, s); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "key %s is trusted as the %s key of %s\n", s.KeyID(), s.Use, print.Visible(s.Name))
	return err
}

func runKeyRevoke(cmd *cobra.Command, o *registryOptions, id string) error {
	if err := errors.Join(need("keys", o.keys), need("reason", o.reason)); err != nil {
		return &usageError{err}
	}
	at := time.Now().UTC().Truncate(time.Microsecond)
	if o.at != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, o.at); err != nil {
			return usagef("--at: %q is no time; write it like 2026-11-22T10:00:00+05:30", o.at)
		}
	}
	list, err := readStatements(o.keys)
	if err != nil {
		return err
	}
	for i := range list {
		s := &list[i]
		if s.KeyID() != id || s.Kind == evidence.Revocation {
			continue
		}
		r := evidence.Statement{
			Schema: evidence.SchemaKey, Kind: evidence.Revocation, Use: s.Use, Name: s.Name, PublicKey: s.PublicKey, RevokedAt: at.UTC(), Reason: o.reason,
		}
		if err := evidence.AppendStatement(o.keys, r); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "key %s of %s is revoked from %s on\n", id, print.Visible(s.Name), at.UTC().Format(time.RFC3339))
		return err
	}
	return fmt.Errorf("key file %s names no key %.64q", o.keys, id)
}

func runKeyList(cmd *cobra.Command, o *registryOptions) error {
	if err := need("keys", o.keys); err != nil {
		return err
	}
	own, err := readStatements(o.keys)
	if err != nil {
		return err
	}
	var claimed []evidence.Statement
	if o.fromDatabase {
		cfg, log, err := setUp(cmd)
		if err != nil {
			return err
		}
		pg, err := postgresConfig(cfg, log)
		if err != nil {
			return err
		}
		if claimed, err = postgres.ReadKeyStatements(cmd.Context(), pg); err != nil {
			return err
		}
	}
	ring, remarks := evidence.NewKeyring(own, claimed)
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "USE\tNAME\tKEY\tFROM\tUNTIL\tREVOKED\tFOLLOWED BY") // Flush says what went wrong
	for _, k := range ring.List() {
		_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Use, print.Visible(k.Name), k.ID, when(k.From), when(k.Until), when(k.Revoked), dash(k.Successor))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	for _, remark := range remarks {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), print.Visible(remark)); err != nil {
			return err
		}
	}
	return nil
}

func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func runKeyExport(cmd *cobra.Command, o *registryOptions) error {
	path, err := keyFile(cmd)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path + evidence.StatementsSuffix) //nolint:gosec // beside the key file the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s%s is not there: the key was never rotated", path, evidence.StatementsSuffix)
	}
	if err != nil {
		return err
	}
	list, err := evidence.ReadStatements(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("statements %s%s: %w", path, evidence.StatementsSuffix, err)
	}
	if !o.toDatabase {
		_, err = cmd.OutOrStdout().Write(data)
		return err
	}
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return err
	}
	added, err := postgres.AddKeyStatements(cmd.Context(), pg, list)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d of %d statements are new in calltrail.key\n", added, len(list))
	return err
}
