package mpi

import (
	"bytes"
	"encoding/binary"
)

// A control message is a letter: its kind, the exchange at which it was written and the rank that
// its writer waits for, and a text that is filled up with zeros.
const letterSize = 512

const (
	letterWaits  = 1 + iota // its writer has waited for half of the timeout
	letterLeaves            // its writer cannot go on
	letterDone              // its writer is through
)

// waiting is what a rank said when it had waited for long.
type waiting struct {
	round uint64
	rank  int
}

func put(dst []byte, a, b uint64) {
	binary.LittleEndian.PutUint64(dst, a)
	binary.LittleEndian.PutUint64(dst[8:], b)
}

func get(src []byte) (a, b uint64) {
	return binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(src[8:])
}

// tellAll sends a letter to all other ranks, without waiting: letters are small, and libraries
// send small messages at once.
func (w *World) tellAll(kind int, text string) {
	var data [letterSize]byte
	data[0] = byte(kind)
	put(data[1:], w.round, uint64(w.partner))
	copy(data[17:], text)
	for rank := range w.size {
		if rank != w.rank {
			r := w.link.send(rank, tagControl, data[:])
			_, _ = r.done() // the library makes progress; a letter that is lost costs a timeout
		}
	}
}

// readLetters takes what has come. An error is a [*Left].
func (w *World) readLetters() error {
	for rank := range w.inbox {
		l := &w.inbox[rank]
		if l.req == nil {
			continue
		}
		if ok, err := l.req.done(); err != nil || !ok {
			continue
		}
		l.req = nil
		round, partner := get(l.data[1:])
		switch l.data[0] {
		case letterWaits:
			w.waits[rank] = waiting{round, int(partner)}
			w.await(rank)
		case letterLeaves:
			text, _, _ := bytes.Cut(l.data[17:], []byte{0})
			if w.left == nil {
				w.left = &Left{Rank: rank, Reason: string(text)}
			}
		}
	}
	if w.left != nil {
		return w.left
	}
	return nil
}
