#include "module.h"

static const u8 check[] = "123456789";
static const u32 primes[] = { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53 };

static void fill(u32 *to, u32 n, u32 a, u32 b)
{
	for (u32 i = 0; i < n; i++) {
		a = a * 1664525u + 1013904223u + b;
		to[i] = a >> 8;
	}
}
static u32 folded(const u32 *from, u32 n)
{
	u32 r = 17;
	while (n--)
		r = r * 31 + *from++;
	return r;
}

TESTED(crc32)
{
	u32 crc = ~0u;
	for (u32 i = 0; i < 9; i++) {
		crc ^= check[i] ^ (i == 4 ? a & 0xff : 0);
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc + b;
}
TESTED(crc16) { u16 crc = (u16)a; for (u32 i = 0; i < 9; i++) { crc ^= check[i]; for (int k = 0; k < 8; k++) crc = crc & 1 ? (u16)(crc >> 1 ^ 0xa001) : crc >> 1; } return crc + b; }
TESTED(crc8) { u8 crc = (u8)a; for (u32 i = 0; i < 9; i++) { crc ^= check[i]; for (int k = 0; k < 8; k++) crc = crc & 0x80 ? (u8)(crc << 1 ^ 7) : (u8)(crc << 1); } return crc + b; }
TESTED(adler) { u32 x = 1, y = 0; for (u32 i = 0; i < 9; i++) { x = (x + check[i] + (a & 3)) % 65521; y = (y + x) % 65521; } return y << 16 ^ x ^ b; }
TESTED(fowler_noll_vo) { u64 h = 0xcbf29ce484222325ull; for (u32 i = 0; i < 9; i++) h = (h ^ check[i] ^ a) * 0x100000001b3ull; return h + b; }
TESTED(bubble_sort) { u32 x[20]; fill(x, 20, a, b); for (int i = 0; i < 19; i++) for (int j = 0; j < 19 - i; j++) if (x[j] > x[j + 1]) { u32 t = x[j]; x[j] = x[j + 1]; x[j + 1] = t; } return folded(x, 20); }
static void quick(u32 *x, int low, int high)
{
	if (low >= high)
		return;
	u32 pivot = x[(low + high) / 2];
	int i = low, j = high;
	while (i <= j) {
		while (x[i] < pivot) i++;
		while (x[j] > pivot) j--;
		if (i <= j) { u32 t = x[i]; x[i++] = x[j]; x[j--] = t; }
	}
	quick(x, low, j);
	quick(x, i, high);
}
TESTED(quick_sort) { u32 x[40]; fill(x, 40, a, b); quick(x, 0, 39); return folded(x, 40); }
TESTED(insertion_sort) { u32 x[20]; fill(x, 20, b, a); for (int i = 1; i < 20; i++) { u32 v = x[i]; int j = i; for (; j && x[j - 1] > v; j--) x[j] = x[j - 1]; x[j] = v; } return folded(x, 20); }
TESTED(binary_search) { u32 low = 0, high = 16, want = a % 60; while (low < high) { u32 mid = (low + high) / 2; if (primes[mid] < want) low = mid + 1; else high = mid; } return low * 100 + (low < 16 && primes[low] == want) + b; }
TESTED(sieve) { u8 marks[200]; u32 n = 0; memset(marks, 0, sizeof marks); for (u32 i = 2; i < 200; i++) if (!marks[i]) { n += i ^ (a & 7); for (u32 j = i * i; j < 200; j += i) marks[j] = 1; } return n + b; }
TESTED(xorshift) { u32 x = a | 1; for (u32 i = 0; i < (b & 63); i++) { x ^= x << 13; x ^= x >> 17; x ^= x << 5; } return x; }
TESTED(run_length) { char in[] = "aaabccddddde", out[32]; u32 n = 0; in[a % 12] = 'z'; for (u32 i = 0; in[i];) { u32 j = i; while (in[j] == in[i]) j++; out[n++] = (char)('0' + j - i); out[n++] = in[i]; i = j; } u32 r = b; for (u32 i = 0; i < n; i++) r = r * 13 + (u8)out[i]; return r; }
TESTED(base64) { static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"; u32 r = b; for (u32 i = 0; i < 9; i += 3) { u32 x = (u32)check[i] << 16 | check[i + 1] << 8 | check[i + 2]; x ^= a & 0xff; for (int k = 18; k >= 0; k -= 6) r = r * 7 + (u8)digits[x >> k & 63]; } return r; }
TESTED(tea)
{
	u32 sum = 0;
	for (int i = 0; i < 32; i++) {
		sum += 0x9e3779b9u;
		a += (b << 4) + 1 ^ b + sum ^ (b >> 5) + 2;
		b += (a << 4) + 3 ^ a + sum ^ (a >> 5) + 4;
	}
	return (u64)a << 32 | b;
}
TESTED(levenshtein)
{
	static const char one[] = "initcall", other[] = "deferred initcall";
	u8 row[18];
	for (u32 j = 0; j < 18; j++)
		row[j] = (u8)j;
	for (u32 i = 1; i < sizeof one; i++) {
		u8 corner = row[0];
		row[0] = (u8)i;
		for (u32 j = 1; j < sizeof other; j++) {
			u8 best = (u8)(corner + (one[i - 1] != other[j - 1]));
			corner = row[j];
			if (row[j] + 1 < best) best = (u8)(row[j] + 1);
			if (row[j - 1] + 1 < best) best = (u8)(row[j - 1] + 1);
			row[j] = best;
		}
	}
	return row[a % 18] + b;
}
