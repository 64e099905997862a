/* A rank of a world of two that is a program of MPI's own: it does what the role "run" of the test does. It speaks what
 * letter.go and world.go say: a message is a header of 16 bytes (its number and its length) and its bytes, both with tag
 * 0; the last letter, of 512 bytes with tag 1, has the kind 3. */
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what) {
	printf("peer: %s\n", what);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

int main(int argc, char **argv) {
	int rank, size;
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	if (size != 2) fail("not a world of two");
	int other = 1 - rank;
	const int sizes[] = {0, 100, 1 << 20};
	unsigned char *out = malloc(1 << 20), *in = malloc(1 << 20);
	memset(out, rank, 1 << 20);
	for (uint64_t round = 0; round < 20; round++) {
		uint64_t mine[2] = {round + 1, sizes[round % 3]}, theirs[2];
		MPI_Sendrecv(mine, 16, MPI_BYTE, other, 0, theirs, 16, MPI_BYTE, other, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (theirs[0] != mine[0] || theirs[1] != mine[1]) fail("another header");
		int n = sizes[round % 3], got;
		if (n == 0) continue;
		MPI_Status status;
		memset(in, 255, n);
		MPI_Sendrecv(out, n, MPI_BYTE, other, 0, in, n, MPI_BYTE, other, 0, MPI_COMM_WORLD, &status);
		MPI_Get_count(&status, MPI_BYTE, &got);
		if (got != n || status.MPI_SOURCE != other || status.MPI_TAG != 0) fail("another message");
		for (int i = 0; i < n; i++)
			if (in[i] != other) fail("other bytes");
	}
	unsigned char last[512] = {3}, theirs[512];
	MPI_Sendrecv(last, 512, MPI_BYTE, other, 1, theirs, 512, MPI_BYTE, other, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	if (theirs[0] != 3) fail("another last letter");
	printf("done peer %d of %d\n", rank, size);
	MPI_Finalize();
	return 0;
}
