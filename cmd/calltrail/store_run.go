package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func runStore(cmd *cobra.Command, o storeOptions) error {
	_, err := loadConfig(cmd)
	_ = o
	return errors.Join(err, errors.New("store is not wired"))
}
