// Package numbering keeps what others say of telephone numbers: where one is registered and to whom (a provider's table of
// subscribers), which operator has it now (a portability table), and to whom its range was allotted (a numbering plan).
//
// What enters is a CSV file of one Kind, with the name of its source and its date; what leaves is rows in Postgres, and the
// questions are asked in SQL: registration_of, subscriber_numbers, call_registrations (migrations/020_numbering.sql).
// cmd/calltrail calls it.
//
// It never imports a part of a file, never changes a row (a later table replaces an earlier one from its date on), never
// picks one of several sources, and never takes the range of a number for the place where it is registered. It holds one row
// of a file in memory, and logs nothing.
package numbering
