package main

import (
	"encoding/hex"
	"strings"

	"github.com/spf13/cobra"

	"calltrail/store/postgres/register"
)

// letterOptions are the flags of what an agency's letter says.
type letterOptions struct {
	register.Letter
	selectors []string // TYPE=VALUE
	document  string   // file of the letter
}

func newRequest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Register requests of agencies, and decide on them",
		Long: `Records are asked for only under a request: the letter of an agency, with what may
be asked about (selectors) and for which time (window). One person registers it,
another approves it, and each does so under his own login of the database
(access.dsn). Every step stands in the audit before it holds.

docs/register.md goes with a request from its letter to its answer.`,
		GroupID: groupRecords,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	asFlag(cmd)
	cmd.AddCommand(newRequestRegister(), newRequestList(), newRequestShow(), newRequestApprove(), newRequestRefuse(), newRequestRaise(), newRequestClose(), newRequestEmergency())
	return cmd
}

const selectorHelp = `Selectors are written TYPE=VALUE:

  number=+911204100001          a telephone number, with country code
  number_prefix=+91120          all numbers that begin so, 4 digits or more
  address=192.0.2.7             also 192.0.2.0/24, 192.0.2.7:5060, [2001:db8::7]:5060
  subscriber=4711  device=…  uri=sip:user@host  call=CALL_UID  asn=64496
  area=28.61,77.21,5            latitude, longitude, kilometres
  case=FIR-12/2026              what watchlists found for a case
  pattern=QUESTION              a question that is asked without selector

Times without a zone are read in the zone of the database's setting
(Asia/Kolkata, unless it was changed).`

func newRequestRegister() *cobra.Command {
	o := letterOptions{}
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Register the letter of an agency",
		Long:  "Registers a request and prints its number. Somebody else has to approve it.\n\n" + selectorHelp,
		Example: `  calltrail request register --agency "Noida police" --officer "A. Kumar" --rank SP --order 12/2026 --section "BNSS 94" \
    --case "FIR 12/2026" --purpose "hoax calls" --selector number=+911204100001 --from 2026-11-01 --to 2026-12-01 --document letter.pdf`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runRequestRegister(cmd, o) },
	}
	letterFlags(cmd, &o)
	cmd.Flags().IntVar(&o.MaxRows, "max-rows", 1000, "most `ROWS` of one answer, up to 100000")
	return cmd
}

func newRequestEmergency() *cobra.Command {
	o := letterOptions{}
	cmd := &cobra.Command{
		Use:   "emergency",
		Short: "Open a request without approval, as the emergency officer",
		Long: `Registers and opens a request at once. Only the officer named for it may
(calltrail access emergency-officer). Few rows are released in all, everybody who
listens is told, and it stands in the monthly report. Another person has to approve
it within 24 hours: after that nothing more is answered, and the officer opens no
other.

` + selectorHelp,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runRequestEmergency(cmd, o) },
	}
	letterFlags(cmd, &o)
	return cmd
}

// letterFlags defines the flags of a letter.
func letterFlags(cmd *cobra.Command, o *letterOptions) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.Agency, "agency", "", "`WHO` asks: police station, court, agency")
	flags.StringVar(&o.Officer, "officer", "", "`NAME` of the officer who signed")
	flags.StringVar(&o.Rank, "rank", "", "`RANK` of the officer")
	flags.StringVar(&o.Order, "order", "", "`NUMBER` of the order or letter")
	flags.StringVar(&o.Section, "section", "", "`SECTION` of the law")
	flags.StringVar(&o.Case, "case", "", "`REFERENCE` of the case")
	flags.StringVar(&o.Purpose, "purpose", "", "`WHAT` for")
	flags.StringArrayVar(&o.selectors, "selector", nil, "`TYPE=VALUE` that may be asked about; may be repeated")
	flags.StringVar(&o.From, "from", "", "begin of the window: `TIME` like 2026-11-22 10:00:00")
	flags.StringVar(&o.To, "to", "", "end of the window, not included: `TIME`")
	flags.StringVar(&o.document, "document", "", "`FILE` of the letter; its SHA-256 is kept, not the file")
	flags.StringVar(&o.SHA256, "document-sha256", "", "SHA-256 of the letter, instead of its file: 64 hexadecimal `DIGITS`")
	mustComplete(cmd, "document", cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault))
}

// read makes selectors of what was written, and the hash of the letter. What the values mean, the database decides.
func (o *letterOptions) read() error {
	for _, s := range o.selectors {
		kind, value, ok := strings.Cut(s, "=")
		if !ok || kind == "" || value == "" {
			return usagef("--selector is written TYPE=VALUE, like number=+911204100001")
		}
		o.Selectors = append(o.Selectors, register.Selector{Type: kind, Value: value})
	}
	switch {
	case len(o.Selectors) == 0:
		return usagef("--selector is missing: a request says what may be asked about")
	case o.From == "" || o.To == "":
		return usagef("--from and --to are the window that may be asked about; both are wanted")
	case o.document != "" && o.SHA256 != "":
		return usagef("--document and --document-sha256 say the same; one is enough")
	}
	if o.document == "" {
		return nil
	}
	sum, err := fileSum(o.document)
	o.SHA256 = hex.EncodeToString(sum)
	return err
}

func newRequestList() *cobra.Command {
	state, asJSON := "", false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List requests: one's own, for approvers and auditors all",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runRequestList(cmd, state, asJSON) },
	}
	states := []string{"registered", "approved", "refused", "closed", "expired", "emergency", "overdue"}
	cmd.Flags().StringVar(&state, "state", "", "only those that are in `STATE`: "+strings.Join(states, ", "))
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON array")
	mustComplete(cmd, "state", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func newRequestShow() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "show REQUEST",
		Short: "Show a request and what became of it",
		Args:  usage(cobra.ExactArgs(1)),
		RunE:  func(cmd *cobra.Command, args []string) error { return runRequestShow(cmd, args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return cmd
}

func newRequestApprove() *cobra.Command {
	note, unmask := "", false
	cmd := &cobra.Command{
		Use:   "approve REQUEST",
		Short: "Approve a request that somebody else has registered",
		Long: `Approves a request; of an emergency opening this is the second approval. Columns
that name subscribers stay empty unless --show-subscribers says otherwise.`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRequestStep(cmd, args[0], "approved", func(s step) error { return register.Approve(s.ctx, s.conn, args[0], note, unmask) })
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "`WHY`, for the register")
	cmd.Flags().BoolVar(&unmask, "show-subscribers", false, "answers show whose lines they were")
	return cmd
}

func newRequestRefuse() *cobra.Command {
	note := ""
	cmd := &cobra.Command{
		Use:   "refuse REQUEST",
		Short: "Refuse a request that somebody else has registered",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if note == "" {
				return usagef("--note is empty; say why it is refused")
			}
			return runRequestStep(cmd, args[0], "refused", func(s step) error { return register.Refuse(s.ctx, s.conn, args[0], note) })
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "`WHY`, for the register")
	return cmd
}

func newRequestRaise() *cobra.Command {
	note, rows := "", 0
	cmd := &cobra.Command{
		Use:   "raise REQUEST --rows ROWS",
		Short: "Raise the most rows of one answer, as an approver",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if rows <= 0 {
				return usagef("--rows is missing: the most rows of one answer, up to 100000")
			}
			return runRequestStep(cmd, args[0], "raised", func(s step) error { return register.Raise(s.ctx, s.conn, args[0], rows, note) })
		},
	}
	cmd.Flags().IntVar(&rows, "rows", 0, "most `ROWS` of one answer, up to 100000")
	cmd.Flags().StringVar(&note, "note", "", "`WHY`, for the register")
	return cmd
}

func newRequestClose() *cobra.Command {
	note := ""
	cmd := &cobra.Command{
		Use:   "close REQUEST",
		Short: "End a request: nothing is asked for it any more",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRequestStep(cmd, args[0], "closed", func(s step) error { return register.Close(s.ctx, s.conn, args[0], note) })
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "`WHY`, for the register")
	return cmd
}
