package data

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// pixelEvent is an event of a sensor.
type pixelEvent struct {
	t    int64 // µs
	x, y int32
	p    int32 // polarity, 0 or 1
}

// recording is the content of an event file. The events are in the order of the file.
type recording []pixelEvent

// maxEvents bounds the events of a recording, as the elements of other files: of four numbers each.
const maxEvents = files.MaxElements / 4

func (r *recording) add(e pixelEvent) error {
	if len(*r) == maxEvents {
		return fmt.Errorf("%w: more than %d events", files.ErrTooLarge, maxEvents)
	}
	*r = append(*r, e)
	return nil
}

// maxPixel bounds the coordinates of a sensor.
const maxPixel = 1 << 14

// decoders are the kinds of event files, by the ending of their name.
var decoders = map[string]func(r io.Reader, o eventOptions) (recording, error){
	".bin":    func(r io.Reader, _ eventOptions) (recording, error) { return decodeNMNIST(r) },
	".aedat":  func(r io.Reader, o eventOptions) (recording, error) { return decodeAEDAT(r, o.sensor) },
	".aedat4": func(r io.Reader, o eventOptions) (recording, error) { return decodeAEDAT(r, o.sensor) },
}

// eventOptions are what files do not say.
type eventOptions struct {
	sensor string // layout of addresses in AEDAT 2
	unit   string // of times in .csv and .npy
}

// readRecording reads an event file. trial are the numbers of the recordings in it that the events
// belong to; nil: it is one.
func readRecording(path string, o eventOptions) (rec recording, trial []int32, err error) {
	ext := strings.ToLower(filepath.Ext(path))
	switch decode, ok := decoders[ext]; {
	case ok:
		f, openErr := files.OpenWhole(path)
		if openErr != nil {
			return nil, nil, fmt.Errorf("data: %w", openErr)
		}
		defer f.Close()
		rec, err = decode(f, o)
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	case ext == ".csv" || ext == ".txt":
		rec, trial, err = readEventTable(path, o.unit)
	case ext == ".npy":
		rec, err = readEventArray(path, o.unit)
	default:
		return nil, nil, fmt.Errorf("%s: %w: expected a name ending in .bin, .aedat, .aedat4, .csv or .npy", path, ErrFormat)
	}
	if err != nil {
		return nil, nil, err
	}
	for i, e := range rec {
		if e.x < 0 || e.x >= maxPixel || e.y < 0 || e.y >= maxPixel {
			return nil, nil, fmt.Errorf("%s: %w: event %d is at the pixel (%d, %d), want 0 to %d", path, ErrFormat, i, e.x, e.y, maxPixel-1)
		}
	}
	return rec, trial, nil
}

// decodeNMNIST reads the format of N-MNIST and N-Caltech101 (G. Orchard et al. 2015,
// doi:10.3389/fnins.2015.00437): 5 bytes for each event,
//
//	x, y, polarity (1 bit) and time in µs (23 bits, big-endian)
//
// where y = 240 is no event: the clock has run over, by 8192 µs for all that follow.
func decodeNMNIST(r io.Reader) (rec recording, err error) {
	in := bufio.NewReader(r)
	var b [5]byte
	over := int64(0)
	for {
		switch n, err := io.ReadFull(in, b[:]); {
		case n == 0 && errors.Is(err, io.EOF):
			return rec, nil
		case err != nil:
			return nil, fmt.Errorf("%w: expected events of 5 bytes, found %d bytes after %d events", ErrFormat, n, len(rec))
		}
		if b[1] == 240 {
			over += 1 << 13
			continue
		}
		err := rec.add(pixelEvent{
			t: over + int64(b[2]&0x7f)<<16 + int64(b[3])<<8 + int64(b[4]),
			x: int32(b[0]), y: int32(b[1]), p: int32(b[2] >> 7),
		})
		if err != nil {
			return nil, err
		}
	}
}

// decodeAEDAT reads the formats of jAER and cAER: AEDAT 2, 3.1 and 4, told apart by their first
// line (https://docs.inivation.com/software/software-advanced-usage/file-formats).
func decodeAEDAT(r io.Reader, sensor string) (recording, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	line, err := in.ReadSlice('\n') // of the size of the buffer, or an error
	first := string(line)
	if err != nil || !strings.HasPrefix(first, "#!AER-DAT") {
		return nil, fmt.Errorf("%w: expected an AEDAT file, which begins with #!AER-DAT, found %.20q", ErrFormat, first)
	}
	switch version := strings.TrimSpace(strings.TrimPrefix(first, "#!AER-DAT")); {
	case strings.HasPrefix(version, "2"):
		return decodeAEDAT2(in, sensor)
	case strings.HasPrefix(version, "3"):
		return decodeAEDAT3(in)
	case strings.HasPrefix(version, "4"):
		return decodeAEDAT4(in)
	default:
		return nil, fmt.Errorf("%w: AEDAT %.20q, want version 2, 3.1 or 4", ErrFormat, version)
	}
}

// sensors are the layouts of addresses in AEDAT 2; ok is false for what is no event of a pixel.
var sensors = map[string]func(address uint32) (x, y, p uint32, ok bool){
	"dvs128": func(a uint32) (x, y, p uint32, ok bool) { return a >> 1 & 0x7f, a >> 8 & 0x7f, a & 1, a&0x8000 == 0 },
	"davis": func(a uint32) (x, y, p uint32, ok bool) {
		return a >> 12 & 0x3ff, a >> 22 & 0x1ff, a >> 11 & 1, a>>31 == 0
	},
}

// decodeAEDAT2 reads pairs of an address and a time in µs, both uint32, big-endian, after lines
// that begin with #.
func decodeAEDAT2(in *bufio.Reader, sensor string) (rec recording, err error) {
	layout, ok := sensors[sensor]
	if !ok {
		return nil, fmt.Errorf("%w: AEDAT 2 does not say what sensor it is from, expected data.sensor, dvs128 or davis, found %q", ErrSettings, sensor)
	}
	for {
		c, err := in.Peek(1)
		if err != nil || c[0] != '#' {
			break
		}
		if _, err := in.ReadSlice('\n'); err != nil {
			return nil, fmt.Errorf("%w: AEDAT 2: the header does not end", ErrFormat)
		}
	}
	var b [8]byte
	last, over := uint32(0), int64(0)
	for {
		switch n, err := io.ReadFull(in, b[:]); {
		case n == 0 && errors.Is(err, io.EOF):
			return rec, nil
		case err != nil:
			return nil, fmt.Errorf("%w: AEDAT 2: expected events of 8 bytes, found %d bytes after %d events", ErrFormat, n, len(rec))
		}
		t := binary.BigEndian.Uint32(b[4:])
		if last > t && last-t > 1<<31 {
			over += 1 << 32
		}
		last = t
		if x, y, p, ok := layout(binary.BigEndian.Uint32(b[:])); ok {
			if err := rec.add(pixelEvent{over + int64(t), int32(x), int32(y), int32(p)}); err != nil {
				return nil, err
			}
		}
	}
}

// decodeAEDAT3 reads packets: a header of 28 bytes, and events of which those of the type 1
// (polarity) are taken.
func decodeAEDAT3(in *bufio.Reader) (rec recording, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, fmt.Errorf("%w: AEDAT 3.1: the header does not end with #!END-HEADER", ErrFormat)
		}
		if bytes.HasPrefix(line, []byte("#!END-HEADER")) {
			break
		}
		if line[0] != '#' {
			return nil, fmt.Errorf("%w: AEDAT 3.1: expected a header of lines that begin with #, found %.20q", ErrFormat, line)
		}
	}
	le := binary.LittleEndian
	for packet := 0; ; packet++ {
		var h [28]byte
		switch n, err := io.ReadFull(in, h[:]); {
		case n == 0 && errors.Is(err, io.EOF):
			return rec, nil
		case err != nil:
			return nil, fmt.Errorf("%w: AEDAT 3.1: packet %d: expected a header of 28 bytes, found %d", ErrFormat, packet, n)
		}
		kind, size, stamp, over, capacity, number := le.Uint16(h[0:]), le.Uint32(h[4:]), le.Uint32(h[8:]), le.Uint32(h[12:]), le.Uint32(h[16:]), le.Uint32(h[20:])
		room := int64(size) * int64(capacity)
		if size == 0 || size > 1<<20 || room > 1<<31 || number > capacity {
			return nil, fmt.Errorf("%w: AEDAT 3.1: packet %d of %d events of %d bytes in room for %d", ErrFormat, packet, number, size, capacity)
		}
		const polarity = 1
		if kind != polarity {
			if n, err := io.CopyN(io.Discard, in, room); err != nil {
				return nil, fmt.Errorf("%w: AEDAT 3.1: packet %d: expected %d bytes, found %d", ErrFormat, packet, room, n)
			}
			continue
		}
		if size != 8 || stamp != 4 {
			return nil, fmt.Errorf("%w: AEDAT 3.1: packet %d: events of %d bytes with the time at %d, want 8 and 4", ErrFormat, packet, size, stamp)
		}
		var b [8]byte
		for i := range capacity {
			if _, err := io.ReadFull(in, b[:]); err != nil {
				return nil, fmt.Errorf("%w: AEDAT 3.1: packet %d ends after %d of %d events", ErrFormat, packet, i, capacity)
			}
			if d := le.Uint32(b[:]); i < number && d&1 != 0 { // valid
				err := rec.add(pixelEvent{int64(over)<<31 + int64(le.Uint32(b[4:])&0x7fffffff), int32(d >> 17), int32(d >> 2 & 0x7fff), int32(d >> 1 & 1)})
				if err != nil {
					return nil, err
				}
			}
		}
	}
}

// short reports whether b has no n bytes from at on.
func short(b []byte, at, n int64) bool { return at < 0 || n < 0 || at > int64(len(b))-n }
