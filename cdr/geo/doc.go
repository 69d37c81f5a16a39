// Package geo tells where an address is and whose network it is of, as far as the databases on disk know.
//
// In: an address and any City, ASN and Anonymous-IP database in GeoIP2 format, of whatever vendor (MaxMind, DB-IP): what it
// holds is told by its records, not by its name. Beside them the operator's own lists: classes of prefixes and AS numbers,
// mobile cells → coordinates, and prefixes of access lines → coordinates. Out: a [Place]. cdr/pipeline asks when it makes a record, several times a call, from all its
// goroutines. The files are read into memory, never mapped: a mapped file that someone truncates ends the program with
// SIGBUS. When a file is replaced, [DB.Run] reads the new one and swaps it in whole; a look-up sees the old databases or the
// new ones, never a mixture. A new file that cannot be read changes nothing and is reported. [Inspect] and [Import] are for
// `calltrail geo`, at sites without Internet.
//
// The place is that of the network's user as its provider is known to the database's maker, with a radius of some tens
// of kilometres; of a gateway, relay or VPN it says nothing about the caller. The package never asks anything over a
// network, starts no goroutine, and imports nothing of ours.
package geo
