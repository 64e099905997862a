package data

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Kinds of compression of the packets of AEDAT 4.
const (
	aedatPlain = iota
	aedatLZ4
	aedatLZ4High
	aedatZstd
	aedatZstdHigh
)

// maxPacket bounds the bytes of a packet of AEDAT 4, unpacked; cameras write some 10 kB.
const maxPacket = 1 << 28

// decodeAEDAT4 reads the format of DV: after the first line a header and packets, FlatBuffers of
// https://gitlab.com/inivation/dv/dv-processing (tables IOHeader, EventPacket; struct Event: int64
// time in µs, int16 x, int16 y, bool on, in 16 bytes). Packets of other streams are passed over.
func decodeAEDAT4(in *bufio.Reader) (rec recording, err error) {
	at := int64(len("#!AER-DAT4.0\r\n"))
	header, err := sized(in, maxPacket)
	if err != nil {
		return nil, fmt.Errorf("%w: AEDAT 4: header: %w", ErrFormat, err)
	}
	at += 4 + int64(len(header))
	h, ok := rootTable(header)
	if !ok {
		return nil, fmt.Errorf("%w: AEDAT 4: the header is no FlatBuffer", ErrFormat)
	}
	compression, end := int64(aedatPlain), int64(-1)
	if b := h.field(0, 4); b != nil {
		compression = int64(int32(binary.LittleEndian.Uint32(b)))
	}
	if b := h.field(1, 8); b != nil {
		end = int64(binary.LittleEndian.Uint64(b))
	}
	for packet := 0; end < 0 || at < end; packet++ {
		var head [8]byte
		switch n, err := io.ReadFull(in, head[:]); {
		case n == 0 && errors.Is(err, io.EOF) && end < 0:
			return rec, nil
		case err != nil:
			return nil, fmt.Errorf("%w: AEDAT 4: packet %d: expected a header of 8 bytes, found %d", ErrFormat, packet, n)
		}
		size := int64(int32(binary.LittleEndian.Uint32(head[4:])))
		if size < 0 || size > maxPacket {
			return nil, fmt.Errorf("%w: AEDAT 4: packet %d of %d bytes", ErrFormat, packet, size)
		}
		at += 8 + size
		var raw bytes.Buffer
		if n, err := io.CopyN(&raw, in, size); err != nil {
			return nil, fmt.Errorf("%w: AEDAT 4: packet %d: expected %d bytes, found %d", ErrFormat, packet, size, n)
		}
		content, err := unpackAEDAT4(raw.Bytes(), compression)
		if err != nil {
			return nil, fmt.Errorf("%w: AEDAT 4: packet %d: %w", ErrFormat, packet, err)
		}
		if rec, err = appendEventPacket(rec, content); err != nil {
			return nil, fmt.Errorf("%w: AEDAT 4: packet %d: %w", ErrFormat, packet, err)
		}
	}
	return rec, nil
}

// sized reads a buffer after its length.
func sized(in io.Reader, most int64) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(in, n[:]); err != nil {
		return nil, err
	}
	size := int64(binary.LittleEndian.Uint32(n[:]))
	if size > most {
		return nil, fmt.Errorf("%d bytes, want at most %d", size, most)
	}
	var b bytes.Buffer
	if found, err := io.CopyN(&b, in, size); err != nil {
		return nil, fmt.Errorf("expected %d bytes, found %d", size, found)
	}
	return b.Bytes(), nil
}

// A packet may have at most maxUnpacked times the bytes that it takes in the file, beyond
// freeBytes: that of events is some 10, and a file of little more than zeros would fill the memory.
const (
	maxUnpacked = 200
	freeBytes   = 1 << 20
)

// unpackAEDAT4 unpacks the content of a packet.
func unpackAEDAT4(b []byte, compression int64) ([]byte, error) {
	var r io.Reader
	most := min(maxPacket, freeBytes+maxUnpacked*len(b))
	switch compression {
	case aedatPlain:
		return b, nil
	case aedatLZ4, aedatLZ4High:
		r = lz4.NewReader(bytes.NewReader(b))
	case aedatZstd, aedatZstdHigh:
		z, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(most, 8<<20))))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	default:
		return nil, fmt.Errorf("compression %d, want 0 (none), 1, 2 (LZ4), 3 or 4 (Zstandard)", compression)
	}
	content, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err == nil && len(content) > most {
		err = fmt.Errorf("%d bytes unpack to more than %d", len(b), most)
	}
	return content, err
}

// appendEventPacket appends the events of a packet; one of another kind has none.
func appendEventPacket(rec recording, b []byte) (recording, error) {
	if len(b) < 12 || string(b[8:12]) != "EVTS" {
		return rec, nil
	}
	t, ok := rootTable(b[4:])
	if !ok {
		return nil, errors.New("no FlatBuffer")
	}
	list := t.field(0, 4)
	if list == nil {
		return rec, nil
	}
	const width = 16
	start := int64(t.offset(0)) + int64(binary.LittleEndian.Uint32(list))
	if short(t.buf, start, 4) {
		return nil, errors.New("the list of events is outside of the packet")
	}
	n := int64(binary.LittleEndian.Uint32(t.buf[start:]))
	if start += 4; short(t.buf, start, n*width) {
		return nil, fmt.Errorf("%d events in %d bytes", n, int64(len(t.buf))-start)
	}
	for e := t.buf[start : start+n*width]; len(e) > 0; e = e[width:] {
		p := pixelEvent{
			t: int64(binary.LittleEndian.Uint64(e)),
			x: int32(int16(binary.LittleEndian.Uint16(e[8:]))), y: int32(int16(binary.LittleEndian.Uint16(e[10:]))),
		}
		if e[12] != 0 {
			p.p = 1
		}
		if err := rec.add(p); err != nil {
			return nil, err
		}
	}
	return rec, nil
}

// flatTable is a table of a FlatBuffer (https://flatbuffers.dev/internals).
type flatTable struct {
	buf    []byte
	at     int64 // of the table
	vtable int64
}

// rootTable returns the table of a buffer; ok is false where it is none.
func rootTable(b []byte) (t flatTable, ok bool) {
	if short(b, 0, 4) {
		return t, false
	}
	t = flatTable{buf: b, at: int64(binary.LittleEndian.Uint32(b))}
	if short(b, t.at, 4) {
		return t, false
	}
	t.vtable = t.at - int64(int32(binary.LittleEndian.Uint32(b[t.at:])))
	return t, !short(b, t.vtable, 4)
}

// offset returns where field i is in the buffer, or 0 where the table does not have it.
func (t flatTable) offset(i int64) int64 {
	entry := 4 + 2*i
	if size := int64(binary.LittleEndian.Uint16(t.buf[t.vtable:])); entry+2 > size || short(t.buf, t.vtable+entry, 2) {
		return 0
	}
	if o := int64(binary.LittleEndian.Uint16(t.buf[t.vtable+entry:])); o != 0 {
		return t.at + o
	}
	return 0
}

// field returns the n bytes of field i, or nil where the table does not have it.
func (t flatTable) field(i, n int64) []byte {
	o := t.offset(i)
	if o == 0 || short(t.buf, o, n) {
		return nil
	}
	return t.buf[o : o+n]
}
