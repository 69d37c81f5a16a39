package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence"
)

// runKeyInit makes the sensor's key and says where it is and what to do with it.
func runKeyInit(cmd *cobra.Command) error {
	path, err := keyFile(cmd)
	if err != nil {
		return err
	}
	signer, err := evidence.Create(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `private key  %[1]s
public key   %[1]s%[2]s
key id       %[3]s

The private key stays on this host. The key of a sensor belongs to the user the
sensor runs as: give its public half and id to whoever registers the sensors, by
another way than the log it will sign, and then start the sensor. A key that signs
bundles or deletions is made known to those who check them with calltrail key trust.
`, print.Visible(path), evidence.PublicSuffix, signer.KeyID())
	return err
}

// runKeyShow prints what anyone may know of the key.
func runKeyShow(cmd *cobra.Command) error {
	path, err := keyFile(cmd)
	if err != nil {
		return err
	}
	signer, err := evidence.Load(path)
	if err != nil {
		return err
	}
	public, err := evidence.PublicPEM(signer.PublicKey())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "key id       %s\n%s", signer.KeyID(), public)
	return err
}

// keyFile is the configured path of the key.
func keyFile(cmd *cobra.Command) (string, error) {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return "", err
	}
	return cfg.Sensor.KeyFile, nil
}
