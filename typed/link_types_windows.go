package typed

// NetfilterFamily is a protocol family of netfilter: NFPROTO_*.
type NetfilterFamily uint32

// NetfilterHook is a hook of netfilter: NF_INET_*.
type NetfilterHook uint32
