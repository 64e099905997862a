package models

import "errors"

// ErrParameter is wrapped by errors about the settings of a layer: a time constant
// that is not positive, a wrong number of values.
var ErrParameter = errors.New("models: bad parameter")
