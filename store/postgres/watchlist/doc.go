// Package watchlist keeps the lists of what somebody looks for (numbers, addresses, SIP URIs, devices) and looks for it in
// what is stored already.
//
// In: entries, one by one or as CSV and JSON files, and searches. Out: rows of calltrail.watchlist_entry, and of
// calltrail.watchlist_hit for what a search found; lists for export. cmd/calltrail calls it.
//
// New records are not its business: triggers in the database (migration 016) compare them in the transaction that stores
// them, so that no way of storing records can forget it. It never deletes or changes an entry, never imports a part of a
// file, and never writes a value of a list into an error.
package watchlist
