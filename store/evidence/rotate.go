package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Suffixes beside the path of a key file.
const (
	// StatementsSuffix added to the path of a key file gives that of its statements: every succession it went through.
	StatementsSuffix = ".keys"
	nextSuffix       = ".next"
)

// Rotate makes a new key for use and name, has the old one at path sign it, and puts it in the old one's place. The statement is
// appended to path + StatementsSuffix and on the disk before the old private key is gone. The old key stays valid for
// what is signed until at + overlap. A rotation that was interrupted is finished by the next.
//
// A program that has loaded the old key signs with it until it starts again.
func Rotate(path string, use Use, name string, at time.Time, overlap time.Duration) (Statement, error) {
	var none Statement
	old, err := Load(path)
	if err != nil {
		return none, err
	}
	next, err := Load(path + nextSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		next, err = Create(path + nextSuffix)
	}
	if err != nil {
		return none, err
	}
	s, err := old.Succeed(use, name, next.PublicKey(), at, at.Add(overlap))
	if err != nil {
		return none, err
	}
	if s, err = appendOnce(path+StatementsSuffix, s); err != nil {
		return none, err
	}
	// The public half first: should it end here, the private one is still to be moved, and the next rotation does it.
	if err := os.Rename(path+nextSuffix+PublicSuffix, path+PublicSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return none, fmt.Errorf("put the new key in its place: %w", err)
	}
	if err := os.Rename(path+nextSuffix, path); err != nil {
		return none, fmt.Errorf("put the new key in its place: %w", err)
	}
	return s, syncDir(filepath.Dir(path))
}

// appendOnce appends a succession, or returns the one between the same keys that an interrupted rotation left there.
func appendOnce(path string, s Statement) (Statement, error) {
	data, err := os.ReadFile(path) //nolint:gosec // beside the key file the operator names
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("read the statements: %w", err)
	}
	there, err := ReadStatements(bytes.NewReader(data))
	if err != nil {
		return s, fmt.Errorf("statements %s: %w", path, err)
	}
	for i := range there {
		if t := &there[i]; t.Kind == Succession && bytes.Equal(t.OldKey, s.OldKey) && bytes.Equal(t.PublicKey, s.PublicKey) && t.Name == s.Name && t.Use == s.Use {
			return *t, nil
		}
	}
	return s, AppendStatement(path, s)
}

// AppendStatement appends a statement to a file, made with mode 0644 if it is not there, and waits for the disk.
func AppendStatement(path string, s Statement) (err error) {
	if err := s.check(); err != nil {
		return err
	}
	line, err := json.Marshal(&s)
	if err != nil {
		return fmt.Errorf("write a statement: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, publicMode) //nolint:gosec // public, and the operator names it
	if err != nil {
		return fmt.Errorf("open the file of statements: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write statement to %s: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write statement to %s: %w", path, err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	d, err := os.Open(path) //nolint:gosec // the directory of a file the operator names
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
