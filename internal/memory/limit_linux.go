package memory

import (
	"bytes"
	"os"
	"strconv"
)

// Available returns how many bytes this process may take before the machine, or the control group that it
// runs in, has no more; 0 where that is not known.
func Available() int64 {
	free := meminfo("MemAvailable:")
	for _, group := range [][2]string{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		limit, used := number(group[0]), number(group[1])
		if limit > 0 && used > 0 && (free == 0 || limit-used < free) {
			free = max(limit-used, 1)
		}
	}
	return free
}

func meminfo(key string) int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(key)); ok {
			if f := bytes.Fields(rest); len(f) > 0 {
				n, _ := strconv.ParseInt(string(f[0]), 10, 64)
				return n << 10
			}
		}
	}
	return 0
}

// number reads a file with a number; 0 where there is none.
func number(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n
}
