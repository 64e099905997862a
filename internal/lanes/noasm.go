//go:build !amd64 || noasm

package lanes

func fastAdvance(_ []uint64, _, _, _, _ []float64, _ Factors, _ float64) bool { return false }
func fastRetreat(_, _ []float64, _ Factors) bool                              { return false }
func fastAdd(_, _ []float64) bool                                             { return false }
func fastMoved(_, _, _ []float64, _, _ float64) (float64, bool)               { return 0, false }
func fastFinite(_ []float64) (all, ok bool)                                   { return false, false }
func fastRun(_, _ []float64, _ []Step, _ []float64, _ float64) (done int, hits uint64, ok bool) {
	return 0, 0, false
}
func fastClimb(_, _, _, _ []float64, _ []int64, _ []Step, _ int, _ []float64) (done int, hits uint64, ok bool) {
	return 0, 0, false
}
func fastRunBack(_, _ []float64, _ []Step, _, _, _ []float64, _, _ float64) bool { return false }
func fastCross(_, _ []uint64, _, _, _, _, _ []float64, _, _ float64) bool        { return false }
func fastLog1p(_, _ []float64) bool                                              { return false }
func fastExpm1(_, _ []float64) bool                                              { return false }
func fastExpand(_ []SeriesOp, _, _, _ []Lane, _, _, _ int, _ *Expansion) bool    { return false }
func fastSeriesBack(_ []SeriesOp, _, _, _, _ []Lane, _, _ int) bool              { return false }
func fastPolynomials(_ *Lane, _ []Lane, _, _ *Lane) bool                         { return false }
func fastBounds(_ *Lane, _ []Lane, _, _ *Lane) bool                              { return false }
func fastPowers(_ []Lane, _, _, _ *Lane) bool                                    { return false }
func fastPropagate(_ Each, _ Rates, _ float64, _ int) bool                       { return false }
func fastAdvanceEach(_ []uint64, _, _, _, _ []float64, _ Each, _ []float64) bool { return false }
func fastRetreatEach(_, _ []float64, _ Each) bool                                { return false }
func fastSlopes(_, _, _, _, _, _ []float64, _ Each, _ Rates, _ float64) bool     { return false }
func fastFlow(_ Each, _ Rates, _ []float64) bool                                 { return false }
func fastApproach(_, _, _, _ []float64, _ Rates) bool                            { return false }
func fastHalley(_, _, _, _, _ []float64, _ Each, _ Rates) bool                   { return false }
func fastSettle(_ []uint64, _, _, _, _, _ []float64, _ Each, _ Rates) bool       { return false }
