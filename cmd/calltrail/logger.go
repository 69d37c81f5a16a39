package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
)

// newLogger is the program's log on standard error: text for people on a terminal, JSON otherwise, or as configured.
func newLogger(c config.Log) (zerolog.Logger, error) {
	return loggerTo(os.Stderr, print.OptionsFor(os.Stderr).Terminal, c)
}

func loggerTo(w io.Writer, terminal bool, c config.Log) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("log.level: %w", err)
	}
	if c.Format == "console" || c.Format == "auto" && terminal {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.DateTime, NoColor: !terminal || os.Getenv("NO_COLOR") != ""}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}
