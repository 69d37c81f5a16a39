package sdp

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTorture reads the session descriptions of the messages of RFC 4475 and RFC 5118 that decode/sip's testdata holds, and all
// the other bodies there, which are none.
func TestTorture(t *testing.T) {
	const two = "audio 192.0.2.%s:49217, video 192.0.2.%[1]s:3227"
	of := func(host string) string { return fmt.Sprintf(two, host) }
	want := map[string]string{
		"rfc4475/wsinv": of("4"), "rfc4475/esc01": of("1"), "rfc4475/longreq": of("1"), "rfc4475/badinv01": of("15"),
		"rfc4475/clerr": of("155"), "rfc4475/ncl": of("53"), "rfc4475/quotbal": of("15"), "rfc4475/ltgtruri": of("5"),
		"rfc4475/lwsruri": of("1"), "rfc4475/lwsstart": of("1"), "rfc4475/escruri": of("1"), "rfc4475/baddate": of("5"),
		"rfc4475/insuf": of("95"), "rfc4475/multi01": of("25"), "rfc4475/bcast": of("198"), "rfc4475/sdp01": of("5"),
		"rfc4475/unreason":   of("198"),
		"rfc4475/mismatch02": of("1"), // neither s= nor t=
		// What follows a Content-Length of 0: a whole INVITE, and a line "m =video", which is none.
		"rfc4475/dblreq":  "audio 192.0.2.15:49217",
		"rfc4475/inv2543": "audio 192.0.2.5:49217",
		// RFC 5118 sections 4.6, 4.8, 4.9
		"rfc5118/ipv6-in-sdp":      "audio [2001:db8::20]:6000, video [2001:db8::20]:6024",
		"rfc5118/mult-ip-in-sdp":   "audio 192.0.2.1:22334, video [2001:db8::1]:6024",
		"rfc5118/ipv4-mapped-ipv6": "audio [::ffff:192.0.2.2]:6000, video [::ffff:192.0.2.2]:6024",
	}
	files, err := filepath.Glob("../sip/testdata/torture/*/*.dat")
	if err != nil || len(files) != 49+12 {
		t.Fatalf("%d messages: %v", len(files), err)
	}
	var d Description
	for _, f := range files {
		name := filepath.Base(filepath.Dir(f)) + "/" + strings.TrimSuffix(filepath.Base(f), ".dat")
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			_, body, _ := bytes.Cut(b, []byte("\r\n\r\n"))
			// LF in place of CRLF, and the end missing, change nothing that is read.
			for _, body := range [][]byte{body, bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), body[:max(0, len(body)-8)]} {
				err := d.Parse(body)
				var media []string
				for _, m := range d.Media {
					ip := m.IP.String()
					if m.IP.Is6() {
						ip = "[" + ip + "]"
					}
					media = append(media, fmt.Sprintf("%v %s:%d", m.Type, ip, m.Port))
				}
				if got := strings.Join(media, ", "); got != want[name] || errors.Is(err, ErrNoDescription) != (want[name] == "") {
					t.Errorf("%q, %v, want %q", got, err, want[name])
				}
			}
		})
	}
}
