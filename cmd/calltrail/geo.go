package main

import (
	"net/netip"

	"github.com/spf13/cobra"

	"calltrail/cdr/geo"
)

func newGeo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "geo",
		Short: "Look after the databases of places and networks",
		Long: `The databases that turn addresses into places and networks: City (or Country),
ASN (or ISP) and Anonymous-IP, in GeoIP2 format (.mmdb) of any vendor, at geo.city,
geo.asn and geo.anonymiser of the configuration; and the operator's own lists (CSV)
of mobile cells and access lines, at geo.cells and geo.access_lines. Nothing is ever
fetched: carry the files in, and "calltrail geo import" puts them in place.`,
		GroupID: groupSetup,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	cmd.AddCommand(newGeoStatus(), newGeoLookup(), newGeoImport())
	return cmd
}

func newGeoStatus() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [FILE…]",
		Short: "Say what the databases are and how old",
		Long: `Reads each database that is configured, or each FILE, from end to end, and tells
its type and maker, when it was built, how many networks it has and its SHA-256; of
a list of cells or access lines its rows and the newest of them.

Addresses change hands: a database is old 60 days after it was built. A list is not.

Exit status: 0 every database is whole and younger than 60 days, 1 one is not, or
none is configured.`,
		Example: "  calltrail geo status\n  calltrail geo status --json\n  calltrail geo status /media/usb/GeoLite2-City.mmdb",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGeoStatus(cmd, args, asJSON)
		},
		ValidArgsFunction: fileWithExtension("mmdb", "csv"),
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func newGeoLookup() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lookup IP",
		Short: "Say what the databases know of an address",
		Long: `Prints the place of an address, its autonomous system and the class of its network,
and which database or list said so; and its access line, if it is in geo.access_lines,
which counts for addresses that are subscribers' (own.prefixes). Of an address whose network is of class
hosting, vpn or tor the place is the network's, not its user's.`,
		Example: "  calltrail geo lookup 192.0.2.1\n  calltrail geo lookup --json 2001:db8::1",
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			addr, err := netip.ParseAddr(args[0])
			if err != nil {
				return usagef("%q is no IP address", args[0])
			}
			return runGeoLookup(cmd, addr, asJSON)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func newGeoImport() *cobra.Command {
	var o geo.ImportOptions
	var sums string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Check a database and put it in place",
		Long: `Reads FILE from end to end, checks it, copies it beside the place that the
configuration has for its kind (geo.city, geo.asn, geo.anonymiser, geo.cells,
geo.access_lines), synchronises the copy to disk and renames it. A list is known by
its number of columns. A sensor that is running takes it up by itself.

Refused, with what is there left alone: a file with another checksum; one that is
damaged; one that is no City, Country, ASN, ISP or Anonymous-IP database; a list
with a bad line; one that was built, or has its newest row dated, before the one that is there, unless --older is given.

--sha256-file names what sha256sum or the vendor wrote: the line for FILE's name
counts, or the only one. Without a checksum the file is checked for damage, but it
may be another than the one that was meant.`,
		Example: `  calltrail geo import /media/usb/GeoLite2-City.mmdb --sha256-file /media/usb/SHA256SUMS
  calltrail geo import asn.mmdb --sha256 2f1c…`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.SHA256 != "" && sums != "" {
				return usagef("--sha256 and --sha256-file both give a checksum; write one of them")
			}
			return runGeoImport(cmd, args[0], sums, o)
		},
		ValidArgsFunction: fileWithExtension("mmdb", "csv"),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.SHA256, "sha256", "", "checksum that FILE must have, `HEX`")
	flags.StringVar(&sums, "sha256-file", "", "`SUMS`, a file with the checksum, as sha256sum writes it")
	flags.BoolVar(&o.Older, "older", false, "allow a database that was built before the one that is there")
	flags.StringVar(&o.To, "to", "", "put it at `PATH` instead of the configured place")
	mustComplete(cmd, "sha256", cobra.NoFileCompletions)
	return cmd
}

func jsonFlag(cmd *cobra.Command, value *bool) {
	cmd.Flags().BoolVar(value, "json", false, "answer as one JSON object")
}
