//go:build !mpi || !(linux || darwin)

package mpi

import "errors"

// open of a build without MPI.
func open() (l link, rank, size int, err error) {
	return nil, 0, 0, errors.New("this build of surge cannot open an MPI library: CGO_ENABLED=0 go install -tags mpi github.com/surge-snn/surge/cmd/surge makes one that can, a dynamic binary")
}
