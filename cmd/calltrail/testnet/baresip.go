package testnet

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

//go:embed config/baresip.conf
var baresipConfig string

// Telephone is a baresip that is logged in at a proxy. It speaks a tone, in Opus.
type Telephone struct {
	*Process
	control net.Conn
	events  chan Event
}

// Event is something that happened at a telephone.
type Event struct {
	// Type is baresip's: CALL_INCOMING, CALL_RINGING, CALL_ESTABLISHED, CALL_CLOSED …
	Type string `json:"type"`
	// CallID is the Call-ID of the call.
	CallID string `json:"id"`
	// Param says more, by type: of CALL_CLOSED the reason.
	Param string `json:"param"`
}

// Baresip starts a telephone on the host and logs it in. With answers, it answers every call at once.
func (h *Host) Baresip(proxy *Host, answers bool) *Telephone {
	h.t.Helper()
	write(h.t, filepath.Join(h.Dir, "config"), strings.ReplaceAll(baresipConfig, "@ADDRESS@", h.Addr.String()))
	mode := "manual"
	if answers {
		mode = "auto"
	}
	write(h.t, filepath.Join(h.Dir, "accounts"), fmt.Sprintf(
		"<sip:%s@%s>;auth_pass=%s;regint=600;answermode=%s;audio_codecs=opus/48000/2\n", h.Name, proxy.Addr, Password, mode))
	write(h.t, filepath.Join(h.Dir, "contacts"), "")
	p := &Telephone{Process: h.Start(nil, "baresip", "-4", "-f", h.Dir), events: make(chan Event, 1024)}
	p.Await(`(?i)200 OK`) // of its REGISTER
	var err error
	if p.control, err = h.Dial("tcp", "127.0.0.1:4444"); err != nil {
		h.t.Fatalf("baresip on %s: %v", h.Name, err)
	}
	h.t.Cleanup(func() { _ = p.control.Close() })
	go p.listen()
	return p
}

// listen reads netstrings: a length, a colon, so many octets, a comma.
func (p *Telephone) listen() {
	defer close(p.events)
	for r := bufio.NewReader(p.control); ; {
		head, err := r.ReadString(':')
		if err != nil {
			return // closed
		}
		length, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
		if err != nil || length < 0 || length > 1<<20 {
			return
		}
		text := make([]byte, length+1)
		if _, err := io.ReadFull(r, text); err != nil {
			return
		}
		var e struct {
			Event
			IsEvent bool `json:"event"`
		}
		if json.Unmarshal(text[:length], &e) == nil && e.IsEvent {
			p.events <- e.Event
		}
	}
}

// Do gives a command as one would type it: "dial sip:bob@192.0.2.2", "hangup", "accept".
func (p *Telephone) Do(command string) {
	p.t.Helper()
	name, params, _ := strings.Cut(command, " ")
	text, err := json.Marshal(map[string]string{"command": name, "params": params})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(p.control, "%d:%s,", len(text), text); err != nil {
		p.t.Fatalf("baresip: %s: %v", command, err)
	}
}

// Until waits for the next event of a type; other ones before it are left out.
func (p *Telephone) Until(kind string) Event {
	p.t.Helper()
	late := time.NewTimer(Patience)
	defer late.Stop()
	for {
		select {
		case e, open := <-p.events:
			if !open {
				p.t.Fatalf("baresip ended before %s:\n%s", kind, p.Output())
			}
			if e.Type == kind {
				return e
			}
		case <-late.C:
			p.t.Fatalf("baresip gave no %s in %v:\n%s", kind, Patience, p.Output())
		}
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
