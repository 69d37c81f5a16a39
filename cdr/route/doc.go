// Package route tells which way a call goes through the operator's network, and by which trunk it came and left.
//
// In: the two ends of the INVITE's packet with the tap and VLAN it was seen on, and the number called. Out: the role of each
// end, the direction, and the trunks (docs/record.md, group route). What is whose comes from the configuration alone, never
// from what a caller wrote: a caller's number is anybody's to choose. cdr/pipeline asks once for each record.
//
// A [Table] never changes and may be used by any number of goroutines; a look-up allocates nothing. Where nothing is
// configured nothing is said: roles and direction stay empty, and records are as they would be without this package. It
// imports nothing of ours, and knows no clock, log or file.
package route
