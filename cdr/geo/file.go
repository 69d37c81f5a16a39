package geo

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"maps"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
)

// file is one configured file: what was made of it, and what it looked like when it was last tried.
type file struct {
	what, path string
	parse      func([]byte) (any, error)
	install    func(*snapshot, any)

	parsed any         // of the newest readable version
	tried  os.FileInfo // nil: not there
}

// files lists what cfg names.
func files(cfg Config) []*file {
	all := []*file{
		{
			what: "city database", path: cfg.City,
			parse:   func(b []byte) (any, error) { return open(b, KindCity) },
			install: func(s *snapshot, v any) { s.city, _ = v.(*maxminddb.Reader) },
		},
		{
			what: "ASN database", path: cfg.ASN,
			parse:   func(b []byte) (any, error) { return open(b, KindASN) },
			install: func(s *snapshot, v any) { s.asn, _ = v.(*maxminddb.Reader) },
		},
		{
			what: "anonymiser database", path: cfg.Anonymiser,
			parse:   func(b []byte) (any, error) { return open(b, KindAnonymiser) },
			install: func(s *snapshot, v any) { s.anonymiser, _ = v.(*maxminddb.Reader) },
		},
		{
			what: "network classes", path: cfg.Networks,
			parse: func(b []byte) (any, error) { return parseNetworks(b) },
			install: func(s *snapshot, v any) {
				if n, ok := v.(*networks); ok && n != nil {
					s.networks = *n
				}
			},
		},
		{
			what: "cell table", path: cfg.Cells,
			parse:   func(b []byte) (any, error) { return parseCells(b) },
			install: func(s *snapshot, v any) { s.cells, _ = v.(cells) },
		},
		{
			what: "access lines", path: cfg.AccessLines,
			parse:   func(b []byte) (any, error) { return parseLines(b) },
			install: func(s *snapshot, v any) { s.lines, _ = v.(*lines) },
		},
	}
	configured := all[:0]
	for _, f := range all {
		if f.path != "" {
			configured = append(configured, f)
		}
	}
	return configured
}

// changed: the file is not the one last tried.
func (f *file) changed() bool {
	now, err := os.Stat(f.path)
	if err != nil {
		return f.tried != nil
	}
	return f.tried == nil || !same(now, f.tried)
}

func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// load reads the file and keeps what was made of it; on an error what was there stays.
func (f *file) load() error {
	text, err := f.readAll()
	if err == nil {
		var parsed any
		if parsed, err = f.parse(text); err == nil {
			f.parsed = parsed
			return nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("geo: %s %s is not there: put the file there or take it out of the configuration", f.what, f.path)
	}
	return fmt.Errorf("geo: %s %s: %w", f.what, f.path, err)
}

// maxSize is the most a file may hold in bytes; the largest City database known has some 130 MB.
const maxSize = 1 << 30

func (f *file) readAll() ([]byte, error) {
	f.tried = nil
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, err
	}
	f.tried = info
	return readWhole(f.path, info)
}

// readWhole reads a file that looked like info.
func readWhole(path string, info os.FileInfo) ([]byte, error) {
	if !info.Mode().IsRegular() { // before it is opened: a pipe would block
		return nil, errors.New("it is not a regular file")
	}
	if info.Size() > maxSize {
		return nil, fmt.Errorf("it has %d bytes, more than the %d this program reads", info.Size(), maxSize)
	}
	in, err := os.Open(path) //nolint:gosec // the path is the operator's choice
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // only read
	text := make([]byte, info.Size())
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if after, err := in.Stat(); err != nil || !same(info, after) {
		return nil, errors.New("it changed while it was read: write a new file beside it and rename that")
	}
	return text, nil
}

// read loads the files that want says, puts to use what could be read, and reports whether there was anything to load.
func (db *DB) read(want func(*file) bool) (tried bool, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, f := range db.files {
		if !want(f) {
			continue
		}
		tried = true
		switch failed := f.load(); {
		case failed == nil:
		case err == nil:
			err = failed
		default:
			err = fmt.Errorf("%w; %w", err, failed)
		}
	}
	if tried {
		db.current.Store(db.snapshot())
	}
	return tried, err
}

// snapshot puts together the newest readable version of each file.
func (db *DB) snapshot() *snapshot {
	s := &snapshot{recent: recent{seed: maphash.MakeSeed()}}
	for _, f := range db.files {
		f.install(s, f.parsed)
	}
	if len(db.cfg.HostingASNs) > 0 {
		systems := make(map[uint32]class, len(s.networks.systems)+len(db.cfg.HostingASNs))
		maps.Copy(systems, s.networks.systems)
		for _, asn := range db.cfg.HostingASNs {
			systems[asn] = hosting
		}
		s.networks.systems = systems
	}
	return s
}
