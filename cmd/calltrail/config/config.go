// Package config is calltrail's configuration: one YAML file, laid over built-in defaults and under the environment
// and the command line.
//
// In: the file, environment variables CALLTRAIL_SECTION_KEY, values of flags. Out: a Config, or every problem found,
// each with its place and what to do. Called by the commands of cmd/calltrail, which map a section to the
// configuration of the package it is for. It imports nothing of ours, opens no connection and prints nothing;
// passwords never enter a Config from the file, its hash or an error.
//
// A section_ file holds the sections of one side of the program: sensor, capture, place, store, access.
//
// deploy/config/calltrail.yaml shows every key with its default; a test holds the two together.
package config

// Config is the effective configuration. Every section is a struct of plain values; the yaml tag is the key's name in
// the file, and CALLTRAIL_<SECTION>_<KEY> in upper case its environment variable.
type Config struct {
	Sensor      Sensor      `yaml:"sensor"`
	Home        Home        `yaml:"home"`
	Own         Own         `yaml:"own"`
	Capture     Capture     `yaml:"capture"`
	Replay      Replay      `yaml:"replay"`
	Limits      Limits      `yaml:"limits"`
	Timers      Timers      `yaml:"timers"`
	Geo         Geo         `yaml:"geo"`
	Spoof       Spoof       `yaml:"spoof"`
	Events      Events      `yaml:"events"`
	Spool       Spool       `yaml:"spool"`
	Kafka       Kafka       `yaml:"kafka"`
	Postgres    Postgres    `yaml:"postgres"`
	Access      Access      `yaml:"access"`
	Retention   Retention   `yaml:"retention"`
	Metrics     Metrics     `yaml:"metrics"`
	Assignments Assignments `yaml:"assignments"`
	LegalBasis  LegalBasis  `yaml:"legal_basis"`
	Watchlist   Watchlist   `yaml:"watchlist"`
	Evidence    Evidence    `yaml:"evidence"`
	Log         Log         `yaml:"log"`

	file    string            // path of the file read, or ""
	origins map[string]origin // by key path; absent: the default
}

// HomeCountry is Home.Country, or Home.Region when that is empty.
func (c *Config) HomeCountry() string {
	if c.Home.Country != "" {
		return c.Home.Country
	}
	return c.Home.Region
}

// File is the path of the configuration file that was read, or "" when there was none.
func (c *Config) File() string { return c.file }
