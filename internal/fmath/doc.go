// Package fmath holds the exponential and the logarithm in arithmetic that gives the
// same bits on every processor.
//
// # Overview
//
//	Exp(x)   = e^x          within 0.52 ulp
//	Expm1(x) = e^x - 1      within 0.65 ulp
//	Log(x)   = ln x         within 0.52 ulp
//	Log1p(x) = ln(1 + x)    within 0.52 ulp
//	Exp2(x) = 2^x           within 1 ulp
//	Tanh(x)                 within 2 ulp
//	Pow(x, y) = x^y         within 8 + min(|y|, 64) + |y ln x| ulp
//	Sin(x), Cos(x)          within 0.85 ulp
//	Exp32, Log32            in float32, within 1 ulp of that type
//
// where an ulp is the distance of the two float64 around the exact result, and 0.5 ulp
// is the best there is. The bounds hold for all arguments, with subnormal ones and
// subnormal results.
//
// # Bits
//
// The functions of package math are not the same everywhere: on amd64, math.Exp takes
// another path where the processor has a fused multiply-add, and on arm64, ppc64le and
// s390x the compiler fuses x*y + z wherever it may. Here every product is rounded by an
// explicit conversion, float64(x*y), which forbids that, and nothing of package math is
// called that is more than a change of bits.
//
// # Method
//
// Both pairs reduce the argument with a table of 128 entries, so that a short Taylor
// polynomial is left, and carry what does not fit into one float64 in a second one.
// This is the table method of
//
//	P. T. P. Tang, Table-driven implementation of the exponential function in IEEE
//	floating-point arithmetic, ACM Trans. Math. Softw. 15 (1989), doi:10.1145/63522.214389
//	P. T. P. Tang, Table-driven implementation of the logarithm function in IEEE
//	floating-point arithmetic, ACM Trans. Math. Softw. 16 (1990), doi:10.1145/98267.98294
//	P. T. P. Tang, Table-driven implementation of the expm1 function in IEEE
//	floating-point arithmetic, ACM Trans. Math. Softw. 18 (1992), doi:10.1145/146847.146928
package fmath
