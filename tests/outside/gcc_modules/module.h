/* What every source here needs, in the guest (freestanding, linked into a module) and on the host (-DHOST). Each function
 * that is tested takes two words and gives a double word, so that one caller fits all. */
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define TESTED(name) u64 name(u32 a, u32 b)

#ifdef HOST
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define kmalloc malloc
#define kfree free
#else
void *kmalloc(size_t size);
void kfree(const void *p);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *one, const void *other, size_t n);
size_t strlen(const char *s);
int strcmp(const char *one, const char *other);
int strncmp(const char *one, const char *other, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
int snprintf(char *to, size_t size, const char *format, ...);

#define MODULE_TEXT_2(name, line, text) \
	static const char name##line[] __attribute__((section(".modinfo"), used, aligned(1))) = text
#define MODULE_TEXT_1(name, line, text) MODULE_TEXT_2(name, line, text)
MODULE_TEXT_1(modinfo, __LINE__, "license=GPL");

int init_module(void) { return 0; }
void cleanup_module(void) { }
#endif
