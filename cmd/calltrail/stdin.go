package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

// interruptibleStdin makes reading standard input end when ctx does. A read of a pipe that has gone quiet cannot be called
// off otherwise, and the program would seem deaf to its first signal.
func interruptibleStdin(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	in := os.Stdin
	os.Stdin = r
	go func() {
		_, _ = io.Copy(w, in) // how far it came shows at the other end
		_ = w.Close()
	}()
	context.AfterFunc(ctx, func() { _ = w.Close() })
	return nil
}
