"""Makes the HDF5 files of the tests. Made with h5py 3.16.0 (HDF5 2.0), numpy 2.4.6."""
import gzip, h5py, numpy as np

def numbers(path, **kw):
    with h5py.File(path, "w", **kw) as f:
        x = np.arange(12.0).reshape(3, 4) / 4 - 1
        for t in ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]:
            f.create_dataset("float/" + t, data=x.astype(t))
        for t in ["i1", "<i2", ">i4", "<i8", "u1", ">u2", "<u4", "<u8"]:
            f.create_dataset("int/" + t, data=(np.arange(6) * 21).astype(t))
        f["negative"] = np.array([-1, -128, 127], "i1")
        f["large"] = np.array([2**53 + 1], "i8")
        f["bool"] = np.array([True, False, True])
        f["scalar"] = np.float32(2.5)
        f["empty"] = h5py.Empty("f4")
        f["none"] = np.zeros((0, 3), "f4")
        f["special"] = np.array([np.inf, -np.inf, np.nan, 2.0**-24, 65504], "f2")
        y = np.arange(5 * 7).reshape(5, 7)
        for name, opt in {
            "gzip": dict(compression="gzip", compression_opts=4),
            "shuffle": dict(compression="gzip", shuffle=True, fletcher32=True),
            "lzf": dict(compression="lzf", shuffle=True),
            "fletcher": dict(fletcher32=True),
            "plain": dict(),
            "grow": dict(maxshape=(None, 7)),
            "growcolumns": dict(maxshape=(5, None), compression="gzip"),
            "growboth": dict(maxshape=(None, None), compression="gzip"),
            "growbothplain": dict(maxshape=(None, None)),
            "one": dict(maxshape=(9, 9), compression="gzip"),
        }.items():
            f.create_dataset("chunked/" + name, data=y.astype("<i4"), chunks=(5, 7) if name == "one" else (2, 3), **opt)
        d = f.create_dataset("chunked/sparse", (6, 4), "f4", chunks=(2, 2), fillvalue=7)
        d[2:4, 2:4] = 1
        f.create_dataset("chunked/unwritten", (3,), "f8", chunks=(2,), fillvalue=-1)
        f.create_dataset("chunked/many", data=np.arange(1100, dtype="<u2"), chunks=(1,))
        f.create_dataset("chunked/manygrow", data=np.arange(400, dtype="<u2"), chunks=(1,), maxshape=(None,))
        f.create_dataset("chunked/manyboth", data=np.arange(400, dtype="<u2").reshape(20, 20), chunks=(1, 1), maxshape=(None, None), compression="gzip")
        f.create_dataset("chunked/cube", data=np.arange(4 * 5 * 6, dtype="<u2").reshape(4, 5, 6), chunks=(2, 2, 4), maxshape=(4, None, 6))
        f["text/scalar"] = "grüß"
        f["text/list"] = ["a", "", "ccc"]
        f["text/fixed"] = np.array([b"ab", b"c"])
        v = f.create_dataset("lists/half", (3,), h5py.vlen_dtype(np.float16))
        w = f.create_dataset("lists/uint16", (3,), h5py.vlen_dtype(np.uint16), compression="gzip", chunks=(2,))
        for i in range(3):
            v[i] = np.arange(i * 300) / 1000
            w[i] = np.arange(i * 300)
        f.attrs["name"] = "value"
        f.attrs["rate"] = 2.5
        f["lists"].attrs["numbers"] = np.arange(3, dtype="i2")
        for i in range(20):
            f["text"].attrs[f"many{i}"] = "x" * i
        for i in range(40):
            f[f"members/m{i:02}"] = i
        f["soft"] = h5py.SoftLink("/chunked/gzip")
        f["chunked/soft"] = h5py.SoftLink("plain")
        f["type"] = np.dtype("<f2")
        f.create_dataset("committed", data=np.ones(2, "f2"), dtype=f["type"])
        f["compound"] = np.zeros(2, [("t", "f4"), ("c", "u2")])

def small(path, **kw):
    """A little of each structure, as a seed for fuzzing."""
    with h5py.File(path, "w", **kw) as f:
        f.create_dataset("x", data=np.arange(6, dtype="f2").reshape(2, 3), chunks=(1, 2), maxshape=(None, 3), compression="gzip", shuffle=True)
        f.create_dataset("y", data=np.arange(3, dtype="i2"), chunks=(1,), fletcher32=True)
        f.create_dataset("z", data=np.arange(4, dtype="i2").reshape(2, 2), chunks=(1, 1), maxshape=(None, None))
        v = f.create_dataset("lists", (2,), h5py.vlen_dtype(np.uint16))
        v[1] = [1, 2]
        f["text"] = "abc"
        f.attrs["name"] = "value"
        for i in range(10):
            f.attrs[f"many{i}"] = i

def far(path):
    """Chunks so far apart that blocks of the index have more than one page."""
    with h5py.File("/tmp/far.h5", "w", libver="latest") as f:
        d = f.create_dataset("far", (150000,), "u2", chunks=(1,), maxshape=(None,))
        for i in range(1, 150000, 1500):
            d[i] = i // 1500 + 1
    with open("/tmp/far.h5", "rb") as f, gzip.GzipFile(path, "wb", mtime=0) as g:
        g.write(f.read())

if __name__ == "__main__":
    numbers("numbers.h5")
    numbers("latest.h5", libver="latest")
    small("small.h5")
    small("small_latest.h5", libver="latest")
    far("far.h5.gz")
    with h5py.File("block.h5", "w", userblock_size=512) as f:
        f["x"] = [1.5, 2.5]
