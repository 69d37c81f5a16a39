package sip

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// torture is one message of RFC 4475 or RFC 5118, which testdata/torture holds octet by octet, and what must become of it
// here. The records that it gives are in cdr/pipeline/hostile_torture_test.go.
type torture struct {
	name    string // of the RFC, and of the file
	section string // of the RFC
	says    string // what that section asks of elements; where a tap does something else, what and why
	err     ParseError
	odd     Anomaly
	want    tortureKey
}

// tortureKey is what identifies a message and who is in it.
type tortureKey struct {
	start                            string // method or Status-Code
	uri, callID, cseq                string
	from, fromTag, to, toTag, branch string
	vias                             int
}

func keyOfMessage(m *Message) tortureKey {
	from, _ := ParseNameAddr(m.Value(HeaderFrom))
	to, _ := ParseNameAddr(m.Value(HeaderTo))
	start := string(m.MethodToken())
	if !m.IsRequest() {
		start = fmt.Sprint(m.Status())
	}
	return tortureKey{
		start, string(m.RequestURI()), string(m.CallID()), fmt.Sprintf("%d %s", m.CSeq(), m.at(m.seqToken)),
		string(from.URI), string(m.FromTag()), string(to.URI), string(m.ToTag()), string(m.Branch()), m.ViaCount(),
	}
}

// tortures are the tables by the folder of their messages.
var tortures = []struct {
	folder string
	tables [][]torture
	count  int // in the RFC
}{
	{"rfc4475", [][]torture{tortureValid, tortureInvalid, tortureSemantic}, 49},
	{"rfc5118", [][]torture{tortureIPv6}, 12},
}

func tortureMessage(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/torture", filepath.FromSlash(name)+".dat"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTorture(t *testing.T) {
	for _, rfc := range tortures {
		for _, table := range rfc.tables {
			for _, c := range table {
				t.Run(rfc.folder+"/"+c.section+" "+c.name, func(t *testing.T) {
					checkTorture(t, &c, tortureMessage(t, rfc.folder+"/"+c.name), c.odd)
				})
			}
		}
	}
}

// checkTorture parses b and compares it with the row c, as it is and after Keep.
func checkTorture(t *testing.T, c *torture, b []byte, odd Anomaly) {
	t.Helper()
	var m Message
	err := m.Parse(b)
	if c.err != 0 {
		if !errors.Is(err, c.err) {
			t.Errorf("Parse = %v, want %v", err, c.err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if m.Anomalies() != odd {
		t.Errorf("anomalies %q, want %q", m.Anomalies(), odd)
	}
	want := c.want
	if got := keyOfMessage(&m); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	m.Keep(nil)
	want.uri, _, _ = strings.Cut(want.uri, "?Route=") // Keep takes it out
	if got := keyOfMessage(&m); got != want {
		t.Errorf("after Keep %+v\nwant       %+v", got, want)
	}
}

// TestTortureCount holds that no message of the RFCs is missing, and that no file is without a row.
func TestTortureCount(t *testing.T) {
	for _, rfc := range tortures {
		named := map[string]bool{}
		for _, table := range rfc.tables {
			for _, c := range table {
				named[c.name] = true
				if c.says == "" || c.section == "" {
					t.Errorf("%s/%s does not say what the RFC asks for", rfc.folder, c.name)
				}
			}
		}
		if len(named) != rfc.count {
			t.Errorf("%s: %d messages, the RFC has %d", rfc.folder, len(named), rfc.count)
		}
		files, err := filepath.Glob(filepath.Join("testdata/torture", rfc.folder, "*.dat"))
		if err != nil || len(files) != rfc.count {
			t.Errorf("%s: %d files, want %d (%v)", rfc.folder, len(files), rfc.count, err)
		}
	}
}

// TestTortureOctets holds that the messages are still the ones that were written down: an editor that takes white space off
// the end of a line, or makes CRLF of LF, takes the torture out.
func TestTortureOctets(t *testing.T) {
	sums, err := os.ReadFile("testdata/torture/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(sums)) {
		want, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("%q is no line of sha256sum", line)
		}
		sum := sha256.Sum256(tortureMessage(t, strings.TrimSuffix(name, ".dat")))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s has changed: %s, want %s", name, got, want)
		}
		n++
	}
	if n != 49+12 {
		t.Errorf("%d sums", n)
	}
}

// TestTortureIPv6Archive reads RFC 5118's messages as the RFC's own archive has them: each line ends with LF alone, and the two of
// section 4.10 without the empty line. Nothing else may change; the lengths of bodies do.
func TestTortureIPv6Archive(t *testing.T) {
	for _, c := range tortureIPv6 {
		t.Run(c.section+" "+c.name, func(t *testing.T) {
			b := bytes.ReplaceAll(tortureMessage(t, "rfc5118/"+c.name), []byte("\r\n"), []byte("\n"))
			odd := c.odd | BareLF
			switch {
			case c.section == "4.10":
				b, odd = bytes.TrimSuffix(b, []byte("\n")), odd|Unterminated
			case c.name == "mult-ip-in-sdp": // 180 octets, and 181 said
				odd = odd&^BodyLonger | BodyShorter
			case c.name == "ipv4-mapped-ipv6": // 236 octets, as it says
				odd &^= BodyLonger
			}
			checkTorture(t, &c, b, odd)
		})
	}
}
