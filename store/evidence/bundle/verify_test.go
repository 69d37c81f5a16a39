package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle/answer"
	"calltrail/store/evidence/bundle/form"
)

func TestBundleHolds(t *testing.T) {
	k := newKeys(t)
	data, a := whole(t, k)
	r := Verify(data, k.own, program)
	if !r.Good() || len(r.Remarks) > 0 || r.Records != 3 || r.Heads != 2 || r.Request != "R-2026-000017" {
		t.Fatalf("%+v", r)
	}
	again, _, err := Make(newAnswerOf(t, a), ipdr(t), k.evidence, "Example Broadband")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, data) {
		for i, f := range mustUnpack(t, again) {
			if g := mustUnpack(t, data)[i]; !bytes.Equal(f.data, g.data) {
				t.Errorf("%s is another, made of the same answer", f.name)
			}
		}
		t.Error("the same answer gave another bundle")
	}
	if dir := os.Getenv("CALLTRAIL_KEEP_BUNDLE"); dir != "" { // to look at
		if err := os.WriteFile(dir+"/bundle.zip", data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func newAnswerOf(t *testing.T, a *answer.Answer) *answer.Answer {
	t.Helper()
	b, err := answer.Parse(a.Meta, a.Text())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// One changed octet, of any file and of the zip around them, is found; where it is within a file, the file is named.
func TestOneChangedOctet(t *testing.T) {
	k := newKeys(t)
	data, _ := whole(t, k)
	files, err := unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	inside := make([]bool, len(data))
	for _, f := range files {
		at := bytes.Index(data, f.data)
		for i := range f.data {
			inside[at+i] = true
		}
		for _, n := range []int{0, 1, len(f.data) / 3, len(f.data) / 2, len(f.data) - 1} {
			bad := bytes.Clone(data)
			bad[at+n] ^= 0x01
			r := Verify(bad, k.own, program)
			if r.Good() || !strings.Contains(r.Faults[0].File+r.Faults[0].Text, f.name) {
				t.Errorf("%s, octet %d: %+v", f.name, n, r.Faults)
			}
			// The same with the CRC made to fit, as any zip program does: now the manifest must find it.
			changed := bytes.Clone(f.data)
			changed[n] ^= 0x01
			r = Verify(repack(t, files, f.name, changed), k.own, program)
			if r.Good() || !named(r, f.name) {
				t.Errorf("%s, octet %d, packed again: %+v", f.name, n, r.Faults)
			}
		}
	}
	for i := range data {
		if inside[i] {
			continue
		}
		bad := bytes.Clone(data)
		bad[i] ^= 0x04
		if fault := outside(bad, meta().At); fault == "" {
			t.Fatalf("octet %d of the zip file around the files was changed unseen", i)
		}
	}
	for _, n := range []int{0, 1, 22, len(data) / 2, len(data) - 1} {
		if Verify(data[:n], k.own, program).Good() {
			t.Errorf("cut to %d octets, it holds", n)
		}
	}
	for _, bad := range [][]byte{append(bytes.Clone(data), 0), append([]byte("MZ"), data...)} {
		if Verify(bad, k.own, program).Good() {
			t.Error("octets before or behind the zip are not found")
		}
	}
}

func named(r *Report, name string) bool {
	for _, f := range r.Faults {
		if f.File == name || name == manifestName && f.File == sealName {
			return true
		}
	}
	return false
}

func repack(t *testing.T, files []file, name string, changed []byte) []byte {
	t.Helper()
	var list []file
	for _, f := range files {
		if f.name == name {
			f.data = changed
		}
		list = append(list, f)
	}
	out, err := pack(list, meta().At)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Containers that are none of ours.
func TestContainers(t *testing.T) {
	k := newKeys(t)
	data, _ := whole(t, k)
	files, err := unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func([]file) []file) []byte {
		out, err := pack(change(append([]file(nil), files...)), meta().At)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	compressed := func() []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, f := range files {
			to, err := w.Create(f.name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := to.Write(f.data); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	bomb := func() []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		to, err := w.Create("page.html")
		if err != nil {
			t.Fatal(err)
		}
		zeros := make([]byte, 1<<20)
		for range 64 {
			if _, err := to.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"removed":     {with(func(f []file) []file { return append(f[:3], f[4:]...) }), "records.xlsx: records.csv should stand in its place"},
		"last gone":   {with(func(f []file) []file { return f[:len(f)-1] }), "manifest.sig is not there"},
		"added":       {with(func(f []file) []file { return append(f, file{"more.txt", []byte("x")}) }), `"more.txt" does not belong`},
		"upwards":     {with(func(f []file) []file { return append(f, file{"../../etc/passwd", nil}) }), "does not belong"},
		"absolute":    {with(func(f []file) []file { return append(f, file{"/page.html", nil}) }), "does not belong"},
		"backslash":   {with(func(f []file) []file { return append(f, file{`..\page.html`, nil}) }), "does not belong"},
		"twice":       {with(func(f []file) []file { return append(f, f[0]) }), "page.html is there twice"},
		"other order": {with(func(f []file) []file { f[0], f[1] = f[1], f[0]; return f }), "should stand in its place"},
		"empty":       {with(func([]file) []file { return nil }), "is not there"},
		"compressed":  {compressed(), "is compressed"},
		"bomb":        {bomb(), "is compressed"},
		"no zip":      {[]byte("not a zip"), "not a zip file"},
	} {
		r := Verify(tt.data, k.own, program)
		if r.Good() || !strings.Contains(r.Faults[0].Text, tt.want) {
			t.Errorf("%s: %+v, want %q", name, r.Faults, tt.want)
		}
	}
}

// A record changed together with its hash in the manifest, by somebody without the evidence key; and by somebody with it, who makes the
// whole bundle anew, chain and all, but has not the sensor's key.
func TestForgedRecord(t *testing.T) {
	k := newKeys(t)
	data, _ := whole(t, k)
	files, err := unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Replace(bodies(t)[0], []byte("+912225550100"), []byte("+912225550199"), 1)
	thief := *k
	thief.evidence = newKey(t)
	a := newAnswer(t, &thief, [][]byte{forged})
	other, _, err := Make(a, ipdr(t), thief.evidence, "Example Broadband")
	if err != nil {
		t.Fatal(err)
	}
	if r := Verify(other, k.own, program); r.Good() || !named(r, sealName) {
		t.Errorf("another evidence key: %+v", r.Faults)
	}
	// The manifest made to fit, the signature left as it was.
	otherFiles, err := unpack(other)
	if err != nil {
		t.Fatal(err)
	}
	if r := Verify(repack(t, otherFiles, sealName, content(files, sealName)), k.own, program); r.Good() || !named(r, sealName) {
		t.Errorf("an old signature: %+v", r.Faults)
	}

	insider := *k
	insider.sensor = newKey(t)
	for name, lines := range map[string][]json.RawMessage{
		"a chain of his own, with a key of his own": chainOf(t, &insider, [][]byte{forged}),
		"the record alone":                          swapBody(t, chainOf(t, k, bodies(t)), forged, false),
		"the record with leaf and hash":             swapBody(t, chainOf(t, k, bodies(t)), forged, true),
		"without the signed head":                   dropEvents(t, swapBody(t, chainOf(t, k, bodies(t)), forged, true)),
	} {
		a, err := answer.New(meta(), lines)
		if err != nil {
			t.Fatal(err)
		}
		made, _, err := Make(a, ipdr(t), k.evidence, "Example Broadband")
		if err != nil {
			t.Fatal(err)
		}
		r := Verify(made, k.own, program)
		if r.Good() || named(r, sealName) || !named(r, "records.jsonl") && !named(r, "heads.jsonl") {
			t.Errorf("%s: %+v", name, r.Faults)
		}
	}
}

func swapBody(t *testing.T, lines []json.RawMessage, body []byte, hashes bool) []json.RawMessage {
	t.Helper()
	return edit(t, lines, func(i int, r *answer.Row) {
		if i != 0 {
			return
		}
		r.Body = body
		if hashes {
			r.Leaf = sum(body)
			r.Hash = evidence.Link(r.Prev, r.Epoch, r.Seq, r.Leaf)
		}
	})
}

func dropEvents(t *testing.T, lines []json.RawMessage) []json.RawMessage {
	t.Helper()
	return edit(t, lines, func(_ int, r *answer.Row) { r.Event, r.After = nil, nil })
}

func edit(t *testing.T, lines []json.RawMessage, do func(int, *answer.Row)) (out []json.RawMessage) {
	t.Helper()
	for i, line := range lines {
		var r answer.Row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		do(i, &r)
		again, err := json.Marshal(&r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, again)
	}
	return out
}

// resealed is a bundle some of whose files were changed by who holds the evidence key.
func resealed(t *testing.T, k *keys, a *answer.Answer, f *form.Template, change map[string]func([]byte) []byte) []byte {
	t.Helper()
	files, m, err := build(a, f)
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if do := change[files[i].name]; do != nil {
			files[i].data = do(files[i].data)
			m.Files[i].SHA256, m.Files[i].Bytes = sum(files[i].data), len(files[i].data)
		}
	}
	data, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	seal, err := k.evidence.SealManifest("Example Broadband", m.At, data)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := json.Marshal(&seal)
	if err != nil {
		t.Fatal(err)
	}
	made, err := pack(append(files, file{manifestName, data}, file{sealName, append(sig, '\n')}), m.At)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// swap puts one text for another, everywhere.
func swap(one, other string) func([]byte) []byte {
	return func(d []byte) []byte { return bytes.ReplaceAll(d, []byte(one), []byte(other)) }
}

// Who holds the evidence key cannot let a page say what the records do not.
func TestPageOfOtherRecords(t *testing.T) {
	k := newKeys(t)
	_, a := whole(t, k)
	made := resealed(t, k, a, ipdr(t), map[string]func([]byte) []byte{"page.html": swap("+912225550100", "+912225550199")})
	if r := Verify(made, k.own, program); r.Good() || !named(r, "page.html") {
		t.Errorf("%+v", r.Faults)
	}
	if r := Verify(made, k.own, "calltrail later"); !r.Good() || len(r.Remarks) == 0 {
		t.Errorf("another version: %+v %q", r.Faults, r.Remarks)
	}
}

// Without the operator's keys nothing is believed.
func TestWhoseKey(t *testing.T) {
	k := newKeys(t)
	data, _ := whole(t, k)
	for name, tt := range map[string]struct {
		own  []evidence.Statement
		file string
	}{
		"no keys":             {nil, sealName},
		"only the sensor's":   {k.own[:1], sealName},
		"only the evidence":   {k.own[1:], "heads.jsonl"},
		"of another provider": {[]evidence.Statement{k.own[0], renamed(k.own[1], "Other")}, sealName},
		"of another use":      {[]evidence.Statement{k.own[0], used(k.own[1], evidence.ForDeletion)}, sealName},
		"revoked before":      {append(k.own[:2:2], revoked(k.own[1])), sealName},
	} {
		if r := Verify(data, tt.own, program); r.Good() || !named(r, tt.file) {
			t.Errorf("%s: %+v", name, r.Faults)
		}
	}
}

func renamed(s evidence.Statement, name string) evidence.Statement { s.Name = name; return s }

func used(s evidence.Statement, use evidence.Use) evidence.Statement { s.Use = use; return s }

func revoked(s evidence.Statement) evidence.Statement {
	s.Kind, s.RevokedAt = evidence.Revocation, meta().At.AddDate(0, 0, -1)
	return s
}

// FuzzVerify holds that no octets stop the reader, and that none but the bundle's own hold.
func FuzzVerify(f *testing.F) {
	k := newKeys(f)
	data, _ := whole(f, k)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, in []byte) {
		if r := Verify(in, k.own, program); r.Good() && !bytes.Equal(in, data) {
			t.Fatal("other octets hold")
		}
	})
}

func mustUnpack(t testing.TB, data []byte) []file {
	t.Helper()
	files, err := unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	return files
}
