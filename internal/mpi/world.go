package mpi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// World is all processes of one start. The zero value is not ready; [Start] makes one. Its
// methods are for one goroutine at a time.
type World struct {
	// Timeout bounds the wait for another rank; 0 means 60 s. It has to be longer than the longest
	// batch.
	Timeout time.Duration

	rank, size int
	link       link // nil for one rank alone
	inbox      []letter
	waits      map[int]waiting // what other ranks have said that they wait for
	round      uint64          // number of exchanges so far
	partner    int             // of the exchange at hand
	left       *Left
	memory     []byte // of the message that came last
}

// link carries messages between ranks. Requests are polled; all calls come from one goroutine.
type link interface {
	// send and receive start a transfer; memory must stay as it is until done says true.
	send(rank, tag int, data []byte) request
	receive(rank, tag int, data []byte) request
	// close ends the use of the library, all together.
	close() error
	// abort ends all processes at once.
	abort()
}

// request is a transfer under way.
type request interface {
	// done reports, without waiting, whether the transfer is complete.
	done() (bool, error)
}

// Tags of messages.
const (
	tagData = iota
	tagControl
)

// letter is the place for the next control message of a rank.
type letter struct {
	data [letterSize]byte
	req  request
}

// Left is the error of an exchange after another rank gave up.
type Left struct {
	Rank   int    // the rank at fault
	Reason string // what it said, or that it said nothing
	Silent bool   // it does not answer, and so will not report anything itself
}

// Error names the rank.
func (l *Left) Error() string { return fmt.Sprintf("rank %d: %s", l.Rank, l.Reason) }

// ErrUnavailable signifies that the processes were started by MPI and this one cannot take part.
var ErrUnavailable = errors.New("mpi")

// starters are the environment variables in which starters tell a process its rank and the size
// of its world.
var starters = [][2]string{
	{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, // Open MPI
	{"PMI_RANK", "PMI_SIZE"},                         // MPICH, and srun --mpi=pmi2
	{"PMIX_RANK", "PMIX_SIZE"},
	{"PMIX_RANK", "SLURM_STEP_NUM_TASKS"}, // srun --mpi=pmix: PMIx itself names the rank alone
}

// Started returns the rank and the number of processes as the starter told them, and whether
// there is a starter at all.
func Started() (rank, size int, ok bool) {
	for _, s := range starters {
		r, errRank := strconv.Atoi(os.Getenv(s[0]))
		n, errSize := strconv.Atoi(os.Getenv(s[1]))
		if errRank == nil && errSize == nil && 0 <= r && r < n {
			return r, n, true
		}
	}
	return 0, 1, false
}

// Local returns the number of processes of the world on this machine, as the starter told it; 1
// where it did not.
func Local() int {
	for _, name := range []string{"MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE"} {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
			return n
		}
	}
	return 1
}

// ShareProcessors leaves this process its part of the processors of the machine, which the
// processes of the world on it have in common.
func ShareProcessors() {
	if n := Local(); n > 1 {
		runtime.GOMAXPROCS(max(1, runtime.NumCPU()/n))
	}
}

// Start takes part in the world of the starter. Without a starter, or with one that started one
// process, it is a world of one rank that needs no library.
//
// Errors wrap [ErrUnavailable]: a build without MPI, no library, a library that counts other
// ranks than the starter did, which is one that belongs to another starter.
func Start() (*World, error) {
	rank, size, _ := Started()
	w := &World{rank: rank, size: size, waits: map[int]waiting{}}
	if size == 1 {
		return w, nil
	}
	l, gotRank, gotSize, err := open()
	if err != nil {
		return nil, fmt.Errorf("%w: rank %d of %d: %w", ErrUnavailable, rank, size, err)
	}
	if gotRank != rank || gotSize != size {
		return nil, fmt.Errorf("%w: the starter counts this process as rank %d of %d, its MPI library as %d of %d: the library is not that of the starter; SURGE_MPI_LIBRARY names another",
			ErrUnavailable, rank, size, gotRank, gotSize)
	}
	w.join(l)
	return w, nil
}

// join posts the receives of control messages.
func (w *World) join(l link) {
	w.link, w.inbox = l, make([]letter, w.size)
	for rank := range w.inbox {
		w.await(rank)
	}
}

func (w *World) await(rank int) {
	if rank != w.rank {
		w.inbox[rank].req = w.link.receive(rank, tagControl, w.inbox[rank].data[:])
	}
}

// Rank returns the number of this process, 0 <= Rank < Size.
func (w *World) Rank() int {
	if w == nil {
		return 0
	}
	return w.rank
}

// Size returns the number of processes; 1 without a world.
func (w *World) Size() int {
	if w == nil {
		return 1
	}
	return max(w.size, 1)
}

// header is what precedes a message: its number and its length.
const headerSize = 16

// Exchange gives a message to another rank and returns that rank's message, which is valid until
// the next exchange. Both must call it, each in the same order of its exchanges.
//
// An error is a [*Left] where another rank is at fault: it said so before it left, or it has
// not answered within Timeout.
func (w *World) Exchange(rank int, message []byte) ([]byte, error) {
	if rank == w.Rank() || rank < 0 || rank >= w.Size() || w.link == nil {
		return nil, fmt.Errorf("%w: an exchange of rank %d of %d with rank %d", ErrUnavailable, w.Rank(), w.Size(), rank)
	}
	if w.left != nil {
		return nil, w.left
	}
	w.round, w.partner = w.round+1, rank
	var mine, theirs [headerSize]byte
	put(mine[:], w.round, uint64(len(message)))
	got, err := w.transfer(rank, mine[:], theirs[:])
	if err != nil {
		return nil, err
	}
	round, size := get(got)
	if round != w.round || size > maxMessage {
		return nil, fmt.Errorf("%w: rank %d is at exchange %d with %d bytes, this rank at %d: they do not run the same", ErrUnavailable, rank, round, size, w.round)
	}
	w.memory = slices.Grow(w.memory[:0], int(size))[:size]
	return w.transfer(rank, message, w.memory)
}

// maxMessage bounds what another rank may make us allocate.
const maxMessage = 1 << 36

// transfer sends and receives at the same time, in pieces whose sizes fit an int of C.
func (w *World) transfer(rank int, out, in []byte) ([]byte, error) {
	const piece = 1 << 28
	var requests []request
	for part := range slices.Chunk(in, piece) {
		requests = append(requests, w.link.receive(rank, tagData, part))
	}
	for part := range slices.Chunk(out, piece) {
		requests = append(requests, w.link.send(rank, tagData, part))
	}
	return in, w.wait(rank, requests)
}

func (w *World) timeout() time.Duration {
	if w.Timeout > 0 {
		return w.Timeout
	}
	return time.Minute
}

// wait polls requests, and the control messages of all others.
func (w *World) wait(rank int, requests []request) error {
	start, said, pause := time.Now(), false, time.Microsecond
	for spins := 0; len(requests) > 0; spins++ {
		ok, err := requests[0].done()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if ok {
			requests = requests[1:]
			continue
		}
		if spins < 200 {
			continue // some 20 µs: an answer that is on its way
		}
		if err := w.readLetters(); err != nil {
			return err
		}
		// Half the time over: say so, that the others can tell who waits from who hangs.
		waited := time.Since(start)
		if !said && waited > w.timeout()/2 {
			said = true
			w.tellAll(letterWaits, "")
		}
		if waited > w.timeout() {
			return w.hung(rank, waited)
		}
		time.Sleep(pause)
		pause = min(2*pause, 200*time.Microsecond)
	}
	return nil
}

// hung returns the error that names who does not answer: of all that may be waited for, one that
// does not wait itself.
func (w *World) hung(rank int, waited time.Duration) error {
	for seen := 0; seen < w.size; seen++ {
		next, waits := w.waits[rank]
		if !waits || next.round < w.round {
			break // it is not in an exchange
		}
		rank = next.rank
		if rank == w.rank {
			break
		}
	}
	w.left = &Left{rank, fmt.Sprintf("no answer for %.0f s (exchange %d)", waited.Seconds(), w.round), true}
	return w.left
}

// Leave ends the part of this process, and with it the world: with the reason nil when all
// ranks have come to their end, else as soon as this one cannot go on. The others get reason as
// the error of their exchange. It waits until all have left, 10 s at most where reason is not nil,
// and then ends those that have not.
func (w *World) Leave(reason error) error {
	if w == nil || w.link == nil {
		return nil
	}
	defer func() { w.link = nil }()
	kind, text, patience := letterDone, "", w.timeout()
	if reason != nil {
		patience = 10 * time.Second
		if w.left == nil { // else the others know, or find out as this rank did
			kind, text = letterLeaves, reason.Error()
		}
	}
	if w.left != nil && w.left.Silent {
		patience = 2 * time.Second
	}
	w.tellAll(kind, text)
	start := time.Now()
	for !w.allLeft() {
		if err := w.readLetters(); err != nil && reason == nil {
			reason, patience = err, time.Since(start)+10*time.Second
		}
		if time.Since(start) > patience {
			w.link.abort()
			return reason
		}
		time.Sleep(time.Millisecond)
	}
	return errors.Join(reason, w.link.close())
}

func (w *World) allLeft() bool {
	for rank := range w.inbox {
		if rank != w.rank && w.inbox[rank].req != nil {
			return false
		}
	}
	return true
}

// Variable tells whether an environment variable, NAME=value, is one by which a starter tells a
// process that it is one of many.
func Variable(v string) bool {
	name, _, _ := strings.Cut(v, "=")
	for _, s := range starters {
		if name == s[0] || name == s[1] {
			return true
		}
	}
	return strings.HasPrefix(name, "PMI_") || strings.HasPrefix(name, "PMIX_") || strings.HasPrefix(name, "OMPI_")
}
