// Package tunnel reads the headers of tunnels: where the packet inside begins, and which session it is of.
package tunnel
