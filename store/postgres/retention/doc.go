// Package retention deletes what is too old to be kept, and keeps what a legal hold names. In: a connection of somebody who may
// (role calltrail_retention, or the owner), the period, the key that signs deletions. Out: spans of days that are gone, a signed
// certificate for every run of numbers, holds. cmd/calltrail calls it. The database's functions (028) decide what is old enough and
// what is held; nothing here can delete what they do not give.
package retention
