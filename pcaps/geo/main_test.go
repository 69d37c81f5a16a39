package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
)

// The committed databases are what the committed CSV files give.
func TestDatabasesMatchCSV(t *testing.T) {
	for _, db := range databases {
		rows, err := os.ReadFile(db.csv)
		if err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(db.mmdb)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // map order must not reach the file
			var built bytes.Buffer
			if err := db.build(bytes.NewReader(rows), &built); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(built.Bytes(), committed) {
				t.Fatalf("%s is not what %s gives: run go run ./pcaps/geo", db.mmdb, db.csv)
			}
		}
		changed := bytes.Replace(rows, []byte("Mumbai"), []byte("Nagpur"), 1)
		changed = bytes.Replace(changed, []byte("64499"), []byte("64500"), 1)
		var other bytes.Buffer
		if err := db.build(bytes.NewReader(changed), &other); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(other.Bytes(), committed) {
			t.Errorf("%s: a changed row gave the same file, so this test proves nothing", db.csv)
		}
	}
}

func TestWriteReplacesTheFile(t *testing.T) {
	dir := t.TempDir()
	for _, db := range databases {
		rows, err := os.ReadFile(db.csv)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/"+db.csv, rows, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := db.write(dir); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(dir + "/" + db.mmdb)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(db.mmdb)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs", db.mmdb)
		}
		if _, err := os.Stat(dir + "/" + db.mmdb + ".new"); err == nil {
			t.Error("the temporary file is still there")
		}
	}
}

func TestBadRows(t *testing.T) {
	tests := []struct {
		name string
		db   database
		row  string
		want string
	}{
		{"no network", databases[1], "192.0.2.0,64496,Example", "line 2"},
		{"AS number too large", databases[1], "192.0.2.0/24,4294967296,Example", "line 2"},
		{"column missing", databases[1], "192.0.2.0/24,64496", "line 2"},
		{"latitude", databases[0], "192.0.2.0/24,IN,India,MH,Maharashtra,Mumbai,north,72.8,20", "line 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.db.build(strings.NewReader("# comment\n"+tt.row+"\n"), io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
