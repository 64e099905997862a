// Package mpi lets the processes that an MPI starter (mpiexec, srun) has started exchange bytes.
//
// The MPI library of the machine is opened at run time, without cgo: MPICH 4 and 5, whose
// handles are integers, Open MPI 4 and 5, whose handles are addresses, and the standard ABI of
// MPI 5 (libmpi_abi), told apart by what the library exports. A build that can do so is a
// dynamic binary, and so stands behind the build tag mpi; without the tag [Start] of a process
// that was started alone works all the same, with a world of one rank.
//
// Messages go from rank to rank (MPI_Isend, MPI_Irecv, MPI_Test) and not through collectives,
// for three reasons. MPI_Allreduce may add in an order that depends on the number of ranks. A
// collective that waits for a dead or hanging rank cannot say which; a receive can. And polled
// requests leave the processor to other ranks on the same machine, where the collectives of
// both libraries spin.
package mpi
