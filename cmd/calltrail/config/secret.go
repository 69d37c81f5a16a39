package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// maxSecret bounds a password file, in octets.
const maxSecret = 4 * kib

// Password reads Postgres.PasswordFile: its content without the line end. It returns "" when no file is configured,
// and an error when others can read the file, it is empty or larger than 4 KiB. The password is in no error.
func (p *Postgres) Password() (string, error) {
	if p.PasswordFile == "" {
		return "", nil
	}
	secret, err := readSecret(p.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("postgres.password_file: %w", err)
	}
	return secret, nil
}

// Password reads Kafka.PasswordFile as that of Postgres is read.
func (k *Kafka) Password() (string, error) {
	if k.PasswordFile == "" {
		return "", nil
	}
	secret, err := readSecret(k.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("kafka.password_file: %w", err)
	}
	return secret, nil
}

// Password reads Access.PasswordFile as that of Postgres is read.
func (a *Access) Password() (string, error) {
	if a.PasswordFile == "" {
		return "", nil
	}
	secret, err := readSecret(a.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("access.password_file: %w", err)
	}
	return secret, nil
}

func readSecret(name string) (string, error) {
	f, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", name)
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		return "", fmt.Errorf("%s has mode %#o, so that others can use it; run: chmod o-rwx %s", name, mode, name)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(data), "\r\n")
	switch {
	case len(data) > maxSecret:
		return "", fmt.Errorf("%s is larger than %s; it should hold a password and nothing else", name, Size(maxSecret))
	case secret == "":
		return "", fmt.Errorf("%s is empty; write the password into it", name)
	case strings.ContainsAny(secret, "\r\n\x00"):
		return "", fmt.Errorf("%s holds more than one line; it should hold a password and nothing else", name)
	}
	return secret, nil
}

// passwordSetting finds password= (and sslpassword=) in a libpq keyword/value string or in a URL's query, with its value,
// quoted or not. libpq's keywords are lower case; any case is taken here, to refuse rather than to leak.
var passwordSetting = regexp.MustCompile(`(?i)((?:^|[\s?&])(?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'?|(?:[^\s&'\\]|\\.)*)`)

var errDSN = errors.New("not a connection URL; write postgres://user@host:5432/database")

// splitDSN takes the password out of a DSN. masked is the same DSN with "xxxxx" in its place.
func splitDSN(dsn string) (masked string, hasPassword bool, err error) {
	if isURL(dsn) {
		u, perr := url.Parse(dsn)
		if perr != nil {
			return "", false, errDSN // url.Error repeats the whole text, password included
		}
		_, hasPassword = u.User.Password()
		if maskQuery(u) {
			hasPassword = true
		}
		return u.Redacted(), hasPassword, nil
	}
	hasPassword = passwordSetting.MatchString(dsn)
	return passwordSetting.ReplaceAllString(dsn, "${1}xxxxx"), hasPassword, nil
}

func isURL(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// maskQuery replaces the passwords among a URL's parameters and tells whether there were any.
func maskQuery(u *url.URL) bool {
	q, found := u.Query(), false
	for name := range q {
		if strings.HasSuffix(strings.ToLower(name), "password") {
			q.Set(name, "xxxxx")
			found = true
		}
	}
	if found {
		u.RawQuery = q.Encode()
	}
	return found
}

// MaskedDSN is the DSN with "xxxxx" for a password, for messages and logs.
func (p *Postgres) MaskedDSN() string { return maskedDSN(p.DSN) }

func maskedDSN(dsn string) string {
	masked, _, err := splitDSN(dsn)
	if err != nil {
		return "(unreadable)"
	}
	return masked
}
