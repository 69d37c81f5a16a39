// Package pidf reads the place out of PIDF-LO documents that SIP messages carry (RFC 6442).
package pidf
