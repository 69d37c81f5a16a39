// Package register is the programs' side of the register of requests and of the audit: `calltrail request` and `calltrail audit`.
//
// In: a connection of the person's own, under his own name. Out: requests registered, decided on and listed; the audit listed,
// totalled and verified. Everything that decides is in the database (migration 026), so that plain SQL is held to the same rules;
// only Verify thinks for itself, because a database that was tampered with cannot be its own witness.
//
// It never writes a table, never holds a password, and never logs: selectors are personal data.
package register
