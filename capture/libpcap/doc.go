// Package libpcap takes packets from a network interface through libpcap: the portable engine, for systems without
// AF_PACKET. It is in programs built with the tag libpcap (and with cgo, against libpcap's development package); in others
// Open says so.
//
// In: a capture.TapConfig. Out: a capture.Tap with one capture.Live. Called by calltrail capture. It never looks beyond
// the link header, keeps no packet, and starts no goroutine: the one that calls Next also watches the interface and opens
// it again.
//
// What it cannot do that capture/afpacket does: spread an interface over several workers; count how often the ring was
// full (Freezes stays 0); count packets that are still in the ring (Packets are those handed out and those dropped). libpcap
// puts VLAN tags back itself, and takes each packet of the loopback once, when received.
package libpcap
