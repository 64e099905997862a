// Package speech makes data sets in the form of SHD: spoken digits of two languages, by synthetic
// voices, as the spikes of 700 channels of a model cochlea. The real set cannot be made at home;
// this one has its shape, its files and its difficulty of voices that were not heard before:
// training and test have different ones.
//
// # The way of a sample
//
//  1. A voice says a digit. [Formants] is a synthesiser of this package: glottal pulses and noise
//     through resonators whose frequencies glide between the phonemes (Klatt 1980,
//     doi:10.1121/1.383940), with the vowels of Peterson & Barney 1952 (doi:10.1121/1.1906875).
//     [Espeak] asks the program espeak-ng.
//  2. [Cochlea] has 700 gammatone filters of second order, from 80 to 5000 Hz, whose centres are
//     equally far apart on the scale of equivalent rectangular bandwidths (Glasberg & Moore 1990,
//     doi:10.1016/0378-5955(90)90170-T).
//  3. A hair cell of each channel compresses the envelope to the power 0.3 and adapts: what is
//     lasting counts less.
//  4. A leaky integrate-and-fire neuron with a refractory time of each channel makes spikes of it.
//
// [Make] writes the files. Equal settings give equal bytes.
package speech
