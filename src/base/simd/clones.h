// Loops that the compiler makes once for each kind of processor; the loader picks one at start.
//
// KANSOKU_CLONES stands before the definition of a function whose loop has no branches: plain
// arithmetic over arrays, which the compiler turns into vectors by itself. All clones give the same
// bits: nothing is contracted or reordered (-ffp-contract=off, no -ffast-math). Elsewhere than on
// x86-64 there is one version, with the vectors that every such processor has.
// Sanitizers: one version, as their runtimes are not up yet when the loader asks.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer)
#define KANSOKU_ONE_VERSION 1
#endif
#endif

#if defined(__x86_64__) && !defined(KANSOKU_ONE_VERSION)
#define KANSOKU_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KANSOKU_CLONES
#endif
