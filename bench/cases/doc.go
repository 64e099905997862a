// Package cases reads and writes case files, the format of surge eval.
//
// # Overview
//
// A case is one JSON file that says everything about one simulation:
//
//	{"model":  NAME,
//	 "params": {NAME: number, boolean, string, list, object or null},
//	 "inputs": {NAME: {"shape": [...], "data": [row-major]} or null},
//	 ...}
//
// [Read] takes it apart into a [Case]. A model then asks for what it needs through [Fields], which
// checks types, ranges and shapes and keeps the first thing that is wrong:
//
//	f := c.Fields()
//	dt := f.Float("dt", cases.Positive)
//	x := f.Tensor("input", cases.Finite, cases.Shape{batch, steps, n})
//	if err := f.Err(); err != nil {
//		return nil, err
//	}
//
// and answers with a [Result]. Members other than the three above are the answers of somebody else
// ("outputs", "grads", "dtype") and notes; they are looked at by [Case.Answers], [Case.Member] and
// [Case.Check] alone.
//
// # Numbers
//
// Numbers are float64 and are written with as many digits as read back exactly. JSON has no
// infinity: 1e300 stands for +Inf and -1e300 for -Inf, in both directions, so those two finite
// numbers cannot be written. NaN is an error everywhere.
//
// # Reading strictly
//
// Errors are [exit.BadInput]: file, member, what was expected and what was found. Errors are:
// anything that is not one JSON object in UTF-8, a member or name that occurs twice, a number that
// is no float64, a shape that does not fit the length of its data. A shape is compared with the
// data that there are and nothing is allocated after it. Objects and lists are nested at most 64
// deep. All that reading allocates is at most 128 times the size of the file, which a file of
// nothing but tiny members takes; lists of numbers, which case files consist of, take some 15 times
// (the text, the parts of it, and 8 bytes for each number).
package cases
