// Package memory says how much memory values hold and how much a process takes and may take.
package memory
