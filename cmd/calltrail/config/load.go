package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// DefaultFile is read when it exists and no other file is named.
const DefaultFile = "/etc/calltrail/calltrail.yaml"

// EnvFile is the environment variable that names the configuration file.
const EnvFile = "CALLTRAIL_CONFIG"

const envPrefix = "CALLTRAIL_"

// Options says where a configuration comes from.
type Options struct {
	// File is the value of --config. Empty: $CALLTRAIL_CONFIG, else DefaultFile when it exists, else no file.
	File string
	// Environ is the environment as os.Environ gives it. Variables that are no key's are ignored.
	Environ []string
	// Overrides are values of flags.
	Overrides []Override
}

// Override is a value given on the command line.
type Override struct {
	Key   string // "log.level"
	Value string // as in the environment: lists separated by commas
	Flag  string // "--log-level", for messages
}

// Load lays the file over the defaults, the environment over that and the overrides on top. With a non-nil error of
// type Problems the Config holds what could be used, so that Validate can go on; with any other error it is nil.
func Load(o Options) (*Config, error) {
	c := Default()
	c.origins = make(map[string]origin)
	env := environment(o.Environ)

	name, err := chooseFile(o.File, env[EnvFile])
	if err != nil {
		return nil, err
	}
	var problems Problems
	if name != "" {
		data, err := readFile(name)
		if err != nil {
			return nil, err
		}
		c.file = name
		problems = append(problems, c.layFile(name, data)...)
	}
	problems = append(problems, c.layEnvironment(env)...)
	for _, v := range o.Overrides {
		if p, ok := c.layText(v.Key, v.Value, origin{layer: fromFlag, name: v.Flag}); !ok {
			problems = append(problems, p)
		}
	}
	return c, problems.err()
}

func environment(environ []string) map[string]string {
	env := make(map[string]string)
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(name, envPrefix) {
			env[name] = value
		}
	}
	return env
}

// Variable is the environment variable of a key: "kafka.brokers" gives CALLTRAIL_KAFKA_BROKERS.
func Variable(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

func (c *Config) layEnvironment(env map[string]string) Problems {
	var problems Problems
	for _, k := range keys {
		name := Variable(k.path)
		value, ok := env[name]
		if !ok {
			continue
		}
		if p, ok := c.layText(k.path, value, origin{layer: fromEnvironment, name: name}); !ok {
			problems = append(problems, p)
		}
	}
	return problems
}

func (c *Config) layText(path, value string, from origin) (Problem, bool) {
	k, ok := findKey(path)
	if !ok {
		return Problem{Where: from.String(), Key: path, What: "unknown key"}, false
	}
	if err := setText(c.field(k), value); err != nil {
		return Problem{Where: from.String(), Key: path, What: err.Error()}, false
	}
	c.setOrigin(path, from)
	return Problem{}, true
}

// setOrigin notes where a key's value came from and forgets the places of list elements of a lower layer.
func (c *Config) setOrigin(path string, from origin) {
	for p := range c.origins {
		if strings.HasPrefix(p, path+"[") {
			delete(c.origins, p)
		}
	}
	c.origins[path] = from
}

// origin is where the value of a key, or of its i-th element ("own.numbers[2]"), came from.
func (c *Config) origin(path string) origin {
	if o, ok := c.origins[path]; ok {
		return o
	}
	if list, _, ok := strings.Cut(path, "["); ok {
		return c.origins[list]
	}
	return origin{}
}

func chooseFile(flag, env string) (string, error) {
	switch {
	case flag != "":
		return flag, nil
	case env != "":
		return env, nil
	}
	_, err := os.Stat(DefaultFile)
	switch {
	case err == nil:
		return DefaultFile, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	}
	return "", fmt.Errorf("configuration: %w", err)
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("configuration: %s is larger than %s; is it the right file?", name, Size(maxFile))
	}
	return data, nil
}
