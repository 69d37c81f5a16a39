// Package scale measures the questions of an investigator, and the search for watchlists in what is stored, in a database of the size
// that two years make. In: a number of calls. Out: a database filled with them, and a table of what each question read of it. It is
// tests alone, which `make bench-queries` runs. It never touches a database that it has not made.
package scale
