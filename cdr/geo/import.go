package geo

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ImportOptions says what an import checks.
type ImportOptions struct {
	// SHA256 is the checksum that the file must have, in hex, of either case. Empty: it is not checked.
	SHA256 string
	// Older allows a database that was built before the one that is there.
	Older bool
	// To is where the database goes. Empty: where the configuration has one of its kind.
	To string
}

// Imported is what an import did.
type Imported struct {
	File         // as it is now, in its place
	Same    bool // these very octets were there already: nothing was written
	Before  File // what was there; zero when nothing was, or nothing that could be read
	Damaged bool // what was there could not be read, and was replaced
}

// Import checks a database, or a list of cells or access lines, and puts it in the place that the configuration has for its kind. The file is copied beside that
// place, synchronised to disk and renamed: whoever looks sees the old one or the new one, whole, and a program that watches
// the file (DB.Run) takes it up. On an error what was there stays. It runs no faster than it can read the file twice.
func Import(path string, cfg Config, o ImportOptions) (Imported, error) {
	if o.SHA256 != "" {
		if err := validSum(o.SHA256); err != nil {
			return Imported{}, err
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return Imported{}, fmt.Errorf("geo: import: %w", err)
	}
	text, err := readWhole(path, info)
	if err != nil {
		return Imported{}, fmt.Errorf("geo: import %s: %w", path, err)
	}
	// The checksum first: it tells a file cut short from a file of another format.
	if sum := sha256.Sum256(text); o.SHA256 != "" && !strings.EqualFold(o.SHA256, hex.EncodeToString(sum[:])) {
		return Imported{}, fmt.Errorf("geo: import %s: its SHA-256 is %x, not %s: it is not the file that was meant; fetch it again",
			path, sum, strings.ToLower(o.SHA256))
	}
	f, err := inspectText(text)
	if err != nil {
		return Imported{}, fmt.Errorf("geo: import %s: %w", path, err)
	}
	if f.Path, err = target(f.Kind, cfg, o); err != nil {
		return Imported{}, err
	}
	result := Imported{File: f}
	switch old, err := Inspect(f.Path); {
	case errors.Is(err, ErrAbsent):
	case err != nil && errors.Is(err, fs.ErrPermission):
		return Imported{}, err
	case err != nil:
		result.Damaged = true
	case old.Kind != f.Kind:
		return Imported{}, fmt.Errorf("geo: import %s: it is of type %s, and %s is of type %s: name another place", path, f.Type, f.Path, old.Type)
	case old.SHA256 == f.SHA256:
		result.Same, result.Before = true, old
		return result, nil
	case old.Built.After(f.Built) && !o.Older:
		return Imported{}, fmt.Errorf("geo: import %s: it was built on %s, and %s, which is there, on %s: to go back, say that an older one is meant",
			path, f.Built.Format(time.DateOnly), f.Path, old.Built.Format(time.DateOnly))
	default:
		result.Before = old
	}
	if err := replace(f.Path, text); err != nil {
		return Imported{}, fmt.Errorf("geo: import %s: %w", path, err)
	}
	return result, nil
}

// target is where a database of a kind goes, links followed: the file is replaced, not the link to it.
func target(kind Kind, cfg Config, o ImportOptions) (string, error) {
	to := o.To
	if to == "" {
		switch kind {
		case KindASN:
			to = cfg.ASN
		case KindAnonymiser:
			to = cfg.Anonymiser
		case KindCells:
			to = cfg.Cells
		case KindLines:
			to = cfg.AccessLines
		default:
			to = cfg.City
		}
	}
	if to == "" {
		return "", fmt.Errorf("geo: import: the configuration has no place for this kind of database: set geo.%s to its path, or name the place", kind)
	}
	real, err := filepath.EvalSymlinks(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return to, nil
	case err != nil:
		return "", fmt.Errorf("geo: import: %w", err)
	}
	return real, nil
}

// replace writes text beside path and renames it there. The mode is that of the file before; of a new one everybody can
// read it, for nothing in it is secret and the sensor is another user than whoever imports.
func replace(path string, text []byte) (err error) {
	mode := fs.FileMode(0o644)
	if before, err := os.Stat(path); err == nil {
		if !before.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", path)
		}
		mode = before.Mode().Perm()
	}
	dir := filepath.Dir(path)
	out, err := os.CreateTemp(dir, "."+filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = out.Close()           // it may be closed already; the first error is the one to tell
			_ = os.Remove(out.Name()) // as above
		}
	}()
	if _, err := out.Write(text); err != nil {
		return err
	}
	if err := out.Chmod(mode); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return err
	}
	// The rename itself must be on disk, too. The file is in its place whatever becomes of this.
	folder, err := os.Open(dir) //nolint:gosec // the operator's choice
	if err != nil {
		return nil //nolint:nilerr // a folder may be written to without being readable
	}
	defer func() { _ = folder.Close() }() // only read
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("%s is in its place, but may not be after a loss of power: %w", path, err)
	}
	return nil
}

func validSum(s string) error {
	if b, err := hex.DecodeString(s); err != nil || len(b) != sha256.Size {
		return fmt.Errorf("geo: import: %q is no SHA-256: it has 64 hexadecimal digits", s)
	}
	return nil
}

// ParseSums finds the checksum of a file in the text that sha256sum writes: lines of a checksum, two spaces (or a space and
// "*") and a name. Of a single line the name does not matter, nor need it have one.
func ParseSums(text, name string) (string, error) {
	only, found, lines := "", "", 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		lines++
		sum, of, _ := strings.Cut(strings.TrimSpace(line), " ")
		if err := validSum(sum); err != nil {
			return "", fmt.Errorf("%w (line %d)", err, lines)
		}
		only = sum
		if filepath.Base(strings.TrimPrefix(strings.TrimSpace(of), "*")) == name {
			found = sum
		}
	}
	switch {
	case found != "":
		return found, nil
	case lines == 1:
		return only, nil
	}
	return "", fmt.Errorf("geo: import: none of the %d checksums is of %s", lines, name)
}
