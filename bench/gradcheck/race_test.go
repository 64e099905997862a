//go:build race

package gradcheck

func init() { directions = 1 } // the differences are the business of the run without the detector
