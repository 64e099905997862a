package speech

import "fmt"

// phone is a target of the vocal tract: formants, Hz, loudness of the voice and of noise from 0 to
// 1, the centre of that noise, and the time that it lasts, s. A stop is silent before its noise.
type phone struct {
	f1, f2, f3  float64
	voice       float64
	noise       float64
	noiseCentre float64 // Hz; 0: through the formants, as a whisper
	time        float64
	stop        bool
}

// phones are those of the digits. Vowels: Peterson & Barney 1952, men.
var phones = map[string]phone{
	"i": {270, 2290, 3010, 1, 0, 0, 0.13, false}, "I": {390, 1990, 2550, 1, 0, 0, 0.09, false},
	"e": {530, 1840, 2480, 1, 0, 0, 0.11, false}, "a": {730, 1090, 2440, 1, 0, 0, 0.13, false},
	"A": {660, 1720, 2410, 1, 0, 0, 0.12, false}, "o": {570, 840, 2410, 1, 0, 0, 0.12, false},
	"U": {440, 1020, 2240, 1, 0, 0, 0.10, false}, "u": {300, 870, 2240, 1, 0, 0, 0.14, false},
	"V": {640, 1190, 2390, 1, 0, 0, 0.11, false}, "y": {280, 1650, 2150, 1, 0, 0, 0.11, false},
	"@": {500, 1450, 2450, 0.8, 0, 0, 0.06, false}, "O": {600, 1000, 2400, 1, 0, 0, 0.08, false},
	"r": {320, 1080, 1400, 0.8, 0, 0, 0.06, false}, "w": {290, 620, 2150, 0.8, 0, 0, 0.06, false},
	"n": {280, 1650, 2500, 0.5, 0, 0, 0.08, false}, "l": {360, 1250, 2700, 0.7, 0, 0, 0.06, false},
	"v": {250, 1100, 2080, 0.5, 0.12, 4200, 0.06, false}, "z": {250, 1700, 2500, 0.4, 0.25, 4600, 0.09, false},
	"s": {320, 1600, 2550, 0, 0.45, 4600, 0.11, false}, "f": {340, 1100, 2100, 0, 0.2, 3900, 0.09, false},
	"T": {320, 1290, 2540, 0, 0.15, 4300, 0.08, false}, "x": {600, 1200, 2300, 0, 0.35, 1300, 0.08, false},
	"t": {400, 1700, 2600, 0, 0.5, 4000, 0.08, true}, "k": {350, 1900, 2400, 0, 0.5, 1900, 0.09, true},
	"b": {250, 900, 2100, 0.3, 0.2, 900, 0.06, true}, "d": {250, 1700, 2600, 0.3, 0.3, 3500, 0.05, true},
}

// digits are the words, one letter for each phone: ten English ones, then ten German ones, as the
// classes of SHD.
var digits = []struct{ key, phones, espeak, language string }{
	{"zero", "zIroU", "zero", "en"}, {"one", "wVn", "one", "en"}, {"two", "tu", "two", "en"}, {"three", "Tri", "three", "en"}, {"four", "for", "four", "en"},
	{"five", "faIv", "five", "en"}, {"six", "sIks", "six", "en"}, {"seven", "sev@n", "seven", "en"}, {"eight", "eIt", "eight", "en"}, {"nine", "naIn", "nine", "en"},
	{"null", "nUl", "null", "de"}, {"eins", "aIns", "eins", "de"}, {"zwei", "tsvaI", "zwei", "de"}, {"drei", "draI", "drei", "de"}, {"vier", "fi@", "vier", "de"},
	{"fuenf", "fynf", "fünf", "de"}, {"sechs", "zeks", "sechs", "de"}, {"sieben", "zib@n", "sieben", "de"}, {"acht", "axt", "acht", "de"}, {"neun", "nOIn", "neun", "de"},
}

// Keys returns the names of the classes.
func Keys() []string {
	keys := make([]string, len(digits))
	for i, d := range digits {
		keys[i] = d.key
	}
	return keys
}

// word returns the phones of a digit.
func word(class int) ([]phone, error) {
	if class < 0 || class >= len(digits) {
		return nil, fmt.Errorf("speech: class %d, want 0 to %d", class, len(digits)-1)
	}
	var w []phone
	for _, r := range digits[class].phones {
		p, ok := phones[string(r)]
		if !ok {
			return nil, fmt.Errorf("speech: no phone %q of %s", r, digits[class].key)
		}
		w = append(w, p)
	}
	return w, nil
}
