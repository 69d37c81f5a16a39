package monitor

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/cmd/calltrail/monitor/status"
)

// run starts m on a free port; it has ended when the test has.
func run(t *testing.T, cfg Config, build func(Config) (*Monitor, error)) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	addr, done := make(chan string, 1), make(chan error, 1)
	cfg.Listen, cfg.Listening = "127.0.0.1:0", func(a net.Addr) { addr <- a.String() }
	m, err := build(cfg)
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case a := <-addr:
		return a
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	return ""
}

func get(t *testing.T, method, url string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func TestServer(t *testing.T) {
	w := newWorld()
	var health error
	from := w.sensor()
	from.Health = func() error { return health }
	addr := run(t, Config{Version: "v1", Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) { return NewSensor(c, from) })
	url := "http://" + addr
	if code, body := get(t, http.MethodGet, url+"/healthz"); code != 503 || body != "the spool cannot be written: disk full\n" {
		t.Errorf("health %d %q", code, body)
	}
	w.sp.Failure = nil
	w.live.Watermark = time.Now().UnixNano()
	if code, body := get(t, http.MethodGet, url+"/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("health %d %q", code, body)
	}
	health = errors.New("the key\ncannot be read")
	if code, body := get(t, http.MethodGet, url+"/healthz"); code != 503 || body != "the key cannot be read\n" {
		t.Errorf("health %d %q", code, body)
	}
	if code, body := get(t, http.MethodGet, url+"/metrics"); code != 200 || !strings.Contains(body, `calltrail_build_info{goversion="go`) || !strings.Contains(body, "process_resident_memory_bytes") {
		t.Errorf("metrics %d %.200q", code, body)
	}
	d, err := status.Ask[status.Sensor](t.Context(), addr)
	if err != nil || d.Sensor != "edge-1" || len(d.Taps) != 2 || d.Clock.Reference != "192.0.2.1" {
		t.Errorf("%+v, %v", d, err)
	}
	for path, want := range map[string]int{"/": 404, "/debug/pprof/": 404, "/debug/vars": 404} {
		if code, _ := get(t, http.MethodGet, url+path); code != want {
			t.Errorf("GET %s gives %d, want %d", path, code, want)
		}
	}
	if code, _ := get(t, http.MethodPost, url+"/status"); code != 405 {
		t.Errorf("POST /status gives %d", code)
	}
	// It answers 431, or closes the connection before all of the request has been sent.
	long, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/status?"+strings.Repeat("x", 64<<10), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.DefaultClient.Do(long); err == nil {
		if _ = answer.Body.Close(); answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a long request gives %d", answer.StatusCode)
		}
	}
}

// A second program on the same address is told so at once.
func TestAddressInUse(t *testing.T) {
	w := newWorld()
	addr := run(t, Config{Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) { return NewSensor(c, w.sensor()) })
	m, err := NewSensor(Config{Listen: addr, Logger: zerolog.Nop()}, w.sensor())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), addr+": address already in use: choose another address") {
		t.Errorf("%v", err)
	}
}

// Nobody can keep more connections open than the server has room for, and one that goes makes room.
func TestConnectionsAreBounded(t *testing.T) {
	w := newWorld()
	addr := run(t, Config{Logger: zerolog.Nop()}, func(c Config) (*Monitor, error) { return NewSensor(c, w.sensor()) })
	var held []net.Conn
	for range mostConnections {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		held = append(held, c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := status.Ask[status.Sensor](ctx, addr); err == nil {
		t.Error("an answer beyond the bound")
	}
	_ = held[0].Close()
	if _, err := status.Ask[status.Sensor](t.Context(), addr); err != nil {
		t.Errorf("no answer when there is room again: %v", err)
	}
}
