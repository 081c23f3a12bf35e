#include "module.h"

struct point { s32 x, y; };
struct packed { u8 tag; u32 value; u16 end; } __attribute__((packed));
struct bits { u32 low : 5, middle : 11, flag : 1; s32 sign : 7; u32 high : 8; };
struct node { struct node *next; u32 value; };
union pun { u32 word; u8 bytes[4]; u16 halves[2]; };

static u32 counter;
static u32 zeroed[100];
static struct point origin = { 3, -4 };
static const struct { const char *name; struct point *where; u32 values[3]; } rows[] = {
	{ "first", &origin, { 1, 2, 3 } },
	{ "second", &origin, { 40, 50, 60 } },
};
u32 exported_variable = 0x1234;
u32 *pointer_to_variable = &exported_variable;

static struct point moved(struct point p, s32 by) { struct point r = { p.x + by, p.y - by }; return r; }

TESTED(struct_by_value) { struct point p = { (s32)a, (s32)b }; p = moved(moved(p, 5), (s32)a); return (u64)(u32)p.x << 32 | (u32)p.y; }
TESTED(struct_packed) { struct packed p = { (u8)a, b, (u16)(a ^ b) }; p.value += p.tag; return (u64)p.value << 16 | p.end; }
TESTED(struct_size) { return sizeof(struct packed) | sizeof(struct point) << 8 | sizeof(struct bits) << 16; }
TESTED(bit_fields) { struct bits f = { 0 }; f.low = a; f.middle = b; f.flag = a >> 31; f.sign = (s32)b; f.high = a >> 4; f.low += 3; return (u64)f.low | (u64)f.middle << 8 | (u64)f.flag << 24 | (u64)(u32)(s32)f.sign << 25 ^ (u64)f.high << 40; }
TESTED(union_bytes) { union pun p = { a }; p.bytes[1] ^= (u8)b; return (u64)p.word << 16 | p.halves[1]; }
TESTED(static_variable) { counter += a & 0xff; return counter ^ b; }
TESTED(static_zero) { zeroed[a % 100] += b; u32 sum = 0; for (int i = 0; i < 100; i++) sum += zeroed[i] * (u32)(i + 1); return sum; }
TESTED(initialised_data) { return (u32)(origin.x * 100 + origin.y) + a - b; }
TESTED(table_of_pointers) { return rows[a & 1].values[b % 3] + (u32)rows[b & 1].where->x + (u32)rows[a & 1].name[0]; }
TESTED(pointer_to_global) { *pointer_to_variable += a; return exported_variable ^ b; }
TESTED(linked_list)
{
	struct node nodes[8], *head = 0;
	for (u32 i = 0; i < 8; i++) {
		nodes[i].value = a * i + b;
		nodes[i].next = head;
		head = &nodes[i];
	}
	struct node *back = 0;
	while (head) {
		struct node *next = head->next;
		head->next = back;
		back = head;
		head = next;
	}
	u32 r = 0;
	for (; back; back = back->next)
		r = r * 5 + back->value;
	return r;
}
TESTED(heap_memory)
{
	u32 *p = kmalloc(400), r = 0;
	if (!p)
		return 0;
	for (u32 i = 0; i < 100; i++)
		p[i] = i * a + b;
	for (u32 i = 0; i < 100; i++)
		r = r * 3 + p[99 - i];
	kfree(p);
	return r;
}
TESTED(matrix)
{
	u32 m[3][3] = { { a, 1, 2 }, { 3, b, 5 }, { 6, 7, a ^ b } }, r[3][3], sum = 0;
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++) {
			r[i][j] = 0;
			for (int k = 0; k < 3; k++)
				r[i][j] += m[i][k] * m[k][j];
		}
	for (int i = 0; i < 9; i++)
		sum = sum * 17 + r[i / 3][i % 3];
	return sum;
}
TESTED(unaligned_read) { u8 raw[8]; memcpy(raw, &a, 4); memcpy(raw + 4, &b, 4); u32 x; memcpy(&x, raw + 3, 4); return x; }
TESTED(large_frame) { volatile u32 big[300]; for (u32 i = 0; i < 300; i++) big[i] = a + i; return big[b % 300] + big[299]; }
