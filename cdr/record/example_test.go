package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// fenced returns the text of the first block of docs/record.md in a language.
func fenced(t testing.TB, language string) string {
	t.Helper()
	document, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(document), "\n```"+language+"\n")
	text, _, ok2 := strings.Cut(rest, "\n```\n")
	if !ok || !ok2 {
		t.Fatalf("%s has no block of %s", documentFile, language)
	}
	return text
}

// exampleRecord is the record that docs/record.md shows.
func exampleRecord(t testing.TB) []byte {
	t.Helper()
	return []byte(fenced(t, "json"))
}

// The document's recipes, followed to the letter, give the identities of the document's example; and so does the codec.
func TestExample(t *testing.T) {
	line := exampleRecord(t)
	var c Call
	if err := json.Unmarshal(line, &c); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsAny(line, "\n\r") {
		t.Error("the example is not one line")
	}

	// "the text of the record from "schema": to just before ,"observer":{"
	start, end := bytes.Index(line, []byte(`"schema":`)), bytes.Index(line, []byte(`,"observer":{`))
	sum := sha256.Sum256(line[start:end])
	id := append([]byte{0, 0, 0, 0, 0, 0}, sum[:10]...)
	for i, ms := 5, int64(c.StartedAt)/1000; i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	if !bytes.Equal(id, c.RecordID[:]) {
		t.Errorf("record_id %s, by the recipe %x", c.RecordID, id)
	}
	if bytes.Count(line, []byte(`,"observer":{`)) != 1 {
		t.Error(`,"observer":{ is there more than once`)
	}
	if uid := CallUID(c.Sensor, c.SIP.CallID, c.SIP.FromTag, c.StartedAt, ""); uid != c.CallUID {
		t.Errorf("call_uid %s, by the recipe %s", c.CallUID, uid)
	}
	document, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	if leaf := sha256.Sum256(line); !bytes.Contains(document, []byte("| leaf | `"+hex.EncodeToString(leaf[:])+"` |")) {
		t.Errorf("the leaf is %x, %s says otherwise", leaf, documentFile)
	}
	methods := Methods{{"INVITE", 1}, {"ACK", 1}, {"BYE", 1}}
	if len(c.SIP.Methods) != len(methods) {
		t.Fatalf("methods %v", c.SIP.Methods)
	}
	c.SIP.Methods = methods // reading does not keep their order
	if got := c.Append(nil); !bytes.Equal(got, line) {
		t.Errorf("read and written again it is\n%s", got)
	}
}

// The document's program prints what the document says.
func TestExampleProgram(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to run the program with")
	}
	line := exampleRecord(t)
	var c Call
	if err := json.Unmarshal(line, &c); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", fenced(t, "python"))
	cmd.Stdin = bytes.NewReader(append(line, '\n'))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	if len(got) != 4 || got[0] != c.CallUID.String() || got[1] != c.RecordID.String() {
		t.Fatalf("it prints %q, the record has call_uid %s, record_id %s", got, c.CallUID, c.RecordID)
	}
	document, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"leaf", "hash"} {
		if row := "| " + name + " | `" + got[2+i] + "` |"; !strings.Contains(string(document), row) {
			t.Errorf("it prints %s, which %s does not say", row, documentFile)
		}
	}
}
