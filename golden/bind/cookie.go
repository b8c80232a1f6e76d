package bind

// Cookie is cookie_t.
type Cookie uint64
