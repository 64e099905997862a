// Package replay runs the simulations that case files describe and compares their numbers
// with those in the files: surge's suite of conformance.
//
// # Adding a model
//
// A model is one file with a type that satisfies [Model], one entry in the list of models
// (models.go) and one in the table of the names that its case files may use (names.go).
package replay
