package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"time"
)

// MaxSize bounds a bundle, in octets. Files are stored and not compressed, so what is read is never larger than the file it is read from.
const MaxSize = 2 << 30

// file is one file of a bundle.
type file struct {
	name string
	data []byte
}

// order is the files of a bundle in their order: all of them, and no other.
var order = []string{
	"page.html", "annexe-foreign.html", "certificate-63-4.html", "records.csv", "records.xlsx", "records.jsonl", "answer.jsonl",
	"coverage.txt", "coverage.json", "dictionary.csv", "template.json", "chain.jsonl", "heads.jsonl", "head-events.jsonl",
	"how-to-verify.txt", manifestName, sealName,
}

// pack writes the zip file: stored, sizes and CRC before the data, one time for all. So one list of files has one form, whatever
// version of whatever library writes it, and a changed octet anywhere shows.
func pack(files []file, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	at = at.UTC().Truncate(2 * time.Second) // what the format can say
	for _, f := range files {
		h := &zip.FileHeader{
			Name: f.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(f.data),
			CompressedSize64: uint64(len(f.data)), UncompressedSize64: uint64(len(f.data)),
		}
		h.ModifiedDate, h.ModifiedTime = dosTime(at) //nolint:staticcheck // Modified would write an extra field, and a time in UTC
		to, err := w.CreateRaw(h)
		if err == nil {
			_, err = to.Write(f.data)
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write the zip file: %w", err)
	}
	return b.Bytes(), nil
}

// dosTime is a time as zip has it, in India: who looks at the list of files sees the clock he knows.
func dosTime(at time.Time) (date, clock uint16) {
	t := at.Add(5*time.Hour + 30*time.Minute).UTC()
	year := min(max(t.Year(), 1980), 2107)
	return uint16((year-1980)<<9 | int(t.Month())<<5 | t.Day()), uint16(t.Hour()<<11 | t.Minute()<<5 | t.Second()/2) //nolint:gosec // bounded above
}

// unpack reads a bundle's files. What is not a zip of just these files, stored, in their order, is an error that names the file.
func unpack(data []byte) ([]file, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("not a zip file that can be read: %.100s", err.Error())
	}
	var files []file
	room := int64(len(data))
	for i, f := range r.File {
		switch {
		case !slices.Contains(order, f.Name):
			return nil, fmt.Errorf("%.100q does not belong into a bundle", f.Name)
		case slices.ContainsFunc(files, func(g file) bool { return g.name == f.Name }):
			return nil, fmt.Errorf("%s is there twice", f.Name)
		case i >= len(order) || f.Name != order[i]:
			return nil, fmt.Errorf("%s: %s should stand in its place", f.Name, order[min(i, len(order)-1)])
		case f.Method != zip.Store || f.Flags&1 != 0:
			return nil, fmt.Errorf("%s is compressed or encrypted; a bundle's files are stored as they are", f.Name)
		case f.UncompressedSize64 != f.CompressedSize64 || f.UncompressedSize64 > uint64(room):
			return nil, fmt.Errorf("%s says it has %d octets, which the bundle has no room for", f.Name, f.UncompressedSize64)
		}
		room -= int64(f.UncompressedSize64) //nolint:gosec // not larger than room
		body, err := readAll(f)
		if err != nil {
			return nil, fmt.Errorf("%s was changed: %.100s", f.Name, err.Error())
		}
		files = append(files, file{f.Name, body})
	}
	if len(files) < len(order) {
		return nil, fmt.Errorf("%s is not there", strings.Join(order[len(files):], ", "))
	}
	return files, nil
}

func readAll(f *zip.File) (data []byte, err error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	data, err = io.ReadAll(io.LimitReader(r, int64(f.UncompressedSize64)+1)) //nolint:gosec // bounded by the caller
	return data, errors.Join(err, r.Close())
}

// outside says what is wrong with the zip file around a bundle's files: it must be what pack writes of them for that time.
func outside(data []byte, at time.Time) (fault string) {
	files, err := unpack(data)
	if err != nil {
		return err.Error()
	}
	again, err := pack(files, at)
	if err != nil {
		return err.Error()
	}
	if bytes.Equal(again, data) {
		return ""
	}
	n := 0
	for n < len(again) && n < len(data) && again[n] == data[n] {
		n++
	}
	near := "in the list behind the files"
	for i, at := 0, 0; i < len(files); i++ {
		if at += bytes.Index(again[at:], files[i].data); n < at {
			near = "before " + files[i].name
			break
		}
	}
	return fmt.Sprintf("the zip file around the files was changed, at octet %d, %s", n, near)
}
