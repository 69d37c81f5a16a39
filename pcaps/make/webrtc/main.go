// Command webrtc is the ends of the captures that SIP programs cannot make: calls of WebRTC, a TURN client that never
// calls, and RTP that nothing signals. ICE, DTLS, SRTP, SCTP and TURN are pion's; this only says who talks to whom and
// writes down what it sent and received.
//
// It is a module of its own, so that calltrail's go.mod lists none of pion (docs/decisions/0006). Only pcaps/make/case
// builds it; no test does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

// patience bounds each run; no capture takes as long.
const patience = 90 * time.Second

const usage = `usage: webrtc peer|allocate|stream OPTION…   (-h lists the options of each)
	peer      one side of a call, or of a data channel
	allocate  takes an address of a TURN server and keeps it, and sends nothing through it
	stream    sends RTP, and answers nothing
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	run := map[string]func(context.Context, *flag.FlagSet, []string) error{
		"peer": runPeer, "allocate": runAllocate, "stream": runStream,
	}[os.Args[1]]
	if run == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(ctx, flags, os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "webrtc %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
