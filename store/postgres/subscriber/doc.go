// Package subscriber keeps which subscriber had which address: it reads what RADIUS accounting, DHCP and carrier NAT say
// (RFC 2866, RFC 2131, RFC 6888 section 4) from CSV files into calltrail.assignment, and joins it with the addresses of the calls.
//
// What enters is a file of one Format; what leaves is rows in Postgres, and the questions are asked in SQL: who_used,
// public_of, assignments_of, calls_of_subscriber, common_far_ends (migrations/017_subscriber.sql). cmd/calltrail calls it.
//
// It never imports a part of a file, never changes a row (what is learnt later supersedes), never guesses a time zone, and
// never picks one of several subscribers. It logs nothing: names of people are in all that it touches.
package subscriber
