package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

const sampleFile = "../../../deploy/config/calltrail.yaml"

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func mustLoad(t *testing.T, o Options) *Config {
	t.Helper()
	c, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaultIsValid(t *testing.T) {
	if p := Default().Validate(); p != nil {
		t.Fatal(p)
	}
}

func TestSampleIsTheDefault(t *testing.T) {
	c := mustLoad(t, Options{File: sampleFile})
	if p := c.Validate(); p != nil {
		t.Error(p)
	}
	d := Default()
	for _, k := range keys {
		if got, want := string(c.canonical(k)), string(d.canonical(k)); got != want {
			t.Errorf("%s is %s in the sample, %s by default", k.path, got, want)
		}
		if o := c.origin(k.path); o.layer != fromFile {
			t.Errorf("%s is not in the sample", k.path)
		}
	}
}

func TestSampleExplainsEveryKey(t *testing.T) {
	data, err := os.ReadFile(sampleFile)
	if err != nil {
		t.Fatal(err)
	}
	comment := false // a comment stands above, possibly over several keys
	for i, line := range strings.Split(string(data), "\n") {
		switch text := strings.TrimSpace(line); {
		case text == "":
			comment = false
		case strings.HasPrefix(text, "#"):
			comment = true
		case strings.HasSuffix(text, ":"): // a section: its own comment does not cover its keys
			comment = false
		case !comment:
			t.Errorf("%s:%d: no comment above %q", sampleFile, i+1, text)
		}
	}
}

func TestLayers(t *testing.T) {
	file := write(t, "log: {level: warn}\nkafka:\n  brokers: [one:9092]\n  partitions: 2\n")

	c := mustLoad(t, Options{File: file})
	if c.Log.Level != "warn" || c.Kafka.Partitions != 2 || c.Kafka.Brokers[0] != "one:9092" {
		t.Errorf("the file does not win over the defaults: %+v", c)
	}
	if c.Log.Format != "auto" || c.Kafka.Group != "calltrail-store" {
		t.Errorf("the defaults do not stay below the file: %+v", c)
	}

	environ := []string{
		"CALLTRAIL_LOG_LEVEL=error",
		"CALLTRAIL_KAFKA_BROKERS=two:9092, three:9092",
		"CALLTRAIL_REQUIRE_SERVICES=1", // no key's: ignored
		"CALLTRAIL_OWN_PREFIXES=192.0.2.0/24,2001:db8::1",
		"LOG_LEVEL=trace",
	}
	c = mustLoad(t, Options{File: file, Environ: environ})
	if c.Log.Level != "error" || c.Kafka.Partitions != 2 {
		t.Errorf("the environment does not win over the file: %+v", c)
	}
	if want := []string{"two:9092", "three:9092"}; !reflect.DeepEqual(c.Kafka.Brokers, want) {
		t.Errorf("brokers %v, want %v", c.Kafka.Brokers, want)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::1/128")}; !reflect.DeepEqual(c.Own.Prefixes, want) {
		t.Errorf("prefixes %v, want %v", c.Own.Prefixes, want)
	}

	c = mustLoad(t, Options{File: file, Environ: environ, Overrides: []Override{{"log.level", "debug", "--log-level"}}})
	if c.Log.Level != "debug" {
		t.Errorf("the flag does not win over the environment: %q", c.Log.Level)
	}
}

func TestEveryKeyHasItsVariable(t *testing.T) {
	example := map[kind]string{
		kindString: "x", kindBool: "true", kindInt: "7", kindDuration: "77s", kindSize: "7MiB", kindPrefix: "192.0.2.7",
	}
	for _, k := range keys {
		want, _ := shape(Default().field(k))
		value := example[want]
		if f := Default().field(k); f.Kind() == reflect.Bool {
			value = strconv.FormatBool(!f.Bool())
		}
		c := mustLoad(t, Options{File: os.DevNull, Environ: []string{Variable(k.path) + "=" + value}})
		if reflect.DeepEqual(c.field(k).Interface(), Default().field(k).Interface()) {
			t.Errorf("%s does not set %s", Variable(k.path), k.path)
		}
	}
}

func TestFileChoice(t *testing.T) {
	a, b := write(t, "log: {level: warn}\n"), write(t, "log: {level: error}\n")
	environ := []string{EnvFile + "=" + b}
	if c := mustLoad(t, Options{File: a, Environ: environ}); c.Log.Level != "warn" || c.File() != a {
		t.Errorf("--config does not win over $%s", EnvFile)
	}
	if c := mustLoad(t, Options{Environ: environ}); c.Log.Level != "error" || c.File() != b {
		t.Errorf("$%s is not read", EnvFile)
	}
	_, err := Load(Options{File: filepath.Join(t.TempDir(), "none.yaml")})
	if err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("a missing file gives %v", err)
	}
	if _, err := Load(Options{File: t.TempDir()}); err == nil {
		t.Error("a directory is read as a file")
	}
	if _, err := Load(Options{File: write(t, strings.Repeat("# x\n", maxFile/4+1))}); err == nil || !strings.Contains(err.Error(), "1MiB") {
		t.Errorf("an oversized file gives %v", err)
	}
}

func TestNothingSetIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "# only a comment\n", "---\n", "log:\nkafka:\n", "log:\n  level:\n"} {
		c := mustLoad(t, Options{File: write(t, text)})
		if c.Hash() != Default().Hash() {
			t.Errorf("%q changes the configuration", text)
		}
	}
}

func TestTextKeepsWhatWasWritten(t *testing.T) {
	c := mustLoad(t, Options{File: write(t, "spoof:\n  barred_prefixes: [011, +11, \"0091\"]\nhome: {region: NO}\n")})
	if want := []string{"011", "+11", "0091"}; !reflect.DeepEqual(c.Spoof.BarredPrefixes, want) {
		t.Errorf("%q, want %q", c.Spoof.BarredPrefixes, want)
	}
	if c.Home.Region != "NO" {
		t.Errorf("region %q: Norway became a boolean", c.Home.Region)
	}
}

func TestHomeCountry(t *testing.T) {
	c := Default()
	if c.HomeCountry() != "IN" {
		t.Errorf("%q", c.HomeCountry())
	}
	c.Home.Country = "NP"
	if c.HomeCountry() != "NP" {
		t.Errorf("%q", c.HomeCountry())
	}
}

func TestHash(t *testing.T) {
	base := Default().Hash()
	if len(base) != 64 || base != Default().Hash() {
		t.Fatalf("hash %q", base)
	}
	for _, k := range keys {
		c := Default()
		if f := c.field(k); f.Kind() == reflect.Slice {
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		} else if f.Kind() == reflect.Bool {
			f.SetBool(!f.Bool())
		} else if f.Kind() == reflect.String {
			f.SetString("changed")
		} else {
			f.SetInt(f.Int() + 1)
		}
		if c.Hash() == base {
			t.Errorf("%s is not in the hash", k.path)
		}
	}
	one, two := Default(), Default()
	one.Postgres.DSN = "postgres://u:first@db/x"
	two.Postgres.DSN = "postgres://u:second@db/x"
	if one.Hash() != two.Hash() {
		t.Error("the password is in the hash")
	}
}

func TestDurationAndSizeText(t *testing.T) {
	for text, want := range map[string]time.Duration{"10s": 10 * time.Second, "1h30m0s": 90 * time.Minute, "7d": 168 * time.Hour, "730d": 730 * 24 * time.Hour} {
		d, err := parseDuration(text)
		if err != nil || d.Std() != want || d.String() != text {
			t.Errorf("%s: %v %v", text, d, err)
		}
	}
	for _, text := range []string{"", "10", "d", "-1d", "1.5d", "200000d", "ten", "99999999999d"} {
		if d, err := parseDuration(text); err == nil {
			t.Errorf("%q is %v", text, d)
		}
	}
	for text, want := range map[string]Size{"0": 0, "1500": 1500, "512KiB": 512 << 10, "64MiB": 64 << 20, "8GiB": 8 << 30} {
		s, err := parseSize(text)
		if err != nil || s != want || s.String() != text {
			t.Errorf("%s: %v %v", text, s, err)
		}
	}
	for _, text := range []string{"", "-1", "1MB", "MiB", "9999999999GiB", "1.5GiB"} {
		if s, err := parseSize(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
}
