package postgres

import (
	cryptotls "crypto/tls"
	"errors"
	"net/netip"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store"
)

// checkTransport refuses a connection to another machine that somebody between could read or answer: nothing less than
// libpq's sslmode verify-full will do. Sockets and loopback addresses need no TLS. The driver tries fallbacks (sslmode prefer
// falls back to plain text), so each of them counts.
func checkTransport(c *pgconn.Config) error {
	closed := local(c.Host) || verified(c.TLSConfig)
	for _, f := range c.Fallbacks {
		closed = closed && (local(f.Host) || verified(f.TLSConfig))
	}
	if closed {
		return nil
	}
	return &store.Error{
		System:  system,
		Err:     errors.New("the connection to " + c.Host + " is not protected: the records and the password could be read, and the server be another's"),
		Hint:    "write sslmode=verify-full and sslrootcert=… into postgres.dsn, or allow it for a laboratory (postgres.allow_unsafe_server)",
		Lasting: true,
	}
}

// verified: with sslmode verify-full alone the driver leaves the check of the name to crypto/tls.
func verified(c *cryptotls.Config) bool { return c != nil && !c.InsecureSkipVerify }

func local(host string) bool {
	if strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
