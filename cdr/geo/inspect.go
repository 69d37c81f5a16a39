package geo

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
	"unicode/utf8"
)

// File describes a database, or a list of cells or access lines, on disk.
type File struct {
	Path        string
	Kind        Kind      // of a database of several kinds the first
	Type        string    // as the database names itself, "GeoLite2-City"; of a list ListType
	Description string    // in English, else in the first language by name; of the vendor. "" when it has none
	Built       time.Time // when it was made, UTC; of a list the newest date of its rows, zero when none has one
	IPVersion   int       // 4, or 6: both; 0 of a list
	Networks    int       // networks with a record, those of one record that lie side by side as they are in the tree; rows of a list
	Size        int64     // octets
	SHA256      string    // of the whole file, lower-case hex
}

// ErrAbsent says that there is no such file.
var ErrAbsent = errors.New("is not there")

// Inspect reads a database whole and checks it from end to end: the tree and every record; of a list, every row. It takes as much memory as the
// file has octets, and, of one with millions of networks, seconds.
func Inspect(path string) (File, error) {
	f, _, err := inspect(path)
	return f, err
}

func inspect(path string) (File, []byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, nil, fmt.Errorf("geo: %s %w", path, ErrAbsent)
	}
	if err != nil {
		return File{}, nil, fmt.Errorf("geo: %w", err)
	}
	text, err := readWhole(path, info)
	if err != nil {
		return File{}, nil, fmt.Errorf("geo: %s: %w", path, err)
	}
	f, err := inspectText(text)
	if err != nil {
		return File{}, nil, fmt.Errorf("geo: %s: %w", path, err)
	}
	f.Path = path
	return f, text, nil
}

// ListType is the Type of a list.
const ListType = "CSV"

func inspectText(text []byte) (File, error) {
	r, kinds, err := openAny(text)
	if err != nil {
		if kind := listKind(text); kind != 0 {
			return inspectList(text, kind)
		}
		return File{}, err
	}
	if kinds == 0 {
		return File{}, fmt.Errorf("it is of type %s: use %s, %s or %s database in GeoIP2 format", r.Metadata.DatabaseType,
			KindCity.described(), KindASN.described(), KindAnonymiser.described())
	}
	if err := r.Verify(); err != nil {
		return File{}, fmt.Errorf("%w: the file is damaged; fetch it again", err)
	}
	m := r.Metadata
	sum := sha256.Sum256(text)
	f := File{
		Kind: kinds & -kinds, Type: m.DatabaseType, Description: english(m.Description), Built: m.BuildTime().UTC(),
		IPVersion: int(m.IPVersion), Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:]),
	}
	for result := range r.Networks() {
		if err := result.Err(); err != nil {
			return File{}, fmt.Errorf("%w: the file is damaged; fetch it again", err)
		}
		f.Networks++
	}
	return f, nil
}

// listKind tells a list by the number of columns of its first row; 0: it is none.
func listKind(text []byte) Kind {
	if !utf8.Valid(text) {
		return 0
	}
	in := csv.NewReader(bytes.NewReader(text))
	in.Comment, in.TrimLeadingSpace = '#', true
	row, err := in.Read()
	switch {
	case err != nil:
		return 0
	case len(row) == len(cellColumns):
		return KindCells
	case len(row) == len(lineColumns):
		return KindLines
	}
	return 0
}

func inspectList(text []byte, kind Kind) (File, error) {
	sum := sha256.Sum256(text)
	f := File{Kind: kind, Type: ListType, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}
	if kind == KindCells {
		table, err := parseCells(text)
		if err != nil {
			return File{}, err
		}
		f.Networks, f.Built = len(table), dateOf(table.newest())
		return f, nil
	}
	table, err := parseLines(text)
	if err != nil {
		return File{}, err
	}
	f.Networks, f.Built = len(table.rows), dateOf(table.newest())
	return f, nil
}

func english(texts map[string]string) string {
	if s := texts["en"]; s != "" {
		return s
	}
	first := ""
	for language := range texts {
		if first == "" || language < first {
			first = language
		}
	}
	return texts[first]
}
