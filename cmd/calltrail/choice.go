package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// choice is the value of a flag that takes one of a few words.
type choice struct {
	value   string
	what    string // its name in the help
	allowed []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return c.what }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		return fmt.Errorf("write one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = s
	return nil
}

// choiceFlag defines --name with its default, the first word allowed, and its completion.
func choiceFlag(cmd *cobra.Command, flags *pflag.FlagSet, name, what string, allowed []string, usage string) *choice {
	c := &choice{value: allowed[0], what: what, allowed: allowed}
	flags.Var(c, name, usage+": "+strings.Join(allowed, ", "))
	mustComplete(cmd, name, cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp))
	return c
}
