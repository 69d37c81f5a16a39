package attest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Bounds of the folder.
const (
	maxCertificates = 4096     // of all; more is an error
	maxForAll       = 8        // certificates directly in the folder: each costs 0.1 to 0.2 ms for a PASSporT of an unknown signer
	maxFile         = 64 << 10 // octets; a certificate has some 1,000
)

// certFile is one file of the folder as it was seen.
type certFile struct {
	path string
	key  string // host and path of the URL that names it, "" for any
	size int64
	time time.Time
}

// list names the files of the folder in lexical order. Those that begin with a dot are passed over: editors and container
// platforms put their own things there.
func list(dir string) ([]certFile, error) {
	var files []certFile
	forAll := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		info, err := os.Stat(path) // of what a link leads to
		if err != nil {
			return err
		}
		if info.IsDir() {
			return nil // a link to a folder is not followed
		}
		f := certFile{path: path, size: info.Size(), time: info.ModTime()}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", path)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if host, rest, ok := strings.Cut(filepath.ToSlash(name), "/"); ok {
			f.key = strings.ToLower(host) + "/" + rest // whatever its name ends with: the URL says what it is
		} else if !isCertificateName(name) {
			return nil
		} else if forAll++; forAll > maxForAll {
			return fmt.Errorf("more than %d certificates for any signer: put them into folders by host and path of their URL", maxForAll)
		}
		if len(files) == maxCertificates {
			return fmt.Errorf("more than %d certificates", maxCertificates)
		}
		files = append(files, f)
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("attest: folder of certificates %s or a file in it is not there: make it or take it out of the configuration: %w", dir, err)
	case err != nil:
		return nil, fmt.Errorf("attest: folder of certificates %s: %w", dir, err)
	}
	return files, nil
}

// isCertificateName tells certificates from what else people keep beside them.
func isCertificateName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".pem", ".crt", ".cer":
		return true
	}
	return false
}

// read reads a file's certificate.
func (f *certFile) read() (*certificate, error) {
	c, err := f.parse()
	if err != nil {
		return nil, fmt.Errorf("attest: certificate %s: %w", f.path, err)
	}
	return c, nil
}

func (f *certFile) parse() (*certificate, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	return parseCertificate(b)
}

// keyOf is the name under which the folder has the certificate of that URL, "" when it can have none.
func keyOf(x5u string) string {
	u, err := url.Parse(x5u)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(u.Path) < 2 {
		return ""
	}
	return strings.ToLower(u.Host) + u.Path
}
