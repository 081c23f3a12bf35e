#include "module.h"

static const char words[] = "initcall relocation symbol section module kernel vector interrupt";
static const char *const names[] = { "zero", "one", "two", "three", "four", "five", "six", "seven" };

static u32 hash(const char *s) { u32 h = 5381; while (*s) h = h * 33 ^ (u8)*s++; return h; }

TESTED(string_length) { return (u32)strlen(words + a % sizeof words) + b; }
TESTED(string_table) { return hash(names[a & 7]) ^ b; }
TESTED(string_compare) { int r = strcmp(names[a & 7], names[b & 7]); return r < 0 ? 1 : r > 0 ? 2 : 3; }
TESTED(string_compare_part) { int r = strncmp(names[a & 7], names[b & 7], 1); return r < 0 ? 1 : r > 0 ? 2 : 3; }
TESTED(string_find) { const char *p = strchr(words, 'a' + a % 26); return p ? (u32)(p - words) : 1000 + b; }
TESTED(string_find_last) { const char *p = strrchr(words, 'a' + b % 26); return p ? (u32)(p - words) : 1000 + a; }
TESTED(memory_copy) { char to[80]; memset(to, a & 0xff, sizeof to); memcpy(to + 3, words + a % 20, b % 40); to[79] = 0; return hash(to); }
TESTED(memory_move) { char to[80]; memcpy(to, words, sizeof words); memmove(to + a % 8, to + b % 8, 40); to[70] = 0; return hash(to); }
TESTED(memory_compare) { int r = memcmp(words + a % 30, words + b % 30, 12); return r < 0 ? 1 : r > 0 ? 2 : 3; }
TESTED(memory_set) { u32 x[9]; memset(x, 0, sizeof x); memset((char *)x + 2, b, a % 30); u32 r = 0; for (int i = 0; i < 9; i++) r = r * 7 + x[i]; return r; }
TESTED(decimal)
{
	char to[12];
	int at = 11;
	to[at] = 0;
	do
		to[--at] = '0' + a % 10;
	while (a /= 10);
	return hash(to + at) + b;
}
TESTED(hexadecimal) { char to[9]; for (int i = 0; i < 8; i++) to[i] = "0123456789abcdef"[a >> (28 - 4 * i) & 15]; to[8] = 0; return hash(to) ^ b; }
TESTED(parse) { const char *s = a & 1 ? "  -12345" : "987654x"; s32 sign = 1, n = 0; while (*s == ' ') s++; if (*s == '-') { sign = -1; s++; } while (*s >= '0' && *s <= '9') n = 10 * n + *s++ - '0'; return (u32)(sign * n) + b; }
TESTED(reversed) { char to[16]; const char *s = names[a & 7]; size_t n = strlen(s); for (size_t i = 0; i < n; i++) to[i] = s[n - 1 - i]; to[n] = 0; return hash(to); }
TESTED(printed) { char to[64]; int n = snprintf(to, sizeof to, "%s=%u/%d %08x %c", names[a & 7], a, (int)b, b, 'a' + (int)(a % 26)); return (u64)n << 32 | hash(to); }
TESTED(printed_short) { char to[8]; int n = snprintf(to, sizeof to, "%x:%u", a, b); return (u64)n << 32 | hash(to); }
TESTED(vowels) { u32 n = 0; for (const char *p = words; *p; p++) n += *p == 'a' || *p == 'e' || *p == 'i' || *p == 'o' || *p == 'u'; return n * a + b; }
