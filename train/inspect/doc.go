// Package inspect describes files of arrays, such as checkpoints and parameters, and the programs
// of experiments.
package inspect
