package status

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What does not answer as a sensor does is an error of one line, whatever it is.
func TestAsk(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a listener that never accepts
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	for _, tt := range []struct {
		name string
		addr string
		body http.HandlerFunc
		want string
	}{
		{name: "well", body: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"sensor":"edge-1"}`)) }},
		{name: "refused", addr: closed.Listener.Addr().String(), want: "connection refused"},
		{name: "mute", addr: mute.Addr().String(), want: "no answer in time"},
		{name: "not found", body: http.NotFound, want: "answers 404 Not Found: is it calltrail?"},
		{name: "not JSON", body: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, want: "gives no status"},
		{name: "endless", body: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat(" ", answerBytes+10)))
		}, want: "gives more than 4.0 MiB"},
		{name: "cut", body: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{"))
		}, want: "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.body != nil {
				server := httptest.NewServer(tt.body)
				defer server.Close()
				tt.addr = server.Listener.Addr().String()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			if tt.name != "mute" {
				ctx = t.Context()
			}
			defer cancel()
			v, err := Ask[Sensor](ctx, tt.addr)
			if tt.want == "" {
				if err != nil || v.Sensor != "edge-1" {
					t.Fatalf("%+v, %v", v, err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "not reachable: ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v, want %q", err, tt.want)
			}
		})
	}
}

// Whatever a stranger answers, the screen can be drawn.
func FuzzScreen(f *testing.F) {
	f.Add([]byte(`{"sensor":"edge-1","taps":[{"name":"eth1","recent":{"flows":1}}],"disk":{"bytes_per_second":1},"recent_seconds":1e308}`))
	f.Add([]byte(`{"taps":[{},{},{},{},{},{}],"spool":{"depth":1},"clock":{"offset_seconds":-1e300}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := decode[Sensor](body, "x")
		if err != nil {
			return
		}
		r := &Report{At: noon, Sensor: Part[Sensor]{Value: s}}
		r.Judge()
		var out strings.Builder
		if err := r.WriteTable(&out, ist); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(out.String(), "\n"); lines > 23+len(s.Delivery) {
			t.Fatalf("%d lines", lines)
		}
	})
}
