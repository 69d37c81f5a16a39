package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"golang.org/x/net/netutil"
)

// Bounds of the server. A scrape is a few requests a minute.
const (
	mostConnections = 16
	mostScrapes     = 4 // at the same time
	headerBytes     = 16 << 10
	readPatience    = 5 * time.Second
	scrapePatience  = 10 * time.Second
	writePatience   = 20 * time.Second
	idlePatience    = 2 * time.Minute
	goodbye         = 2 * time.Second // for requests under way when the program ends
)

// serve answers until ctx ends.
func (m *Monitor) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           m.handler(),
		ReadHeaderTimeout: readPatience,
		ReadTimeout:       readPatience,
		WriteTimeout:      writePatience,
		IdleTimeout:       idlePatience,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          quiet(m.cfg.Logger),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(netutil.LimitListener(listener, mostConnections)) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve metrics: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		_ = server.Close() // whoever is still reading is cut off
	}
	if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

func (m *Monitor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            scrapeLog{m.cfg.Logger},
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: mostScrapes,
		Timeout:             scrapePatience,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		why := m.health()
		if why == "" {
			answer(w, "ok\n")
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		answer(w, strings.ReplaceAll(why, "\n", " ")+"\n")
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		body, err := json.Marshal(m.status())
		if err != nil {
			m.cfg.Logger.Error().Err(err).Msg("no status can be made")
			http.Error(w, "no status can be made", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		answer(w, string(body))
	})
	return harden(mux)
}

// harden keeps browsers from making anything of an answer but text.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// answer writes to a client; one that has gone is nobody's trouble.
func answer(w http.ResponseWriter, text string) { _, _ = w.Write([]byte(text)) }

// scrapeLog takes what went wrong in a scrape.
type scrapeLog struct{ log zerolog.Logger }

func (s scrapeLog) Println(v ...any) {
	s.log.Error().Str("detail", strings.TrimSpace(fmt.Sprintln(v...))).Msg("a metric could not be made")
}
