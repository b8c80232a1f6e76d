package typed

// What generated code writes for each program, for programs of any kind.

// bindProgramSpec makes *dst the spec of the program with that C name.
func bindProgramSpec[P any](c *CollectionSpec, dst **ProgramSpec[P], name string) {
	*dst = (*ProgramSpec[P])(BindProgramSpec(c, name, any((*P)(nil)).(AnyProgram)))
}

// bindProgram makes *dst the handle of the loaded program with that C name.
func bindProgram[P any](c *Collection, dst **P, name string) {
	*dst = new(P)
	BindProgram(c, any(*dst).(AnyProgram), name)
}
