package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// answerBytes bounds an answer: a sensor with a thousand taps gives half a megabyte.
const answerBytes = 4 << 20

// Ask gets the state of a sensor or store that listens on addr (metrics.listen, metrics.store_listen). ctx bounds it.
// The error is one line that begins with "not reachable".
func Ask[T Sensor | Store](ctx context.Context, addr string) (*T, error) {
	addr = reachable(addr)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/status", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("not reachable: %w", err)
	}
	// No proxy stands between a program and its own host.
	transport := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("not reachable: %s: %w", addr, short(err))
	}
	defer func() { _ = answer.Body.Close() }() // read only
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("not reachable: %s answers %s: is it calltrail?", addr, answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("not reachable: %s: %w", addr, short(err))
	case len(body) > answerBytes:
		return nil, fmt.Errorf("not reachable: %s gives more than %s: is it calltrail?", addr, octets(answerBytes))
	}
	return decode[T](body, addr)
}

func decode[T Sensor | Store](body []byte, addr string) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(body, v); err != nil {
		return nil, fmt.Errorf("not reachable: %s gives no status: is it calltrail, of this version?", addr)
	}
	return v, nil
}

// reachable turns an address to listen on into one to connect to.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		if ip != nil && ip.To4() == nil {
			return net.JoinHostPort("::1", port)
		}
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// short leaves of a network error what an operator needs: "connection refused".
func short(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("no answer in time")
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// Patience is how long `calltrail status` waits for each of its sources; it asks them at the same time.
const Patience = 3 * time.Second
