#include "module.h"

static u64 wide(u32 a, u32 b) { return (u64)a << 32 | b; }

TESTED(wide_add) { return wide(a, b) + wide(b, a); }
TESTED(wide_subtract) { return wide(a, b) - wide(b, a); }
TESTED(wide_multiply) { return wide(a, b) * wide(b, 77); }
TESTED(wide_multiply_high) { return (u64)a * b >> 32; }
TESTED(wide_multiply_signed) { return (u64)((s64)(s32)a * (s32)b); }
TESTED(wide_divide) { return wide(a, b) / (b | 1); }
TESTED(wide_divide_wide) { return wide(a, b) / (wide(b, a) | 1); }
TESTED(wide_remainder) { return wide(a, b) % (wide(1, b) | 1); }
TESTED(wide_divide_signed) { return (u64)((s64)wide(a, b) / ((s64)(s32)b * 3 + (b == 0))); }
TESTED(wide_remainder_signed) { return (u64)((s64)wide(a, b) % ((s64)(s32)a * 5 + (a == 0))); }
TESTED(wide_shift_left) { return wide(a, b) << (b & 63); }
TESTED(wide_shift_right) { return wide(a, b) >> (a & 63); }
TESTED(wide_shift_arithmetic) { return (u64)((s64)wide(a, b) >> (b & 63)); }
TESTED(wide_compare) { return (wide(a, b) < wide(b, a)) | ((s64)wide(a, b) < (s64)wide(b, a)) << 1 | (wide(a, b) == wide(b, a)) << 2; }
TESTED(wide_negate) { return -wide(a, b); }
TESTED(wide_ones) { return wide(a, b) & ~wide(b, a); }
TESTED(wide_factorial) { u64 r = 1; for (u32 i = 2; i <= (a & 31); i++) r *= i; return r + b; }
TESTED(wide_fibonacci) { u64 x = 0, y = 1; for (u32 i = 0; i < (a & 127); i++) { u64 t = x + y; x = y; y = t; } return x ^ b; }
TESTED(wide_decimal_digits) { u64 x = wide(a, b); u32 n = 0; do { n++; x /= 10; } while (x); return n; }
