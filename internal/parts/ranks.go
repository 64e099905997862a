package parts

import (
	"fmt"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/mpi"
)

// Ranks returns the rank of this process and the number of processes that a starter has started,
// which share the folder out and the processors of their machine.
//
// The error is [*exit.BadInput]: there are several and no folder.
func Ranks(out string) (rank, ranks int, err error) {
	rank, ranks, _ = mpi.Started()
	mpi.ShareProcessors()
	if ranks > 1 && out == "" {
		err = &exit.BadInput{File: "--out", Expected: fmt.Sprintf("the folder that %d processes share", ranks), Found: "none"}
	}
	return rank, ranks, err
}

// First returns the part of so many at which a rank begins to look, each at another one; 0 ranks
// count as 1. The error is of a rank that there is not.
func First(rank, ranks, parts int) (int, error) {
	ranks = max(ranks, 1)
	if rank < 0 || rank >= ranks {
		return 0, fmt.Errorf("rank %d of %d", rank, ranks)
	}
	return rank * parts / ranks, nil
}
