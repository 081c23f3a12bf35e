@ The first files: cpio archives unpacked into the root file system (Linux init/initramfs.c; the format is in
@ Documentation/driver-api/early-userspace/buffer-format.rst). The built-in archive comes first, then the boot loader's,
@ whose files replace ours and whose memory goes back to the allocator.
@
@ An archive is input like any other: every length in it is checked against what is left before it is believed.

        .include "macros.inc"
        .include "fs.inc"
        .include "memory.inc"

@ cpio "newc": a header of 8-digit hexadecimal fields, the name, padding to 4, the bytes, padding to 4.
        .equ    CPIO_MODE,      14              @ offset of each field
        .equ    CPIO_FILESIZE,  54
        .equ    CPIO_NAMESIZE,  94              @ with its NUL
        .equ    CPIO_HEADER,    110
        .equ    CPIO_MAGIC_LENGTH, 6

@ struct cpio_entry: one member of an archive, its parts found and checked.
        .equ    CPIO_E_NAME,    0
        .equ    CPIO_E_MODE,    4
        .equ    CPIO_E_DATA,    8
        .equ    CPIO_E_SIZE,    12
        .equ    CPIO_E_NEXT,    16              @ where the next header begins
        .equ    CPIO_E_STRUCT,  24

        INIT_TEXT

@ ---------------------------------------------------------------------------
@ populate_rootfs - fill the root file system
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC populate_rootfs
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        ldr     r0, =__initramfs_start
        ldr     r1, =__initramfs_end
        bl      unpack_to_rootfs
        cmp     r0, #0
        bne     .Lpopulate_broken

        ldr     r4, =initrd_start
        ldr     r4, [r4]
        cmp     r4, #0
        beq     .Lpopulate_out                  @ the boot loader brought none
        ldr     r5, =initrd_end
        ldr     r5, [r5]
        pr_info "Unpacking initramfs...\n"
        mov     r0, r4
        mov     r1, r5
        bl      unpack_to_rootfs
        movs    r1, r0
        beq     .Lpopulate_free
        pr_emerg "Initramfs unpacking failed: %s\n"
.Lpopulate_free:
        mov     r0, r4
        mov     r1, r5
        mov     r2, #POISON_NONE
        ldr     r3, =.Ltext_initrd
        bl      free_reserved_area
.Lpopulate_out:
        mov     r0, #0
        pop     {r4-r5, fp, pc}

.Lpopulate_broken:
        mov     r1, r0
        ldr     r0, =.Ltext_broken
        bl      panic
ENDFUNC populate_rootfs
        rootfs_initcall populate_rootfs

@ ---------------------------------------------------------------------------
@ unpack_to_rootfs - make the members of a cpio archive, or of several in a row
@
@   in:       r0 = first byte, r1 = end
@   out:      r0 = 0, or a message that says what is wrong with it
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC unpack_to_rootfs
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #CPIO_E_STRUCT
        mov     r4, r0                          @ header
        mov     r5, r1                          @ end
        mov     r6, r0                          @ start of the archive: padding counts from it
        mov     r7, #0                          @ not inside an archive

.Lunpack_next:
        cmp     r4, r5
        bhs     .Lunpack_end
        @ Zeros may stand between archives, and after the last.
        cmp     r7, #0
        bne     .Lunpack_header
        ldrb    r0, [r4]
        cmp     r0, #0
        addeq   r4, r4, #1
        beq     .Lunpack_next
        mov     r6, r4
        mov     r7, #1

.Lunpack_header:
        mov     r0, r4
        mov     r1, r5
        mov     r2, r6
        mov     r3, sp
        bl      cpio_entry
        cmp     r0, #0
        bne     .Lunpack_out
        ldr     r4, [sp, #CPIO_E_NEXT]
        ldr     r0, [sp, #CPIO_E_NAME]
        ldr     r1, =.Ltext_trailer
        bl      strcmp
        cmp     r0, #0
        moveq   r7, #0
        beq     .Lunpack_next
        mov     r0, sp
        bl      make_entry
        cmp     r0, #0
        beq     .Lunpack_next
        b       .Lunpack_out

.Lunpack_end:
        cmp     r7, #0
        moveq   r0, #0
        ldrne   r0, =.Ltext_no_trailer
.Lunpack_out:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC unpack_to_rootfs

@ ---------------------------------------------------------------------------
@ cpio_entry - read one header and find name and bytes behind it
@
@   in:       r0 = header, r1 = end of the memory
@             r2 = start of the archive
@             r3 = struct cpio_entry to fill
@   out:      r0 = 0, or a message
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC cpio_entry
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        sub     r5, r1, r0                      @ bytes from the header to the end
        sub     r6, r0, r2                      @ offset of the header in the archive
        mov     r7, r3

        cmp     r5, #CPIO_HEADER
        ldrlo   r0, =.Ltext_short
        blo     .Lentry_out
        ldr     r1, =.Ltext_magic
        mov     r2, #CPIO_MAGIC_LENGTH
        bl      memcmp
        cmp     r0, #0
        ldrne   r0, =.Ltext_no_magic
        bne     .Lentry_out

        add     r0, r4, #CPIO_MODE
        bl      parse_hex8
        cmp     r1, #0
        bne     .Lentry_digits
        str     r0, [r7, #CPIO_E_MODE]
        add     r0, r4, #CPIO_FILESIZE
        bl      parse_hex8
        cmp     r1, #0
        bne     .Lentry_digits
        mov     r8, r0                          @ bytes of data
        add     r0, r4, #CPIO_NAMESIZE
        bl      parse_hex8
        cmp     r1, #0
        bne     .Lentry_digits

        @ The name: 1 to PATH_MAX bytes, all there, the last one NUL.
        mov     r9, r0
        sub     r0, r9, #1
        cmp     r0, #PATH_MAX
        ldrhs   r0, =.Ltext_name
        bhs     .Lentry_out
        add     r1, r9, #CPIO_HEADER
        cmp     r1, r5
        ldrhi   r0, =.Ltext_short
        bhi     .Lentry_out
        add     r0, r4, #CPIO_HEADER
        str     r0, [r7, #CPIO_E_NAME]
        sub     r1, r9, #1
        ldrb    r1, [r0, r1]
        cmp     r1, #0
        ldrne   r0, =.Ltext_name
        bne     .Lentry_out

        @ The bytes begin on a multiple of 4 from the start of the archive.
        add     r0, r6, r9
        add     r0, r0, #CPIO_HEADER + 3
        bic     r0, r0, #3
        sub     r0, r0, r6                      @ from the header
        subs    r1, r5, r0                      @ what is left there
        movlo   r1, #0
        cmp     r8, r1
        ldrhi   r0, =.Ltext_short
        bhi     .Lentry_out
        add     r2, r4, r0
        str     r2, [r7, #CPIO_E_DATA]
        str     r8, [r7, #CPIO_E_SIZE]

        @ So does the next header; the last may lack its padding.
        add     r0, r0, r8
        add     r0, r0, r6
        add     r0, r0, #3
        bic     r0, r0, #3
        sub     r0, r0, r6
        cmp     r0, r5
        movhi   r0, r5
        add     r0, r4, r0
        str     r0, [r7, #CPIO_E_NEXT]
        mov     r0, #0
.Lentry_out:
        pop     {r4-r9, fp, pc}

.Lentry_digits:
        ldr     r0, =.Ltext_digits
        b       .Lentry_out
ENDFUNC cpio_entry

@ ---------------------------------------------------------------------------
@ parse_hex8 - a number of eight hexadecimal digits
@
@   in:       r0 = first digit
@   out:      r0 = number
@             r1 = 0, or -EINVAL when one is no digit
@   clobbers: r2, r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC parse_hex8
        mov     r3, r0
        mov     r0, #0
        add     ip, r3, #8
.Lhex_digit:
        ldrb    r1, [r3], #1
        sub     r2, r1, #'0'
        cmp     r2, #10
        blo     .Lhex_take
        orr     r1, r1, #0x20                   @ lower case
        sub     r2, r1, #'a'
        cmp     r2, #6
        movhs   r1, #-EINVAL
        bxhs    lr
        add     r2, r2, #10
.Lhex_take:
        orr     r0, r2, r0, lsl #4
        cmp     r3, ip
        blo     .Lhex_digit
        mov     r1, #0
        bx      lr
ENDFUNC parse_hex8

@ ---------------------------------------------------------------------------
@ make_entry - create what a member of the archive describes
@
@   in:       r0 = struct cpio_entry
@   out:      r0 = 0, or a message
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC make_entry
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #PATH_MAX
        mov     r4, r0
        mov     r0, sp
        ldr     r1, [r4, #CPIO_E_NAME]
        bl      path_normalize
        cmp     r0, #0
        bne     .Lmake_skip
        ldrb    r0, [sp]
        cmp     r0, #0
        beq     .Lmake_out                      @ "." is there: r0 is 0
        ldr     r5, [r4, #CPIO_E_MODE]
        and     r0, r5, #S_IFMT
        cmp     r0, #S_IFDIR
        beq     .Lmake_directory
        cmp     r0, #S_IFREG
        beq     .Lmake_file
        mov     r1, sp
        pr_warn "initramfs: %s: neither file nor directory, left out\n"
        b       .Lmake_done

.Lmake_directory:
        add     r0, sp, #1                      @ behind the slash
        mov     r1, r5
        bl      ramfs_create
        cmn     r0, #MAX_ERRNO + 1
        bls     .Lmake_done
        cmp     r0, #-EEXIST                    @ again, from the second archive
        beq     .Lmake_done
        b       .Lmake_skip

.Lmake_file:
        mov     r0, sp
        ldr     r1, =O_WRONLY | O_CREAT | O_TRUNC
        mov     r2, r5
        bl      filp_open
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lmake_skip
        mov     r6, r0
        ldr     r1, [r4, #CPIO_E_DATA]
        ldr     r2, [r4, #CPIO_E_SIZE]
        bl      kernel_write
        mov     r7, r0
        mov     r0, r6
        bl      filp_close
        ldr     r1, [r4, #CPIO_E_SIZE]
        cmp     r7, r1
        ldrne   r0, =.Ltext_write
        bne     .Lmake_out
.Lmake_done:
        mov     r0, #0
.Lmake_out:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}

        @ One name that cannot be is not a broken archive.
.Lmake_skip:
        mov     r2, r0
        ldr     r1, [r4, #CPIO_E_NAME]
        pr_warn "initramfs: %s: error %d, left out\n"
        b       .Lmake_done
ENDFUNC make_entry

        INIT_DATA
.Ltext_magic:
        .asciz  "070701"
.Ltext_trailer:
        .asciz  "TRAILER!!!"
.Ltext_initrd:
        .asciz  "initrd"
.Ltext_broken:
        .asciz  "Initramfs unpacking failed: %s"
.Ltext_short:
        .asciz  "unexpected end of the archive"
.Ltext_no_magic:
        .asciz  "no cpio magic"
.Ltext_digits:
        .asciz  "a header field is not hexadecimal"
.Ltext_name:
        .asciz  "a name is empty, too long or not ended"
.Ltext_no_trailer:
        .asciz  "no TRAILER!!! at the end"
.Ltext_write:
        .asciz  "write error"
