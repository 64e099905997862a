// Package parts divides work in parts among the processes that have a folder in common, on one
// machine or several: workers of a benchmark, ranks of MPI, tasks of a Slurm array.
//
// The parts that are finished are the lines of one file, the [Journal]. Who holds the lock of a
// part makes it, so that the processes need no other word with each other; the lock goes with the
// process, however that ends, and a part that was not finished is made by another. What a part is
// does not depend on who makes it: any number of processes ends with the same results.
package parts
