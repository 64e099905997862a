//go:build mpi && (linux || darwin)

package mpi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is an MPI library. Its handles and constants differ by family; functions are the same.
type library struct {
	path string
	abi
	initThread, rank, size, isend, irecv, test, abortAll, finalize uintptr

	calls chan job
	codes chan int32
}

// abi is what differs between the families of libraries.
type abi struct {
	family       string
	world, bytes uintptr // MPI_COMM_WORLD, MPI_BYTE
	ignore       uintptr // MPI_STATUS_IGNORE
	funneled     uintptr // MPI_THREAD_FUNNELED
}

// The constants are those of mpi.h of MPICH 4 and 5, which has had them since MPICH 3, and of
// mpi_abi.h of the standard of MPI 5.
var (
	mpich    = abi{family: "MPICH", world: 0x44000000, bytes: 0x4c00010d, ignore: 1, funneled: 1}
	standard = abi{family: "MPI 5 ABI", world: 0x101, bytes: 0x247, ignore: 0, funneled: 1024}
	openMPI  = abi{family: "Open MPI", ignore: 0, funneled: 1}
)

// libraries are the names under which libraries are found, by the starter that runs. The
// first that opens is it; one that does not belong to the starter counts one rank and is refused.
func libraries() []string {
	if path := os.Getenv("SURGE_MPI_LIBRARY"); path != "" {
		return []string{path}
	}
	names := []string{"libmpi_abi.so.1", "libmpich.so.12", "libmpi.so.12", "libmpi.so.40"}
	if _, ok := os.LookupEnv("OMPI_COMM_WORLD_SIZE"); ok {
		names = []string{"libmpi.so.40", "libmpi.so.80"}
	}
	if runtime.GOOS == "darwin" {
		names = []string{"libmpi.dylib", "libmpi_abi.dylib"}
	}
	return names
}

// open opens the library, starts MPI and returns what rank and size it counts.
func open() (l link, rank, size int, err error) {
	lib, err := load()
	if err != nil {
		return nil, 0, 0, err
	}
	go lib.serve()
	// What the library writes to is on the heap, which does not move.
	given, r, n := new(int32), new(int32), new(int32)
	if err := lib.call("MPI_Init_thread", lib.initThread, 0, 0, lib.funneled, pointer(given)); err != nil {
		return nil, 0, 0, err
	}
	if err := lib.call("MPI_Comm_rank", lib.rank, lib.world, pointer(r)); err != nil {
		return nil, 0, 0, err
	}
	if err := lib.call("MPI_Comm_size", lib.size, lib.world, pointer(n)); err != nil {
		return nil, 0, 0, err
	}
	rank, size = int(*r), int(*n)
	runtime.KeepAlive(given)
	return lib, rank, size, nil
}

func load() (*library, error) {
	quiet()
	var failed []error
	for _, path := range libraries() {
		handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL) // Open MPI's plug-ins look for its symbols
		if err != nil {
			failed = append(failed, err)
			continue
		}
		l := &library{path: path, calls: make(chan job), codes: make(chan int32)}
		for name, f := range map[string]*uintptr{
			"MPI_Init_thread": &l.initThread, "MPI_Comm_rank": &l.rank, "MPI_Comm_size": &l.size,
			"MPI_Isend": &l.isend, "MPI_Irecv": &l.irecv, "MPI_Test": &l.test,
			"MPI_Abort": &l.abortAll, "MPI_Finalize": &l.finalize,
		} {
			if *f, err = purego.Dlsym(handle, name); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		l.abi = familyOf(handle)
		return l, nil
	}
	return nil, fmt.Errorf("no MPI library, SURGE_MPI_LIBRARY can name one: %w", errors.Join(failed...))
}

// quiet keeps UCX, the transport under some libraries, from warning about messages that nobody took
// when a run ends early, unless the user has asked for its words. UCX reads the environment of C,
// which is not that of Go, when it is loaded.
func quiet() {
	if setenv, err := purego.Dlsym(purego.RTLD_DEFAULT, "setenv"); err == nil {
		name, value := []byte("UCX_LOG_LEVEL\x00"), []byte("error\x00")
		var pin runtime.Pinner
		pin.Pin(&name[0])
		pin.Pin(&value[0])
		purego.SyscallN(setenv, pointer(&name[0]), pointer(&value[0]), 0) // it copies them
		pin.Unpin()
	}
}

// familyOf tells the families apart by symbols that only one of them has.
func familyOf(handle uintptr) abi {
	if world, err := purego.Dlsym(handle, "ompi_mpi_comm_world"); err == nil {
		a := openMPI
		a.world = world
		if a.bytes, err = purego.Dlsym(handle, "ompi_mpi_byte"); err == nil {
			return a
		}
	}
	_, errABI := purego.Dlsym(handle, "MPI_Abi_get_version")
	_, errFortran := purego.Dlsym(handle, "MPI_F_STATUS_IGNORE") // MPICH has it, the standard ABI has not
	if errABI == nil && errFortran != nil {
		return standard
	}
	return mpich
}

func pointer[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

// call calls a function of the library, in the thread that started MPI (MPI_THREAD_FUNNELED).
func (l *library) call(name string, f uintptr, args ...uintptr) error {
	l.calls <- job{f, args}
	if code := <-l.codes; code != 0 {
		return fmt.Errorf("%s of %s: error %d", name, l.path, code)
	}
	return nil
}

type job struct {
	function uintptr
	args     []uintptr
}

// serve makes the calls.
func (l *library) serve() {
	runtime.LockOSThread()
	for j := range l.calls {
		code, _, _ := purego.SyscallN(j.function, j.args...)
		l.codes <- int32(code)
	}
}

func (l *library) send(rank, tag int, data []byte) request {
	return l.start("MPI_Isend", l.isend, rank, tag, data)
}

func (l *library) receive(rank, tag int, data []byte) request {
	return l.start("MPI_Irecv", l.irecv, rank, tag, data)
}

func (l *library) start(name string, f uintptr, rank, tag int, data []byte) request {
	t := &transfer{lib: l, data: data}
	t.pin.Pin(t)
	at := uintptr(0)
	if len(data) > 0 {
		t.pin.Pin(&data[0])
		at = pointer(&data[0])
	}
	t.err = l.call(name, f, at, uintptr(len(data)), l.bytes, uintptr(rank), uintptr(tag), l.world, pointer(&t.handle))
	return t
}

// transfer is a request of the library. The handle is an int32 or an address: what is behind an
// int32 in memory does not matter.
type transfer struct {
	lib      *library
	data     []byte
	handle   uintptr
	flag     int32
	complete bool
	err      error
	pin      runtime.Pinner
}

func (t *transfer) done() (bool, error) {
	if t.err != nil || t.complete {
		return t.complete, t.err
	}
	t.err = t.lib.call("MPI_Test", t.lib.test, pointer(&t.handle), pointer(&t.flag), t.lib.ignore)
	if t.complete = t.flag != 0; t.complete || t.err != nil {
		t.pin.Unpin()
	}
	return t.complete, t.err
}

func (l *library) close() error {
	err := l.call("MPI_Finalize", l.finalize)
	close(l.calls)
	return err
}

func (l *library) abort() {
	_ = l.call("MPI_Abort", l.abortAll, l.world, 1) // does not return
}
