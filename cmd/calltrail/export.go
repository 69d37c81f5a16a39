package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle"
	"calltrail/store/evidence/bundle/answer"
	"calltrail/store/evidence/bundle/form"
	"calltrail/store/postgres/release"
)

// exportOptions is the command line of export.
type exportOptions struct {
	request, out string
	unsigned     bool
	show         bool
}

func newExport() *cobra.Command {
	o := exportOptions{}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Make an evidence bundle of an approved request",
		Long: `Asks the database, under your own name and with its audit, for everything the request
covers, and writes one zip file: the records to the octet, tables (CSV, XLSX), a
page for people that opens offline, an annexe for requests abroad, the certificate
of section 63(4) BSA 2023 with Part A filled, what was watched, the place of each
record on its sensor's signed chain, and a signed list of all files.

Whoever has the operator's file of keys verifies it anywhere with
calltrail verify BUNDLE --keys FILE. Who signs, and what Part A says of the
computer, is section evidence of the configuration; make the key once:

  calltrail key init --key-file /etc/calltrail/evidence.key
  calltrail key trust /etc/calltrail/evidence.key.pub --use evidence --name PROVIDER --keys FILE

A record is exported when a head that its sensor signed covers it: sensors sign every
minute. Without that nothing is written, unless --unsigned allows it; verify then
says which records nobody signed. A file that is there is never replaced.

The columns of the tables and the wording of the certificate are a form,
evidence.template; --show-template prints it, to make one of your own from it for
evidence.template_file.`,
		Example: `  calltrail export --request R-2026-000017 --out bundle.zip
  calltrail export --show-template > /etc/calltrail/own-form.json`,
		GroupID: groupRecords,
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.show {
				return showTemplate(cmd)
			}
			if err := errors.Join(need("request", o.request), need("out", o.out)); err != nil {
				return &usageError{err}
			}
			return runExport(cmd, &o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.request, "request", "", "`NUMBER` of the request, R-2026-000017")
	flags.StringVar(&o.out, "out", "", "write the bundle to `FILE`")
	flags.BoolVar(&o.unsigned, "unsigned", false, "take records that no signed head covers")
	flags.BoolVar(&o.show, "show-template", false, "print the form of the tables as JSON, and do nothing else")
	mustComplete(cmd, "request", cobra.NoFileCompletions)
	asFlag(cmd)
	mustComplete(cmd, "out", fileWithExtension("zip"))
	return cmd
}

func runExport(cmd *cobra.Command, o *exportOptions) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	// All that can fail without the database fails before it: an answer is released once, and stands in the audit.
	e := &cfg.Evidence
	switch {
	case e.KeyFile == "":
		return errors.New("nobody signs bundles: set evidence.key_file to the file of a key made with calltrail key init --key-file")
	case e.Provider == "":
		return errors.New("in whose name is the bundle signed? Set evidence.provider")
	}
	signer, err := evidence.Load(e.KeyFile)
	if err != nil {
		return err
	}
	tables, err := tablesForm(e)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(o.out); err == nil {
		return fmt.Errorf("%s is there already, and a bundle is never replaced; name another file", o.out)
	}
	conn, err := connectPerson(cmd, cfg)
	if err != nil {
		return err
	}
	a, err := release.Read(cmd.Context(), conn, o.request, answer.Meta{Program: madeBy(), Template: tables.ID, Provider: provider(cfg)})
	if err = errors.Join(err, conn.Close(cmd.Context())); err != nil {
		return err
	}
	data, m, err := bundle.Make(a, tables, signer, e.Provider)
	if err != nil {
		return err
	}
	if m.Unsigned > 0 && !o.unsigned {
		return fmt.Errorf("%d of %d records are not covered by a head that their sensor signed: ask again in two minutes, or add --unsigned", m.Unsigned, m.Rows)
	}
	if err := writeNew(o.out, data); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "bundle     %s, %d records, %d octets\nanswer     SHA-256 %x\nsigned by  %s, key %s\n",
		print.Visible(o.out), m.Rows, len(data), m.Answer, print.Visible(e.Provider), signer.KeyID())
	return err
}

// showTemplate prints the form that an export would use.
func showTemplate(cmd *cobra.Command) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	tables, err := tablesForm(&cfg.Evidence)
	if err != nil {
		return err
	}
	// The program's own tables go without the certificate's wording; who begins a form of his own wants to see it.
	if tables.Certificate, err = tables.Wording(); err != nil {
		return err
	}
	data, err := tables.File()
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(data)
	return err
}

// tablesForm is the form of a bundle's tables: the operator's own, or the program's of that name.
func tablesForm(e *config.Evidence) (*form.Template, error) {
	if e.TemplateFile == "" {
		t, err := form.Get(e.Template)
		if err != nil {
			return nil, fmt.Errorf("evidence.template: %w", err)
		}
		return t, nil
	}
	f, err := os.Open(e.TemplateFile)
	if err != nil {
		return nil, fmt.Errorf("evidence.template_file: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, form.MaxSize+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("evidence.template_file: %w", err)
	}
	t, err := form.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("evidence.template_file %s: %w", e.TemplateFile, err)
	}
	return t, nil
}

func provider(cfg *config.Config) answer.Provider {
	e := &cfg.Evidence
	return answer.Provider{
		Name: e.Provider, Address: e.Address, Officer: e.Officer, Designation: e.Designation,
		Make: e.DeviceMake, Model: e.DeviceModel, Serial: e.DeviceSerial, MAC: e.DeviceMAC, Home: cfg.HomeCountry(),
	}
}

// writeNew writes a file that must not be there, readable by its owner alone, and waits for the disk. What it began and could not finish
// it removes.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the user names the file
	if err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the bundle %s: %w", path, err), os.Remove(path))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
