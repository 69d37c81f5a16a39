package postgres

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"calltrail/store"
)

// Config says where the database is and how it is loaded.
type Config struct {
	// DSN names the database: a URL (postgres://user@host:5432/calltrail?sslmode=verify-full) or key=value words.
	// sslmode and the other libpq parameters are honoured.
	DSN string
	// PasswordFile is a file whose first line is the password; it wins over one in DSN. Empty: none.
	PasswordFile string
	// Account logs in instead of the user that DSN names, whose password is then not sent. Empty: the DSN's, or who runs the program.
	Account string
	// Prompt asks for the password of an account when neither a file nor the DSN nor the environment has it; an empty answer sends
	// none. nil: nobody is asked. Only Connect asks.
	Prompt func(account string) (string, error)
	// Connections is how many connections the loader may hold. 0 means 4.
	Connections int
	// MaxItems is how many entries one transaction may hold. 0 means 2000.
	MaxItems int
	// AllowUnsafeServer accepts a server that has fsync or synchronous_commit off, and so may lose what it said was
	// stored, and a connection to another machine without sslmode=verify-full. For laboratories.
	AllowUnsafeServer bool
	// Logger gets alarms and what was quarantined; never numbers or names of people.
	Logger zerolog.Logger
}

const (
	defaultConnections = 4
	defaultMaxItems    = 2000
	applicationName    = "calltrail"
	// defaultConnectTimeout is for one attempt, unless the DSN has connect_timeout: the driver has no limit of its own.
	defaultConnectTimeout = 4 * time.Second
)

// poolConfig reads the DSN and the password file.
func (c Config) poolConfig() (*pgxpool.Config, error) {
	if c.DSN == "" {
		return nil, &store.Error{System: system, Err: errors.New("no database is named"), Hint: "set postgres.dsn", Lasting: true}
	}
	cfg, err := pgxpool.ParseConfig(c.DSN)
	if err != nil {
		// The driver's message quotes the DSN, with the password masked where it can be recognised; a DSN that cannot be
		// parsed may hold it anywhere.
		return nil, &store.Error{System: system, Err: errors.New("the DSN cannot be read"), Hint: "it is postgres://user@host:port/database?sslmode=… (postgres.dsn)", Lasting: true}
	}
	if c.Account != "" && c.Account != cfg.ConnConfig.User {
		cfg.ConnConfig.User, cfg.ConnConfig.Password = c.Account, os.Getenv("PGPASSWORD")
	}
	if c.PasswordFile != "" {
		password, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, &store.Error{System: system, Op: "read the password", Err: err, Hint: "check postgres.password_file", Lasting: true}
		}
		first, _, _ := strings.Cut(string(password), "\n")
		cfg.ConnConfig.Password = strings.TrimSuffix(first, "\r")
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = defaultConnectTimeout
	}
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = applicationName
	}
	if err := checkTransport(&cfg.ConnConfig.Config); err != nil && !c.AllowUnsafeServer {
		return nil, err
	}
	cfg.MaxConns = defaultConnections
	if c.Connections > 0 {
		cfg.MaxConns = int32(min(c.Connections, 1000))
	}
	return cfg, nil
}

func (c Config) maxItems() int {
	if c.MaxItems > 0 {
		return c.MaxItems
	}
	return defaultMaxItems
}

// String names the database without the password.
func (c Config) String() string {
	cfg, err := c.poolConfig()
	if err != nil {
		return "postgres (no readable DSN)"
	}
	return fmt.Sprintf("postgres %s@%s:%d/%s", cfg.ConnConfig.User, cfg.ConnConfig.Host, cfg.ConnConfig.Port, cfg.ConnConfig.Database)
}
