package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// PublicSuffix added to the path of a key file gives that of its public key.
const PublicSuffix = ".pub"

// Modes of the two files, whatever the umask is.
const (
	privateMode = 0o600
	publicMode  = 0o644
)

// Create makes a key and writes it to path, and its public half beside it to path + PublicSuffix (PEM, "PUBLIC KEY"). When
// it returns without error, both are on the disk. It never replaces a file: where either exists the error is
// fs.ErrExist, and nothing has changed.
//
// The directory must be there. Made by root, the files belong to the owner of the directory, so that the sensor, which
// runs as the owner of its state directory, can read them.
func Create(path string) (*Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	s := &Signer{key}
	if err := s.save(path); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Signer) save(path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return errors.New("encode the private key: not possible") // the cause could quote it
	}
	defer clear(der)
	private := pem.EncodeToMemory(&pem.Block{Type: privateType, Bytes: der})
	defer clear(private)
	public, err := PublicPEM(s.PublicKey())
	if err != nil {
		return err
	}

	// All is done relative to the opened directory: it may belong to someone else than root, who runs this.
	dir, name := filepath.Split(path)
	if name == "" {
		return fmt.Errorf("key file %s is a directory; name a file", path)
	}
	d, err := openDir(dir)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // synced already, or given up
	if err := d.create(name, privateMode, private); err != nil {
		return err
	}
	if err := d.create(name+PublicSuffix, publicMode, public); err != nil {
		return errors.Join(err, d.Remove(name))
	}
	if err := d.sync(); err != nil {
		return errors.Join(err, d.Remove(name+PublicSuffix), d.Remove(name))
	}
	return nil
}

// directory is where a key is made.
type directory struct {
	*os.Root

	uid, gid int // whom its files shall belong to; -1: whoever makes them
}

func openDir(dir string) (*directory, error) {
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("directory of the key file: %s is not there: make it, or name another file (--key-file, sensor.key_file)", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("directory of the key file: %w", err)
	}
	d := &directory{root, -1, -1}
	if os.Geteuid() != 0 {
		return d, nil
	}
	info, err := root.Stat(".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("directory of the key file: %w", err), root.Close())
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		d.uid, d.gid = int(stat.Uid), int(stat.Gid)
	}
	return d, nil
}

// create writes one new file and waits for the disk. What it began and could not finish it removes.
func (d *directory) create(name string, mode fs.FileMode, data []byte) error {
	path := filepath.Join(d.Name(), name)
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode&privateMode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w, and a key is never replaced; name another file, or move it away first", path, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("make key file: %w", err)
	}
	if err := errors.Join(d.fill(f, mode, data), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("make key file %s: %w", path, err), d.Remove(name))
	}
	return nil
}

func (d *directory) fill(f *os.File, mode fs.FileMode, data []byte) error {
	if d.uid >= 0 {
		if err := f.Chown(d.uid, d.gid); err != nil {
			return err
		}
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// sync makes the names durable, as File.Sync did the contents.
func (d *directory) sync() error {
	f, err := d.Open(".")
	if err != nil {
		return fmt.Errorf("directory of the key file: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("directory of the key file: %w", err)
	}
	return nil
}
