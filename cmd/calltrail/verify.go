package main

import (
	"math"

	"github.com/spf13/cobra"

	"calltrail/store/postgres"
)

// verifyOptions is the command line of verify.
type verifyOptions struct {
	query         postgres.VerifyQuery
	keys, anchors string // files
	anchorTopic   string
	json          bool
}

func newVerify() *cobra.Command {
	o := verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify [BUNDLE]",
		Short: "Prove that the records in Postgres, or in a bundle, are whole and untouched",
		Long: `Reads the chains of all sensors from Postgres and checks, without trusting the
database: that every number is there; that each record's exact bytes are those
the chain names; that each hash follows from the one before; that the sensors'
signatures of the chain hold; that every column and address an analyst reads is
what the bytes say, and that no row stands beside them. The first bad number of
each chain is named.

Signatures are checked with the keys of --keys and of those that these signed
(calltrail key). The file must come from the operator, not from the database.
Numbers that were deleted on purpose are accepted where a deletion certificate,
signed by a key for deletions, names them: exactly those.

A tail that was cut off together with its signatures leaves a chain that holds.
It shows by heads kept elsewhere: write them with calltrail anchor, and give
them with --anchors, or --anchor-topic where they are in a topic of Kafka.

The owner of the tables, or another login that may read them all, verifies
everything. An auditor may not read records: with --no-contents the numbers, hashes,
signatures, ledger, certificates and anchors are checked, and no record is read.
Without postgres.dsn the login is that of access.dsn.

It only reads, in one snapshot, and may run on a standby. --from and --to are
numbers of the chain. Rows that belong to no entry are looked for only when
nothing is left out. docs/evidence.md says what is proven and what is not.

With the name of a bundle (calltrail export) it verifies that file instead, on any
machine, with nothing but the bundle and --keys: no database, no configuration.

Exit status: 0 all holds, 1 it could not be checked, 2 wrong command line,
4 something does not hold.`,
		Example: `  calltrail verify --keys /secure/sensors.keys --anchors /mnt/worm/calltrail.anchors
  calltrail verify --keys sensors.keys --sensor noida-1 --from 1000 --to 2000
  calltrail verify --keys sensors.keys --json > report.json
  calltrail verify --keys sensors.keys --no-contents
  calltrail verify bundle.zip --keys sensors.keys`,
		GroupID: groupRecords,
		Args:    usage(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := o.checkBundle(cmd); err != nil {
					return err
				}
				return runVerifyBundle(cmd, &o, args[0])
			}
			if err := o.check(); err != nil {
				return err
			}
			return runVerify(cmd, &o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.keys, "keys", "", "`FILE` of the keys that are trusted (see calltrail key trust)")
	flags.StringVar(&o.anchors, "anchors", "", "`FILE` of signed heads that were kept elsewhere (see calltrail anchor)")
	flags.StringVar(&o.anchorTopic, "anchor-topic", "", "Kafka `TOPIC` of signed heads that were kept elsewhere")
	flags.StringVar(&o.query.Sensor, "sensor", "", "only the chains of the sensor `NAME`")
	flags.Uint64Var(&o.query.From, "from", 0, "begin at `NUMBER`")
	flags.Uint64Var(&o.query.To, "to", 0, "end with `NUMBER`")
	flags.StringSliceVar(&o.query.Unsigned, "unsigned", nil, "take the chains of the sensor `NAME` (replay) without signatures")
	flags.BoolVar(&o.query.NoSignatures, "no-signatures", false, "check no signature: shows that a chain is consistent, not whose it is")
	flags.BoolVar(&o.query.NoContents, "no-contents", false, "read no record, as an auditor: whether bytes and rows are those of the chains is not compared")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	cmd.ValidArgsFunction = fileWithExtension("zip")
	for _, name := range []string{"anchor-topic", "sensor", "from", "to", "unsigned"} {
		mustComplete(cmd, name, cobra.NoFileCompletions)
	}
	return cmd
}

func (o *verifyOptions) check() error {
	q := &o.query
	switch {
	case o.keys == "" && !q.NoSignatures:
		return usagef("whose signatures are to be believed? Name the file of their keys with --keys (or --no-signatures)")
	case o.keys != "" && q.NoSignatures:
		return usagef("--keys and --no-signatures exclude each other")
	case (q.From != 0 || q.To != 0) && q.Sensor == "":
		return usagef("--from and --to are numbers of one sensor's chain; add --sensor")
	case q.From > math.MaxInt64 || q.To > math.MaxInt64:
		return usagef("--from or --to is larger than any number of a chain")
	case q.To != 0 && q.From > q.To:
		return usagef("--from %d is behind --to %d; write the lower number first", q.From, q.To)
	}
	return nil
}
