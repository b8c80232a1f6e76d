package typed

// innerHash is the type of the maps inside others.
type innerHash = HashMap[uint32, uint64]
