// Package status is what a running sensor and a running store say of themselves on /status, and the one screen that
// `calltrail status` makes of it.
//
// In: the JSON of both, and what the command found out from Kafka and Postgres itself. Out: a table of at most 80 columns
// and 23 lines, or JSON; and a list of what is wrong. cmd/calltrail/monitor fills the documents, `calltrail status` asks
// for them and shows them. It never holds a number, an address or a Call-ID of a call.
package status
