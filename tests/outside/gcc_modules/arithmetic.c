#include "module.h"

TESTED(add_sub) { return (u64)(a + b) << 32 | (u32)(a - b); }
TESTED(multiply) { return a * b; }
TESTED(multiply_add) { return a * b + (a ^ b); }
TESTED(divide_unsigned) { return b ? a / b : a; }
TESTED(divide_signed) { return b && !(a == 0x80000000u && b == ~0u) ? (u32)((s32)a / (s32)b) : 1; }
TESTED(remainder_unsigned) { return b ? a % b : a; }
TESTED(remainder_signed) { return b && b != ~0u ? (u32)((s32)a % (s32)b) : 2; }
TESTED(divide_by_ten) { return (u64)(a / 10) << 32 | b % 1000; }
TESTED(divide_by_minus_seven) { return (u32)((s32)a / -7); }
TESTED(shift_by_variable) { return (u64)(a << (b & 31)) << 32 | a >> (b & 31); }
TESTED(shift_arithmetic) { return (u32)((s32)a >> (b & 31)); }
TESTED(rotate) { u32 n = b & 31; return n ? a << n | a >> (32 - n) : a; }
TESTED(leading_zeros) { return a ? __builtin_clz(a) : 32; }
TESTED(swap_bytes) { return (u64)__builtin_bswap32(a) << 32 | __builtin_bswap16((u16)b); }
TESTED(saturated_add) { s64 sum = (s64)(s32)a + (s32)b; return (u32)(sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum); }
TESTED(average) { return (a & b) + ((a ^ b) >> 1); }
TESTED(absolute) { s32 x = (s32)a; return (u32)(x < 0 ? 0u - (u32)x : (u32)x); }
TESTED(is_power_of_two) { return a && !(a & (a - 1)); }
TESTED(reverse_bits)
{
	u32 r = 0;
	for (int i = 0; i < 32; i++, a >>= 1)
		r = r << 1 | (a & 1);
	return r + b;
}
TESTED(count_bits)
{
	a -= a >> 1 & 0x55555555;
	a = (a & 0x33333333) + (a >> 2 & 0x33333333);
	return ((a + (a >> 4) & 0x0f0f0f0f) * 0x01010101u >> 24) + b;
}
TESTED(greatest_common_divisor)
{
	while (b) {
		u32 t = a % b;
		a = b;
		b = t;
	}
	return a;
}
TESTED(square_root)
{
	u32 root = 0, bit = 1u << 30;
	while (bit > a)
		bit >>= 2;
	for (; bit; bit >>= 2)
		if (a >= root + bit) {
			a -= root + bit;
			root = (root >> 1) + bit;
		} else
			root >>= 1;
	return root;
}
TESTED(modular_power)
{
	u64 result = 1, base = a % 1000003u;
	for (u32 e = b & 0xffff; e; e >>= 1, base = base * base % 1000003u)
		if (e & 1)
			result = result * base % 1000003u;
	return result;
}
TESTED(narrow_types) { u8 x = (u8)a; s32 y = (int8_t)b; u16 z = (u16)(a + b); return (u64)(u32)(x * y) << 16 ^ z; }
