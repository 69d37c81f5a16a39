// Package natlog reads log lines of NATs: which inside address and port got which public one.
//
// What enters is a syslog message (RFC 5424, RFC 3164, and the two usual ways to write either wrongly); what leaves is nat.Event
// values. store/collector calls it. What a line may look like is one table of rules, each of a product whose documentation, or whose
// source, shows the line; docs/subscribers.md lists them. A line that no rule knows is said to be unknown, and never guessed at. It
// keeps nothing of the line, and has no clock: the time of arrival, which gives RFC 3164 its year, is handed in.
package natlog
