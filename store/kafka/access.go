package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/scram"

	"calltrail/store"
)

// Access is how the brokers prove themselves to us, and we to them. The files are read whenever a client is made, so that a
// renewed certificate or password is taken up with the next connection of a sensor.
type Access struct {
	// TLS encrypts every connection and checks the broker's certificate, its name and its dates. There is no way to check less.
	TLS bool
	// CAFile holds the certificates (PEM) that the brokers' must descend from. Empty: those of the operating system.
	CAFile string
	// CertFile and KeyFile (PEM) are our own certificate for brokers that ask for one. Both or none.
	CertFile, KeyFile string
	// User is the account for SASL/SCRAM-SHA-512 (RFC 5802, RFC 7677), which needs TLS: without it anybody between could take
	// the broker's place. Empty: none.
	User string
	// PasswordFile holds the account's password in its first line.
	PasswordFile string
}

// tls makes the settings of the connections; nil without TLS.
func (a Access) tls() (*tls.Config, error) {
	if !a.TLS {
		if a.CAFile != "" || a.CertFile != "" || a.KeyFile != "" || a.User != "" {
			return nil, unusable("set up access", errors.New("certificates and accounts need TLS"), "set kafka.tls")
		}
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CAFile != "" {
		text, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, unusable("read the certificates to trust", err, "check kafka.ca_file")
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, unusable("read the certificates to trust", fmt.Errorf("%s holds no certificate in PEM", a.CAFile), "check kafka.ca_file")
		}
	}
	if a.CertFile != "" || a.KeyFile != "" {
		own, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile)
		if err != nil {
			return nil, unusable("read our certificate", err, "check kafka.cert_file and kafka.key_file")
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, nil
}

// sasl makes what logs in; nil without an account.
func (a Access) sasl() (sasl.Mechanism, error) {
	if a.User == "" {
		return nil, nil
	}
	text, err := os.ReadFile(a.PasswordFile)
	if err != nil {
		return nil, unusable("read the password", err, "check kafka.password_file")
	}
	password, _, _ := strings.Cut(string(text), "\n")
	mechanism, err := scram.Mechanism(scram.SHA512, a.User, strings.TrimSuffix(password, "\r"))
	if err != nil {
		// SASLprep (RFC 4013) forbids some characters; the library's words might quote them.
		return nil, unusable("log in", errors.New("the user or the password has characters that SCRAM does not allow"), "check kafka.user and kafka.password_file")
	}
	return mechanism, nil
}

// dialer makes connections for the library's reader, as the transport of [Config.client] does for requests.
func (c Config) dialer() (*kafkago.Dialer, error) {
	d := &kafkago.Dialer{ClientID: clientID, Timeout: timeout / 3, DualStack: true}
	var err error
	if d.TLS, err = c.Access.tls(); err != nil {
		return nil, err
	}
	if d.SASLMechanism, err = c.Access.sasl(); err != nil {
		return nil, err
	}
	return d, nil
}

func unusable(op string, err error, hint string) error {
	return &store.Error{System: system, Op: op, Err: err, Hint: hint, Lasting: true}
}
