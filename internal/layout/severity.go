package layout

// Severity of a difference.
type Severity int

const (
	// Nothing: both sides can be used together.
	Nothing Severity = iota
	// Unproved: nobody can say.
	Unproved
	// Warning: the bytes are where they were, and may mean something else.
	Warning
	// Error: Go would read other values than C writes.
	Error
)

// Meeting is where two layouts meet.
type Meeting int

const (
	// AtOpen a generated layout meets that of an object that is opened.
	AtOpen Meeting = iota
	// AtPin a generated layout meets a map that exists.
	AtPin
	// InGo two C types meet that are to be one Go type.
	InGo
)

// severities says for each class what it is at each meeting.
var severities = map[Class][3]Severity{
	//          AtOpen    AtPin     InGo
	Moved:      {Error, Error, Error},
	Retyped:    {Error, Error, Error},
	Meaning:    {Error, Warning, Error},
	Tagged:     {Error, Unproved, Error},
	Renamed:    {Error, Warning, Error},
	Removed:    {Error, Warning, Error},
	Added:      {Nothing, Warning, Error},
	Reserved:   {Nothing, Nothing, Error},
	Revalued:   {Error, Warning, Error},
	Enumerator: {Nothing, Nothing, Error},
	Unknown:    {Unproved, Unproved, Error},
}

// At is how bad the difference is.
func (d Diff) At(m Meeting) Severity { return severities[d.Class][m] }

// Worst is the most severe of several differences.
func Worst(diffs []Diff, m Meeting) Severity {
	worst := Nothing
	for _, d := range diffs {
		worst = max(worst, d.At(m))
	}
	return worst
}
