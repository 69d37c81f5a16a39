// Package question asks the database one question, as the person who is connected, for one of that person's approved requests.
//
// In: a connection under the person's own name, the number of a request, the name of a question and its parameters as they were written.
// Out: the rows that calltrail.ask released, octet by octet as its audit hashed them, with their columns in order and what was watched
// while the calls were made. Called by cmd/calltrail (`query`). It has no rights of its own, checks nothing that the database
// checks, keeps nothing, and logs nothing.
package question
