// Package spoof notes what in a call speaks for a forged caller number.
//
// In: a finished [record.Call], with what the number and place databases said. Out: its indicators, in the order of
// one table of pure functions. cdr/pipeline calls it once for each revision of a record, last of all.
//
// An indicator is a fact to look into, never a verdict, and there is no score. What is not known fires nothing: a call
// of which little was seen has few indicators because little was seen. The package looks nothing up, keeps nothing and
// changes nothing in the call; docs/indicators.md is made from its table.
package spoof
