// Command calltrail keeps a log of the calls made through a network: it reads packets, makes call-detail records, and
// carries them through a spool and Kafka into Postgres.
//
// This package is wiring only: the command tree, the configuration mapped to each room's own, signals, exit codes.
// Standard output carries results only (records, a report, "ok"); everything else goes to standard error.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run()) }

// run is the program without os.Exit. The first SIGINT or SIGTERM ends the context, so that what is under way is
// finished in good order; the second one ends the program at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	cmd, err := newRoot().ExecuteContextC(ctx)
	if err != nil {
		report(os.Stderr, cmd.CommandPath(), err)
	}
	return exitCode(err)
}
