package main

import (
	"errors"
	"os"
	"slices"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"calltrail/cmd/calltrail/config"
)

// keyAnnotation marks a flag that sets a key of the configuration; its value is the key's path.
const keyAnnotation = "calltrail-config-key"

// keyValue is the value of such a flag: text, until config reads it.
type keyValue struct{ text, name string }

func (v *keyValue) String() string     { return v.text }
func (v *keyValue) Set(s string) error { v.text = s; return nil }
func (v *keyValue) Type() string       { return v.name }

// configFlag defines --name as the top layer of the configuration key at path. what names its value in the help.
func configFlag(flags *pflag.FlagSet, name, what, path, usage string) {
	flags.Var(&keyValue{name: what}, name, usage)
	flags.Lookup(name).Annotations = map[string][]string{keyAnnotation: {path}}
}

// loadOptions are the sources of the configuration as the command line has them.
func loadOptions(cmd *cobra.Command) config.Options {
	o := config.Options{Environ: os.Environ()}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name == "config" {
			o.File = f.Value.String()
		}
		if path := f.Annotations[keyAnnotation]; len(path) == 1 {
			o.Overrides = append(o.Overrides, config.Override{Key: path[0], Value: f.Value.String(), Flag: "--" + f.Name})
		}
	})
	return o
}

// loadConfig is the effective configuration of a command, with valid values. Its error of type config.Problems has a
// line for each thing that is wrong.
func loadConfig(cmd *cobra.Command) (*config.Config, error) {
	cfg, problems, err := readConfig(loadOptions(cmd))
	if err != nil {
		return nil, err
	}
	problems = append(problems, cfg.ValidateValues()...)
	switch {
	case len(problems) == 0:
		return cfg, nil
	case slices.ContainsFunc(problems, config.Problem.OnCommandLine):
		return nil, &usageError{problems}
	}
	return nil, problems
}

// readConfig tells what is wrong with the text of a configuration from a failure to read it.
func readConfig(o config.Options) (*config.Config, config.Problems, error) {
	cfg, err := config.Load(o)
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return nil, nil, err
	}
	return cfg, problems, nil
}

// setUp is what the commands that do work begin with: the configuration, and the log it asks for.
func setUp(cmd *cobra.Command) (*config.Config, zerolog.Logger, error) {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return nil, zerolog.Nop(), err
	}
	log, err := newLogger(cfg.Log)
	return cfg, log, err
}
