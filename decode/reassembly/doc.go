// Package reassembly puts together what arrives in pieces: IP fragments, TCP streams, SCTP user messages.
package reassembly
