// Package eval is the command surge eval: it runs the simulations that case files describe and prints their numbers.
//
// # Adding a model
//
// A model is one file with a type that satisfies [Model], one entry in the list of models (models.go) and one in the
// table of the names that its case files may use (names.go).
package eval
