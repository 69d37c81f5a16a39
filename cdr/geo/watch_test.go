package geo

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must come; no test waits that long when all is well.
const patience = 20 * time.Second

var mumbai = netip.MustParseAddr("192.0.2.1")

// watched is a DB on copies of the test databases, with Run going and its reports on a channel.
type watched struct {
	*DB
	t       *testing.T
	city    string // path
	reports chan error
}

func watch(t *testing.T, cfg Config) *watched {
	t.Helper()
	w := &watched{t: t, city: filepath.Join(t.TempDir(), "city.mmdb"), reports: make(chan error, 100)}
	w.replace(w.cityOf("Mumbai"))
	cfg.City, cfg.ASN = w.city, testASN
	cfg.OnReload = func(err error) { w.reports <- err }
	if cfg.Settle == 0 {
		cfg.Settle = 5 * time.Millisecond
	}
	if cfg.Poll == 0 {
		cfg.Poll = time.Hour
	}
	w.DB = newDB(t, cfg)
	w.run()
	return w
}

// run starts Run and sees that it ends with the test.
func (w *watched) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
}

// cityOf is a database with another name, of the same length, for Mumbai.
func (w *watched) cityOf(name string) []byte {
	w.t.Helper()
	b, err := os.ReadFile(testCity)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(name) != len("Mumbai") {
		w.t.Fatalf("%q has not the length of Mumbai", name)
	}
	return []byte(strings.Replace(string(b), "Mumbai", name, 1))
}

// replace puts b in place of the city database by rename.
func (w *watched) replace(b []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.city+".new", b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(w.city+".new", w.city); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) report() error {
	w.t.Helper()
	select {
	case err := <-w.reports:
		return err
	case <-time.After(patience):
		w.t.Fatal("no reload was reported")
		return nil
	}
}

func (w *watched) wantCity(want string) {
	w.t.Helper()
	if got := w.Lookup(mumbai).City; got != want {
		w.t.Errorf("%s is in %q, want %q", mumbai, got, want)
	}
}

func TestRunReloads(t *testing.T) {
	w := watch(t, Config{})
	for _, name := range []string{"Nagpur", "Nashik", "Mumbai"} {
		w.Lookup(mumbai) // so that a recent answer could be wrong
		w.replace(w.cityOf(name))
		if err := w.report(); err != nil {
			t.Fatal(err)
		}
		w.wantCity(name)
	}
	if got := w.Stats(); got.Reloads != 3 || got.Failures != 0 {
		t.Errorf("stats %+v, want 3 reloads", got)
	}
}

func TestRunKeepsWhatItHasWhenTheNewFileIsBad(t *testing.T) {
	w := watch(t, Config{})
	good := w.cityOf("Nagpur")
	builds := w.Builds()

	w.replace(good[:len(good)/2])
	err := w.report()
	if err == nil || !strings.Contains(err.Error(), w.city) || !strings.Contains(err.Error(), "stays in use") {
		t.Fatalf("report %v, want the path and that the old one stays in use", err)
	}
	w.wantCity("Mumbai")
	if got := w.Builds(); len(got) != len(builds) || got[0] != builds[0] {
		t.Errorf("builds %v, want %v", got, builds)
	}

	if err := os.Remove(w.city); err != nil {
		t.Fatal(err)
	}
	if err := w.report(); err == nil || !strings.Contains(err.Error(), "is not there") {
		t.Fatalf("report %v, want that the file is not there", err)
	}
	w.wantCity("Mumbai")

	w.replace(good)
	if err := w.report(); err != nil {
		t.Fatal(err)
	}
	w.wantCity("Nagpur")
	if got := w.Stats(); got.Reloads != 1 || got.Failures != 2 {
		t.Errorf("stats %+v, want 1 reload, 2 failures", got)
	}
}

// A file replaced behind a symbolic link, as volumes of container platforms are updated, gives no event of its name.
func TestRunFollowsALink(t *testing.T) {
	dir := t.TempDir()
	w := &watched{t: t, reports: make(chan error, 100)}
	for _, version := range []struct{ dir, city string }{{"one", "Mumbai"}, {"two", "Nagpur"}} {
		if err := os.Mkdir(filepath.Join(dir, version.dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, version.dir, "city.mmdb"), w.cityOf(version.city), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("one", "data")
	link("data/city.mmdb", "city.mmdb")
	w.DB = newDB(t, Config{
		City: filepath.Join(dir, "city.mmdb"), Settle: 5 * time.Millisecond, Poll: time.Hour,
		OnReload: func(err error) { w.reports <- err },
	})
	w.run()
	link("two", "data.new")
	if err := os.Rename(filepath.Join(dir, "data.new"), filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if err := w.report(); err != nil {
		t.Fatal(err)
	}
	w.wantCity("Nagpur")
}

// A folder that cannot be watched is said, and its files are looked at now and then.
func TestRunPolls(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "geo")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &watched{t: t, city: filepath.Join(dir, "city.mmdb"), reports: make(chan error, 100)}
	w.replace(w.cityOf("Mumbai"))
	w.DB = newDB(t, Config{
		City: w.city, Settle: time.Millisecond, Poll: 10 * time.Millisecond,
		OnReload: func(err error) { w.reports <- err },
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	w.run()
	for _, want := range []string{"looking every 10ms instead", "is not there"} {
		if err := w.report(); err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("report %v, want one with %q", err, want)
		}
	}
	w.wantCity("Mumbai")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.replace(w.cityOf("Nashik"))
	if err := w.report(); err != nil {
		t.Fatal(err)
	}
	w.wantCity("Nashik")
}

func TestRunTakesWhatChangedBeforeIt(t *testing.T) {
	w := &watched{t: t, city: filepath.Join(t.TempDir(), "city.mmdb"), reports: make(chan error, 100)}
	w.replace(w.cityOf("Mumbai"))
	w.DB = newDB(t, Config{City: w.city, Settle: time.Millisecond, OnReload: func(err error) { w.reports <- err }})
	w.replace(w.cityOf("Nagpur"))
	w.run()
	if err := w.report(); err != nil {
		t.Fatal(err)
	}
	w.wantCity("Nagpur")
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	w := &watched{t: t, city: filepath.Join(dir, "city.mmdb")}
	w.replace(w.cityOf("Mumbai"))
	networks := filepath.Join(dir, "networks.csv")
	if err := os.WriteFile(networks, []byte("64496,isp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.DB = newDB(t, Config{City: w.city, ASN: testASN, Networks: networks})

	// One bad file does not keep the other back.
	w.replace([]byte("no database"))
	if err := os.WriteFile(networks, []byte("64496,mobile\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Reload(); err == nil || !strings.Contains(err.Error(), w.city) {
		t.Fatalf("error %v, want one that names %s", err, w.city)
	}
	if p := w.Lookup(mumbai); p.City != "Mumbai" || p.Network != "mobile" {
		t.Errorf("place %s, want Mumbai, mobile", text(p))
	}
	if err := newDB(t, Config{}).Reload(); err != nil {
		t.Errorf("nothing to reload: %v", err)
	}
}

// Look-ups while the databases are swapped see one or the other, whole. Run with -race it also shows that nothing is
// shared without care.
func TestLookupDuringReload(t *testing.T) {
	w := &watched{t: t, city: filepath.Join(t.TempDir(), "city.mmdb")}
	w.replace(w.cityOf("Mumbai"))
	w.DB = newDB(t, Config{City: w.city, ASN: testASN})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				p := w.Lookup(mumbai)
				if p.City != "Mumbai" && p.City != "Nagpur" || p.Country != "IN" || p.ASNumber != 64496 {
					t.Errorf("torn place %s", text(p))
					return
				}
				w.Builds()
			}
		})
	}
	for i := range 50 {
		w.replace(w.cityOf([]string{"Nagpur", "Mumbai"}[i%2]))
		if err := w.Reload(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
	w.wantCity("Mumbai")
}
