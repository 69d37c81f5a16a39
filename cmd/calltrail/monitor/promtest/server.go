package promtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a private Prometheus; it ends with the test.
type Server struct {
	base string
	log  string // file
	died chan error
}

// The lines of deploy/prometheus/prometheus.yml that a test changes.
const (
	sampleSensor = "127.0.0.1:9465"
	sampleStore  = "127.0.0.1:9466"
	samplePause  = "_interval: 15s"
)

// Start runs Prometheus with the example of deploy/, other addresses and shorter pauses in it, and waits until every target
// has been scraped three times.
func Start(tb testing.TB, root string, targets Targets) *Server {
	tb.Helper()
	dir, from := tb.TempDir(), filepath.Join(root, "deploy", "prometheus")
	text := string(read(tb, from, "prometheus.yml"))
	for _, must := range []string{sampleSensor, sampleStore, samplePause} {
		if !strings.Contains(text, must) {
			tb.Fatalf("prometheus.yml has no %s any more: this test needs to know what to change", must)
		}
	}
	text = strings.NewReplacer("'"+sampleSensor+"'", quoted(targets.Sensor), "'"+sampleStore+"'", quoted(targets.Store), samplePause, "_interval: 1s").Replace(text)
	for name, content := range map[string][]byte{"prometheus.yml": []byte(text), "alerts.yml": read(tb, from, "alerts.yml")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	Promtool(tb, dir, "", "check", "config", "prometheus.yml")
	addr := freeAddress(tb)
	s := &Server{base: "http://" + addr, log: filepath.Join(dir, "log"), died: make(chan error, 1)}
	s.run(tb, dir, addr)
	s.until(tb, "prometheus is ready", func() error {
		_, err := s.get(tb, "/-/ready")
		return err
	})
	s.waitForScrapes(tb, targets)
	return s
}

// quoted is a target in a YAML list; none leaves the list empty.
func quoted(target string) string {
	if target == "" {
		return ""
	}
	return "'" + target + "'"
}

func (s *Server) run(tb testing.TB, dir, addr string) {
	tb.Helper()
	log, err := os.Create(s.log)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address="+addr) //nolint:gosec // an address of its own
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		cancel()
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.died <- cmd.Wait()
	}()
	tb.Cleanup(func() {
		cancel()
		<-ended
		_ = log.Close()
	})
}

// freeAddress is a loopback address that nobody listened on a moment ago.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// until asks again and again until the answer is good, or patience or the server is at its end.
func (s *Server) until(tb testing.TB, what string, ask func() error) {
	tb.Helper()
	deadline, ticker := time.After(patience), time.NewTicker(100*time.Millisecond)
	defer ticker.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case died := <-s.died:
			log, _ := os.ReadFile(s.log)
			tb.Fatalf("%s: prometheus ended: %v\n%s", what, died, log)
		case <-deadline:
			tb.Fatalf("%s: not within %s: %v", what, patience, err)
		case <-ticker.C:
		}
	}
}

// waitForScrapes waits until every target has been scraped often enough.
func (s *Server) waitForScrapes(tb testing.TB, targets Targets) {
	tb.Helper()
	for _, target := range []string{targets.Sensor, targets.Store} {
		if target == "" {
			continue
		}
		expr := fmt.Sprintf(`sum_over_time(up{instance=%q}[1m]) >= %d`, target, scrapes)
		s.until(tb, target+" is scraped", func() error {
			switch n, err := s.series(tb, expr); {
			case err != nil:
				return err
			case n == 0:
				return errors.New("too few scrapes succeeded")
			}
			return nil
		})
	}
}

// series is how many series an expression returns now.
func (s *Server) series(tb testing.TB, expr string) (int, error) {
	tb.Helper()
	data, err := s.get(tb, "/api/v1/query?query="+url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	var result struct {
		Data struct {
			Result []json.RawMessage `json:"result"`
		} `json:"data"`
	}
	err = json.Unmarshal(data, &result)
	return len(result.Data.Result), err
}

// rulesAreHealthy waits until Prometheus itself has evaluated every rule, without an error.
func (s *Server) rulesAreHealthy(tb testing.TB) {
	tb.Helper()
	s.until(tb, "the rules are evaluated", func() error {
		data, err := s.get(tb, "/api/v1/rules")
		if err != nil {
			return err
		}
		var result struct {
			Data struct {
				Groups []struct {
					Rules []struct {
						Name      string `json:"name"`
						Health    string `json:"health"`
						LastError string `json:"lastError"`
					} `json:"rules"`
				} `json:"groups"`
			} `json:"data"`
		}
		if err := json.Unmarshal(data, &result); err != nil {
			return err
		}
		for _, g := range result.Data.Groups {
			for _, r := range g.Rules {
				if r.Health != "ok" {
					return fmt.Errorf("rule %s is %s: %s", r.Name, r.Health, r.LastError)
				}
			}
		}
		return nil
	})
}

func (s *Server) get(tb testing.TB, path string) ([]byte, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, body)
	}
	return body, err
}
