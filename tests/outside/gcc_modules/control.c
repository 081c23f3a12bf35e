#include "module.h"

static u32 twice(u32 x) { return 2 * x; }
static u32 thrice(u32 x) { return 3 * x; }
static u32 inverted(u32 x) { return ~x; }
static u32 squared(u32 x) { return x * x; }

static u32 (*const operations[])(u32) = { twice, thrice, inverted, squared };
static u32 (*chosen)(u32) = thrice;

TESTED(switch_dense)
{
	switch (a % 12) {
	case 0: return b + 1;
	case 1: return b * 3;
	case 2: return b ^ 0x55;
	case 3: return b >> 3;
	case 4: return b << 7;
	case 5: return ~b;
	case 6: return b / 9;
	case 7: return b % 9;
	case 8: return b | 0xf0f0;
	case 9: return b & 0x0f0f;
	case 10: return b - 77;
	default: return 4242;
	}
}
TESTED(switch_sparse)
{
	switch (a) {
	case 0: return 10;
	case 1: return 20;
	case 0x7fffffff: return 30;
	case 0x80000000: return 40;
	case 0xffffffff: return 50;
	case 1000: return 60 + b;
	default: return 70;
	}
}
TESTED(switch_fall_through)
{
	u32 r = 0;
	switch (a & 7) {
	case 7: r += b;
	case 6: r *= 3;
	case 5: r ^= a;
	case 4: r += 11; break;
	case 3: r = 99;
	case 2: r <<= 2;
	default: r -= 1;
	}
	return r;
}
TESTED(function_table) { return operations[a & 3](b); }
TESTED(function_variable) { u64 r = chosen(b); chosen = operations[a & 3]; return r << 8 ^ chosen(a); }
static u32 recursive(u32 n, u32 depth) { return depth == 0 || n < 2 ? n : recursive(n / 2, depth - 1) + recursive(n - n / 2 - 1, depth - 1); }
TESTED(recursion) { return recursive(a, 6) + b; }
TESTED(ackermann_like)
{
	u32 stack[64], top = 0, n = b & 3;
	stack[top++] = a & 1;
	while (top && top < 60) {
		u32 m = stack[--top];
		if (m == 0)
			n++;
		else if (n == 0) {
			n = 1;
			stack[top++] = m - 1;
		} else {
			n--;
			stack[top++] = m - 1;
			stack[top++] = m;
		}
	}
	return n;
}
TESTED(nested_loops)
{
	u32 sum = 0;
	for (u32 i = 0; i < (a & 15); i++)
		for (u32 j = i; j < (b & 15); j++) {
			if ((i ^ j) == 3)
				continue;
			if (sum > 100000)
				goto out;
			sum += i * j + 1;
		}
out:
	return sum;
}
TESTED(collatz) { u32 n = (a & 0xffff) + 1, steps = 0; while (n != 1 && steps < 500) { n = n & 1 ? 3 * n + 1 : n / 2; steps++; } return steps ^ b; }
TESTED(short_circuit) { return (a && (b > 5 || !(a & 1))) + 2 * (!a || b) + 4 * ((s32)a < 0 && (s32)b < 0); }
TESTED(conditional_chain) { return a < b ? (a & 1 ? a : b) : a == b ? 7 : (s32)a < (s32)b ? 9 : 11; }
static u32 many(u32 a, u32 b, u32 c, u32 d, u32 e, u32 f, u64 g, u32 h) { return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + (u32)(7 * g >> 3) + 8 * h; }
static u32 (*volatile many_at)(u32, u32, u32, u32, u32, u32, u64, u32) = many;
TESTED(many_arguments) { return many_at(a, b, a ^ b, 4, b >> 1, 6, (u64)a << 20, 8); }
static u32 sum_of(u32 n, ...)
{
	__builtin_va_list list;
	u64 sum = 0;
	__builtin_va_start(list, n);
	while (n--)
		sum = sum * 31 + __builtin_va_arg(list, u32);
	__builtin_va_end(list);
	return (u32)sum;
}
TESTED(variable_arguments) { return sum_of(5, a, b, a + b, a - b, 5u); }
