package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
)

// runAllocate is an application that is ready for a call that does not come: it takes an address of a TURN server, lets a
// peer send to it, asks from time to time for its own address, and gives all back.
func runAllocate(ctx context.Context, flags *flag.FlagSet, args []string) error {
	name := flags.String("name", "", "of this host, in the truth")
	server := flags.String("server", "", "the TURN server's address and port")
	local := flags.String("local", "", "address and port to send from")
	user := flags.String("user", "", "at the TURN server")
	password := flags.String("password", "", "at the TURN server")
	realm := flags.String("realm", "", "of the TURN server")
	peer := flags.String("peer", "", "address and port that may send to the one that was taken")
	every := flags.Duration("every", 2*time.Second, "between two Binding requests")
	keep := flags.Duration("keep", 30*time.Second, "after which the address is given back")
	file := flags.String("truth", "", "file for what was taken")
	if err := flags.Parse(args); err != nil {
		return err
	}
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp4", *local)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: *server, TURNServerAddr: *server, Conn: conn,
		Username: *user, Password: *password, Realm: *realm, LoggerFactory: logging.NewDefaultLoggerFactory(),
	})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Listen(); err != nil {
		return err
	}
	relay, err := client.AllocateWithContext(ctx)
	if err != nil {
		return fmt.Errorf("take an address of %s: %w", *server, err)
	}
	allowed, err := net.ResolveUDPAddr("udp4", *peer)
	if err != nil {
		return err
	}
	end := time.After(*keep)
	tick := time.NewTicker(*every)
	defer tick.Stop()
	for waiting := true; waiting; {
		if err := client.CreatePermission(allowed); err != nil {
			return fmt.Errorf("let %s send: %w", *peer, err)
		}
		if _, err := client.SendBindingRequest(); err != nil {
			return fmt.Errorf("ask %s for the own address: %w", *server, err)
		}
		select {
		case <-tick.C:
		case <-end:
			waiting = false
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t := &truth{Host: *name, Relays: []string{relay.LocalAddr().String()}}
	if err := relay.Close(); err != nil {
		return err
	}
	return t.write(*file)
}
