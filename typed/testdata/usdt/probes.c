// A program, or with -DLIBRARY a library, with a static probe whose arguments are of all
// sizes and signs: parameters, a local and two global variables, a constant. It fires
// once, and again for each byte that it reads; its exit code is the semaphore. With a path as
// its argument, it is the library there whose probe fires.
#include <dlfcn.h>
#include <stdint.h>
#include <unistd.h>

// What <sys/sdt.h> writes for a probe with a semaphore.
#define PROBE(args, ...)                                                            \
	__asm__ volatile("990: nop\n"                                               \
			 ".pushsection .note.stapsdt,\"\",\"note\"\n"               \
			 ".balign 4\n.4byte 992f-991f, 994f-993f, 3\n"              \
			 "991: .asciz \"stapsdt\"\n"                                \
			 "992: .balign 4\n"                                         \
			 "993: .8byte 990b, _.stapsdt.base, fired_semaphore\n"      \
			 ".asciz \"test\"\n.asciz \"fired\"\n.asciz \"" args "\"\n" \
			 "994: .balign 4\n.popsection\n"                            \
			 ".ifndef _.stapsdt.base\n"                                 \
			 ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
			 ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"           \
			 "_.stapsdt.base: .space 1\n.size _.stapsdt.base, 1\n"      \
			 ".popsection\n.endif\n" ::__VA_ARGS__)

__attribute__((section(".probes"), visibility("hidden"))) volatile unsigned short fired_semaphore;

static int number = -77;
static uint64_t numbers[4] = {11, 22, 33, 44};

__attribute__((noinline)) void fire(int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f, int64_t g, uint64_t h)
{
	volatile int local = -5;
	number--; // so that they are variables
	number++;
	numbers[0]++;
	PROBE("-1@%0 1@%1 -2@%2 2@%3 -4@%4 4@%5 -8@%6 8@%7 -4@%8 8@%9 -4@%10 8@%11",
	      "nor"(a), "nor"(b), "nor"(c), "nor"(d), "nor"(e), "nor"(f), "nor"(g), "nor"(h),
	      "nor"(local), "nor"(numbers[2]), "nor"(number), "nor"(-9L));
}

#ifndef LIBRARY
int main(int argc, char **argv)
{
	void (*fires)(int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t) = fire;
	char c;

	if (argc > 1) {
		void *library = dlopen(argv[1], RTLD_NOW);
		if (!library || !(fires = dlsym(library, "fire")))
			return 99;
	}
	do
		fires(-1, 200, -300, 60000, -70000, 4000000000u, -5000000000L, 0xfedcba9876543210UL);
	while (read(0, &c, 1) == 1);
	return fired_semaphore;
}
#endif
