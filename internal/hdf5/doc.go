// Package hdf5 reads HDF5 files of numbers, strings and lists of variable length, as h5py, PyTables
// and pynwb write them, and writes small ones that these read: the containers of NIR graphs, of
// event data sets (SHD, SSC) and of recordings (NWB).
//
// The format is that of the HDF5 File Format Specification 3.0 (The HDF Group,
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html). Read are superblocks 0 to
// 3, object headers 1 and 2, groups of symbol tables and of links (compact and dense), hard and
// soft links, attributes (compact and dense), compact, contiguous and chunked data (all five chunk
// indices, layout versions 1 to 5), the filters deflate, shuffle, fletcher32 and lzf, integers and
// floating-point numbers of any layout and byte order (so float16), enumerations (so bool), strings
// of fixed and variable length, and variable-length lists of numbers. Not read, and refused by
// name: compounds, references, opaque data, szip, nbit, scale-offset, virtual and external data.
//
// github.com/scigolib/hdf5 (v0.14.0) is not used: on testdata/numbers.h5 it fails on float16, on
// bool and on lzf, and rounds int64 beyond 2^53; on testdata/latest.h5 it does not find the chunks;
// and it cannot write the scalar strings that NIR is made of.
//
// Bytes from outside never cause a panic, and never more memory than the decoded data and one chunk
// take: a size that a file claims is compared with the size it has, or with a limit, before memory
// is taken for it.
//
// Errors wrap those of the package files: ErrCorrupt, ErrFormat (not HDF5, or a part of it that is
// not read), ErrArray (no such object, or another type than asked for), ErrTooLarge.
package hdf5
