//go:build !windows

package typed

import "github.com/cilium/ebpf/link"

// Anchor is a place among the programs that are attached already: link.Head(),
// link.Tail(), link.BeforeProgram(p), link.AfterLink(l), …
type Anchor = link.Anchor

// NetfilterFamily is a protocol family of netfilter:
// link.NetfilterProtoIPv4, link.NetfilterProtoIPv6.
type NetfilterFamily = link.NetfilterProtocolFamily

// NetfilterHook is a hook of netfilter: link.NetfilterInetLocalIn, …
type NetfilterHook = link.NetfilterInetHook
