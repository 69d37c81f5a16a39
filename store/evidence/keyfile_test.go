package evidence

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestCreateAndLoad(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077)) // the modes are ours, not the umask's
	path := filepath.Join(t.TempDir(), "sensor.key")
	made, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, path + PublicSuffix: 0o644} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want mode %v", name, info.Mode(), err, want)
		}
	}

	read, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !read.PublicKey().Equal(made.PublicKey()) || len(read.PublicKey()) != PublicKeySize {
		t.Errorf("made %x, read %x", made.PublicKey(), read.PublicKey())
	}
	if !VerifyHead(made.PublicKey(), "s", 1, 2, [32]byte{3}, read.SignHead("s", 1, 2, [32]byte{3})) {
		t.Error("the key that was read does not sign as the one that was made")
	}
	if other, err := Create(path + "2"); err != nil || other.KeyID() == made.KeyID() {
		t.Errorf("a second key: %v, %v", other, err)
	}

	text, err := os.ReadFile(path + PublicSuffix)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(text)
	if block == nil || len(rest) != 0 {
		t.Fatalf("public key file: %q", text)
	}
	if public, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil || !made.PublicKey().Equal(public) {
		t.Errorf("public key file: %v, %v", public, err)
	}
	if again, err := PublicPEM(made.PublicKey()); err != nil || !bytes.Equal(again, text) {
		t.Errorf("PublicPEM: %s, %v; the file has %s", again, err, text)
	}
}

// Who has OpenSSL can make and read our files.
func TestOpenSSL(t *testing.T) {
	openssl := func(args ...string) []byte {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("openssl %s: %v\n%s", args[0], err, out)
		}
		return out
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			t.Fatal(err)
		}
		t.Skip("no openssl on this host")
	}
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
	openssl("genpkey", "-algorithm", "ed25519", "-out", theirs)
	if err := os.Chmod(theirs, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(theirs); err != nil {
		t.Errorf("a key of OpenSSL's: %v", err)
	}

	s, err := Create(ours)
	if err != nil {
		t.Fatal(err)
	}
	message, signature := filepath.Join(dir, "message"), filepath.Join(dir, "signature")
	hash := [32]byte(octets(t, headHash))
	if err := errors.Join(os.WriteFile(message, []byte(headText), 0o600),
		os.WriteFile(signature, s.SignHead(headSensor, headEpoch, headSeq, hash), 0o600)); err != nil {
		t.Fatal(err)
	}
	openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", ours+PublicSuffix, "-sigfile", signature, "-in", message)
	if public := openssl("pkey", "-in", ours, "-pubout"); !bytes.Equal(public, openssl("pkey", "-pubin", "-in", ours+PublicSuffix)) {
		t.Errorf("the two files differ: %s", public)
	}
}

func TestCreateReplacesNothing(t *testing.T) {
	for name, inTheWay := range map[string]func(path string) error{
		"key":           func(path string) error { return os.WriteFile(path, []byte("kept"), 0o600) },
		"public key":    func(path string) error { return os.WriteFile(path+PublicSuffix, []byte("kept"), 0o600) },
		"dangling link": func(path string) error { return os.Symlink(path+".elsewhere", path) },
		"directory":     func(path string) error { return os.Mkdir(path, 0o700) },
		"dangling .pub": func(path string) error { return os.Symlink(path+".elsewhere", path+PublicSuffix) },
		"hard link":     func(path string) error { return os.Link(os.Args[0], path) },
		"pipe":          func(path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "sensor.key")
		if err := inTheWay(path); errors.Is(err, syscall.EXDEV) {
			continue // the test program is on another file system
		} else if err != nil {
			t.Fatal(err)
		}
		before := listing(t, dir)
		if _, err := Create(path); !errors.Is(err, fs.ErrExist) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line of fs.ErrExist", name, err)
		}
		if after := listing(t, dir); after != before {
			t.Errorf("%s: the directory had %s, has %s", name, before, after)
		}
	}
}

// listing is what is in a directory: names, modes, and what is in small files.
func listing(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		text := []byte{}
		if info.Mode().IsRegular() && info.Size() < 100 {
			if text, err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(&out, "%s %v %q; ", e.Name(), info.Mode(), text)
	}
	return out.String()
}

// Of many who make the same key at the same time one does.
func TestCreateOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sensor.key")
	const callers = 16
	made := make(chan *Signer, callers)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			s, err := Create(path)
			switch {
			case err == nil:
				made <- s
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(made)
	if len(made) != 1 {
		t.Fatalf("%d made a key", len(made))
	}
	if read, err := Load(path); err != nil || read.KeyID() != (<-made).KeyID() {
		t.Errorf("%v, %v", read, err)
	}
}

func TestCreateNeedsADirectory(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "nowhere", "sensor.key"), dir + "/", "", filepath.Join(dir, "..") + "/"} {
		if _, err := Create(path); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", path, err)
		}
	}
	if list := listing(t, dir); list != "" {
		t.Errorf("left behind: %s", list)
	}
}

// Root makes the key for whoever owns the directory.
func TestCreateAsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			t.Fatal("needs root, to make a file of another user")
		}
		t.Skip("needs root, to make a file of another user")
	}
	const uid, gid = 64_321, 64_322
	dir := t.TempDir()
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sensor.key")
	if _, err := Create(path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + PublicSuffix} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Uid != uid || stat.Gid != gid {
			t.Errorf("%s belongs to %d:%d, want %d:%d", name, stat.Uid, stat.Gid, uid, gid)
		}
	}
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
}

func pemText(t testing.TB, label string, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func must[K any](t testing.TB) func(K, error) K {
	t.Helper()
	return func(key K, err error) K {
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
}

func TestLoadRefuses(t *testing.T) {
	good := pemText(t, privateType, rfcSigner(t).key)
	public, err := PublicPEM(rfcSigner(t).PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	short := string(pem.EncodeToMemory(&pem.Block{Type: privateType, Bytes: []byte{0x30, 0x2e, 0x02, 0x01, 0x00}}))
	content := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	mode := func(mode fs.FileMode) func(string) error {
		return func(path string) error {
			return errors.Join(os.WriteFile(path, []byte(good), 0o600), os.Chmod(path, mode))
		}
	}
	const noMode = "key file FILE has mode %#o, so that others than its owner can use it; run: chmod 0600 FILE"
	for _, tt := range []struct {
		make func(path string) error
		want string // "" when it is taken
	}{
		{content(good), ""},
		{content(strings.ReplaceAll(good, "\n", "\r\n") + "\r\n"), ""},
		{mode(0o400), ""},
		{mode(0o640), fmt.Sprintf(noMode, 0o640)},
		{mode(0o604), fmt.Sprintf(noMode, 0o604)},
		{mode(0o620), fmt.Sprintf(noMode, 0o620)},
		{mode(0o601), fmt.Sprintf(noMode, 0o601)},
		{func(string) error { return nil }, "key file FILE: file does not exist; make it with: calltrail key init"},
		{func(path string) error { return os.Mkdir(path, 0o700) }, "key file FILE is not a regular file"},
		{func(path string) error { return syscall.Mkfifo(path, 0o600) }, "key file FILE is not a regular file"},
		{
			func(path string) error {
				return errors.Join(content(good)(path+".real"), os.Symlink(path+".real", path))
			},
			"key file FILE is a symbolic link; name the file itself in sensor.key_file",
		},
		{content(""), "key file FILE is empty; move it away and run: calltrail key init"},
		{content("garbage"), "key file FILE is not PEM text; it should begin with -----BEGIN PRIVATE KEY-----"},
		{content(good[:60]), "key file FILE is not PEM text; it should begin with -----BEGIN PRIVATE KEY-----"},
		{content(good + good), "key file FILE holds more than one PEM block; it should hold one private key and nothing else"},
		{content(strings.Repeat(good, 40)), "key file FILE is larger than 4096 octets; it should hold one private key and nothing else"},
		{content(string(public)), "key file FILE holds a public key; name the private one, the file without .pub"},
		{content(short), "key file FILE holds no private key that can be read; it is damaged, or not PKCS #8"},
		{content(pemText(t, "EC PRIVATE KEY", rfcSigner(t).key)), "key file FILE holds PEM of another kind than PRIVATE KEY"},
		{
			content(pemText(t, encryptedType, rfcSigner(t).key)),
			"key file FILE is encrypted; a sensor starts without anyone to type a passphrase: decrypt it, or run calltrail key init",
		},
		{
			content(pemText(t, privateType, must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 1024)))),
			"key file FILE holds a key for RSA; a sensor's is Ed25519",
		},
		{
			content(pemText(t, privateType, must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)))),
			"key file FILE holds a key for ECDSA; a sensor's is Ed25519",
		},
		{
			content(pemText(t, privateType, must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader)))),
			"key file FILE holds a key for X25519; a sensor's is Ed25519",
		},
	} {
		path := filepath.Join(t.TempDir(), "sensor.key")
		if err := tt.make(path); err != nil {
			t.Fatal(err)
		}
		got := ""
		s, err := Load(path)
		if err != nil {
			got = strings.ReplaceAll(err.Error(), path, "FILE")
		} else if !s.PublicKey().Equal(ed25519.PublicKey(octets(t, rfcPublic))) {
			t.Errorf("another key is read: %x", s.PublicKey())
		}
		if got != tt.want {
			t.Errorf("got  %q\nwant %q", got, tt.want)
		}
		if strings.HasSuffix(tt.want, "key init") && strings.Contains(tt.want, "exist") != errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v as fs.ErrNotExist: %v", err, errors.Is(err, fs.ErrNotExist))
		}
	}
}

// Nothing that prints a Signer prints the key.
func TestSignerHidesItsKey(t *testing.T) {
	s := rfcSigner(t)
	if s.KeyID() != rfcKeyID {
		t.Errorf("key id %s, want %s", s.KeyID(), rfcKeyID)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T %v"} {
		for _, v := range []any{s, struct{ S *Signer }{s}, []*Signer{s}} {
			args := []any{v, v}
			text := fmt.Sprintf(verb, args[:strings.Count(verb, "%")]...)
			if holdsSeed(t, text) {
				t.Errorf("%s of %T shows the key", verb, v)
			}
		}
	}
	if text, err := json.Marshal([]any{s}); err != nil || holdsSeed(t, string(text)) {
		t.Errorf("as JSON: %s, %v", text, err)
	}
}

// holdsSeed finds a part of the RFC's private key in a text: in hexadecimal, decimal or base64.
func holdsSeed(t testing.TB, text string) bool {
	t.Helper()
	seed := octets(t, rfcSeed)
	part := seed[4:8]
	text = strings.ToLower(strings.NewReplacer(" ", "", ",", "", "0x", "").Replace(text))
	decimal := strings.NewReplacer(" ", "", "[", "", "]", "").Replace(fmt.Sprintf("%d", part))
	return strings.Contains(text, fmt.Sprintf("%x", part)) || strings.Contains(text, decimal) ||
		strings.Contains(text, string(part)) || strings.Contains(text, strings.ToLower(base64.StdEncoding.EncodeToString(seed[3:9])))
}

// Any text at all is a key or a refusal of one line that does not quote it.
func FuzzKeyFile(f *testing.F) {
	good := pemText(f, privateType, rfcSigner(f).key)
	f.Add([]byte(good))
	f.Add([]byte(good + good))
	f.Add([]byte(strings.Replace(good, "MC4CAQAw", "MC4CAQEw", 1)))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parse(data)
		if err == nil {
			if len(s.PublicKey()) != PublicKeySize || len(s.KeyID()) != 16 {
				t.Errorf("%v of %q", s, data)
			}
			return
		}
		if text := err.Error(); len(text) > 200 || strings.ContainsAny(text, "\r\n") || holdsSeed(t, text) {
			t.Errorf("error %q", text)
		}
	})
}
