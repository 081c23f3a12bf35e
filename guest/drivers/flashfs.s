@ flashfs.s - the file system of the pictures: a log of records on the flash, mounted on /flash.
@ Opening a file to write starts a new record at the end of the log; closing it makes the record valid, in two single
@ words, and only then the older one of the same name is dropped. Power may fail anywhere: the next mount seals a
@ record that was not finished, and the log goes on behind it. Nothing is ever erased, so a full flash stays full.

        .include "macros.inc"
        .include "fs.inc"
        .include "mtd.inc"
        .include "flashfs.inc"

        .equ    BLOCK_SIZE,             512     @ data gathered before they are programmed

@ struct flashfs_writer: the one file being written
        .equ    WRITER_OPEN,            0       @ 1: there is one
        .equ    WRITER_RECORD,          4       @ its record's offset
        .equ    WRITER_FLUSHED,         8       @ data bytes on flash
        .equ    WRITER_FILL,            12      @ data bytes in flashfs_block
        .equ    WRITER_ERROR,           16      @ first error: the file will not become valid
        .equ    WRITER_NAME,            20      @ RECORD_NAME_SIZE bytes
        .equ    WRITER_SIZE,            52

@ ---------------------------------------------------------------------------
@ flashfs_init - register with the VFS and wait for a flash
@
@   in:       -
@   out:      r0 = 0; -ENODEV without mtd.s, -EBUSY name taken
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        .weak   register_mtd_user, mtd_read, mtd_write, mtd_erase
        INIT_TEXT
FUNC flashfs_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =register_mtd_user
        cmp     r0, #0
        beq     .Linit_no_mtd
        ldr     r0, =flashfs_type
        bl      register_filesystem
        cmp     r0, #0
        bne     .Linit_return
        ldr     r0, =flashfs_mtd_user
        bl      register_mtd_user
        mov     r0, #0
.Linit_return:
        pop     {fp, pc}

.Linit_no_mtd:
        pr_err  "flashfs: no mtd to read from\n"
        mov     r0, #-ENODEV
        b       .Linit_return
ENDFUNC flashfs_init

        .text
@ ---------------------------------------------------------------------------
@ flashfs_mount - a flash appeared: find the end of its log and show it on /flash
@
@   in:       r0 = mtd_info
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, from mtd.s
@ ---------------------------------------------------------------------------
LFUNC flashfs_mount
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =flashfs_size
        ldr     r5, [r0, #MTD_SIZE]
        str     r5, [r4]

        bl      flashfs_format_if_zero
        bl      flashfs_scan
        cmp     r0, #0
        beq     .Lmount_writable
        ldr     r1, =flashfs_readonly
        mov     r2, #1
        str     r2, [r1]
        ldr     r1, =flashfs_end
        ldr     r1, [r1]
        pr_err  "flashfs: no record and not erased at 0x%x, mounting read-only\n"

.Lmount_writable:
        ldr     r0, =flashfs_mount_point
        ldr     r1, =flashfs_type
        bl      vfs_mount
        cmp     r0, #0
        bne     .Lmount_return
        ldr     r1, =flashfs_end
        ldr     r1, [r1]
        sub     r2, r5, r1
        lsr     r2, r2, #10
        pr_info "flashfs: mtd0 on /flash, log ends at 0x%x, %u KiB free\n"
.Lmount_return:
        pop     {r4, r5, fp, pc}
ENDFUNC flashfs_mount

@ ---------------------------------------------------------------------------
@ flashfs_format_if_zero - erase a flash whose first header is all zeros
@
@ QEMU without a file for its flash gives one that reads 0 and was never erased. Anything else is somebody's data.
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_format_if_zero
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #0
        bl      flashfs_read_header
        cmp     r0, #0
        bne     .Lformat_return
        mov     r1, #RECORD_HEADER_SIZE
        ldr     r2, =flashfs_header
.Lformat_look:
        subs    r1, r1, #4
        blo     .Lformat_erase
        ldr     r0, [r2, r1]
        cmp     r0, #0
        beq     .Lformat_look
        b       .Lformat_return

.Lformat_erase:
        pr_notice "flashfs: the flash was never erased, formatting\n"
        mov     r0, #0
        ldr     r1, =flashfs_size
        ldr     r1, [r1]
        bl      mtd_erase
.Lformat_return:
        pop     {fp, pc}
ENDFUNC flashfs_format_if_zero

@ ---------------------------------------------------------------------------
@ flashfs_scan - walk the log to its end and repair what power loss left
@
@   in:       -
@   out:      r0 = 0, flashfs_end set; -EROFS something else stands there
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_scan
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, #0                          @ offset
        ldr     r5, =flashfs_header
.Lscan_record:
        ldr     r0, =flashfs_end
        str     r4, [r0]
        mov     r0, r4
        bl      flashfs_read_header
        cmp     r0, #-ENOSPC                    @ no room for a header: full to the end
        moveq   r0, #0
        beq     .Lscan_return
        cmp     r0, #0
        bne     .Lscan_return

        ldr     r0, [r5, #RECORD_MAGIC]
        cmn     r0, #1
        moveq   r0, #0                          @ erased: the end
        beq     .Lscan_return
        ldr     r1, =FLASHFS_MAGIC
        cmp     r0, r1
        bne     .Lscan_foreign

        ldr     r0, [r5, #RECORD_STATE]
        cmn     r0, #1
        moveq   r0, r4
        bleq    flashfs_recover
        mov     r0, r4
        bl      flashfs_record_end
        cmp     r0, r4
        bls     .Lscan_foreign                  @ a size no record can have
        mov     r4, r0
        b       .Lscan_record

.Lscan_foreign:
        mov     r0, #-EROFS
.Lscan_return:
        pop     {r4-r7, fp, pc}
ENDFUNC flashfs_scan

@ ---------------------------------------------------------------------------
@ flashfs_recover - seal a record that was being written when power failed
@
@ Its data end behind the last word that is not erased; a picture may hold erased-looking words, so look at all of them.
@
@   in:       r0 = offset of the record, its header in flashfs_header
@   out:      flashfs_header is that of the sealed record
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_recover
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r1, r4
        pr_warn "flashfs: record at 0x%x was not finished, dropping it\n"
        ldr     r0, =flashfs_header
        ldr     r0, [r0, #RECORD_DATA_SIZE]
        cmn     r0, #1
        bne     .Lrecover_state                 @ only the state word is missing

        add     r5, r4, #RECORD_HEADER_SIZE     @ where to look
        mov     r6, r5                          @ end of the data
        ldr     r7, =flashfs_block
        ldr     r8, =flashfs_size
        ldr     r8, [r8]
.Lrecover_block:
        subs    r2, r8, r5
        bls     .Lrecover_size
        cmp     r2, #BLOCK_SIZE
        movhi   r2, #BLOCK_SIZE
        mov     r9, r2
        mov     r0, r5
        mov     r1, r7
        bl      mtd_read
        mov     r1, #0
.Lrecover_word:
        ldr     r0, [r7, r1]
        add     r1, r1, #4
        cmn     r0, #1
        addne   r6, r5, r1
        cmp     r1, r9
        blo     .Lrecover_word
        add     r5, r5, r9
        b       .Lrecover_block

.Lrecover_size:
        add     r0, r4, #RECORD_DATA_SIZE
        sub     r1, r6, r4
        sub     r1, r1, #RECORD_HEADER_SIZE
        bl      flashfs_program
.Lrecover_state:
        add     r0, r4, #RECORD_STATE
        mov     r1, #RECORD_DELETED
        bl      flashfs_program
        mov     r0, r4
        bl      flashfs_read_header
        pop     {r4-r9, fp, pc}
ENDFUNC flashfs_recover

@ ---------------------------------------------------------------------------
@ flashfs_read_header - a record's header into flashfs_header
@
@   in:       r0 = offset
@   out:      r0 = 0; -ENOSPC the flash ends before it would; mtd_read's errors
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_read_header
        ldr     r1, =flashfs_size
        ldr     r1, [r1]
        sub     r1, r1, #RECORD_HEADER_SIZE
        cmp     r0, r1
        movhi   r0, #-ENOSPC
        bxhi    lr
        ldr     r1, =flashfs_header
        mov     r2, #RECORD_HEADER_SIZE
        b       mtd_read
ENDFUNC flashfs_read_header

@ ---------------------------------------------------------------------------
@ flashfs_record_end - where the next record begins
@
@   in:       r0 = offset of the record, its header in flashfs_header
@   out:      r0 = offset; 0 when the record would reach beyond the flash
@   clobbers: r1, r2, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_record_end
        ldr     r1, =flashfs_header
        ldr     r1, [r1, #RECORD_DATA_SIZE]
        add     r0, r0, #RECORD_HEADER_SIZE
        ldr     r2, =flashfs_size
        ldr     r2, [r2]
        sub     r2, r2, r0
        cmp     r1, r2
        movhi   r0, #0
        bxhi    lr
        add     r1, r1, #3
        bic     r1, r1, #3
        add     r0, r0, r1
        bx      lr
ENDFUNC flashfs_record_end

@ ---------------------------------------------------------------------------
@ flashfs_program - program one word
@
@   in:       r0 = offset, r1 = word
@   out:      r0 = 0 or mtd_write's error
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_program
        push    {fp, lr}
        add     fp, sp, #0
        sub     sp, sp, #8
        str     r1, [sp]
        mov     r1, sp
        mov     r2, #4
        bl      mtd_write
        sub     sp, fp, #0
        pop     {fp, pc}
ENDFUNC flashfs_program

@ ---------------------------------------------------------------------------
@ flashfs_find - the newest valid record of a name
@
@   in:       r0 = name
@   out:      r0 = its offset; -ENOENT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_find
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, #0                          @ offset
        mov     r6, #-ENOENT                    @ found
        ldr     r7, =flashfs_header
        ldr     r8, =flashfs_end
        ldr     r8, [r8]
        ldr     r9, =RECORD_VALID
.Lfind_record:
        cmp     r5, r8
        bhs     .Lfind_return
        mov     r0, r5
        bl      flashfs_read_header
        cmp     r0, #0
        movne   r6, r0
        bne     .Lfind_return
        ldr     r0, [r7, #RECORD_STATE]
        cmp     r0, r9
        bne     .Lfind_next
        mov     r0, r4
        add     r1, r7, #RECORD_NAME
        mov     r2, #RECORD_NAME_SIZE
        bl      strncmp
        cmp     r0, #0
        moveq   r6, r5
.Lfind_next:
        mov     r0, r5
        bl      flashfs_record_end
        mov     r5, r0
        b       .Lfind_record
.Lfind_return:
        mov     r0, r6
        pop     {r4-r9, fp, pc}
ENDFUNC flashfs_find

@ ---------------------------------------------------------------------------
@ flashfs_open - open a record to read, or start one to write
@
@   in:       r0 = name, r1 = O_* flags, r2 = struct file
@   out:      r0 = 0; -ENOENT, -EEXIST, -ENAMETOOLONG, -EINVAL both directions at once, -EROFS,
@             -EBUSY another file is being written, -ENOSPC
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_open
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        bl      strlen
        cmp     r0, #RECORD_NAME_SIZE
        movhs   r0, #-ENAMETOOLONG
        bhs     .Lopen_return
        mov     r0, r4
        bl      flashfs_find
        mov     r7, r0

        and     r1, r5, #O_ACCMODE
        cmp     r1, #O_WRONLY
        beq     .Lopen_write
        movhi   r0, #-EINVAL
        bhi     .Lopen_return

        @ To read: it must be there.
        cmp     r7, #0
        blt     .Lopen_return
        ldr     r1, =flashfs_read_ops
        b       .Lopen_done

.Lopen_write:
        cmp     r7, #0
        bge     .Lopen_exists
        cmn     r7, #ENOENT
        bne     .Lopen_return                   @ the flash cannot be read
        tst     r5, #O_CREAT
        beq     .Lopen_return
        b       .Lopen_begin
.Lopen_exists:
        tst     r5, #O_EXCL
        movne   r0, #-EEXIST
        bne     .Lopen_return
.Lopen_begin:
        mov     r0, r4
        bl      flashfs_begin
        cmp     r0, #0
        bne     .Lopen_return

        @ To append to a record is to begin a new one with the same bytes.
        tst     r5, #O_APPEND
        beq     .Lopen_started
        cmp     r7, #0
        movge   r0, r7
        blge    flashfs_copy
.Lopen_started:
        ldr     r1, =flashfs_write_ops
.Lopen_done:
        str     r1, [r6, #FILE_OP]
        str     r7, [r6, #FILE_PRIVATE]
        mov     r0, #0
.Lopen_return:
        pop     {r4-r7, fp, pc}
ENDFUNC flashfs_open

@ ---------------------------------------------------------------------------
@ flashfs_begin - start a record at the end of the log
@
@   in:       r0 = name
@   out:      r0 = 0; -EROFS, -EBUSY, -ENOSPC, mtd_write's errors
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_begin
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =flashfs_writer
        ldr     r0, =flashfs_readonly
        ldr     r0, [r0]
        cmp     r0, #0
        movne   r0, #-EROFS
        bne     .Lbegin_return
        ldr     r0, [r5, #WRITER_OPEN]
        cmp     r0, #0
        movne   r0, #-EBUSY
        bne     .Lbegin_return

        ldr     r6, =flashfs_end
        ldr     r6, [r6]
        ldr     r0, =flashfs_size
        ldr     r0, [r0]
        sub     r0, r0, #RECORD_HEADER_SIZE
        cmp     r6, r0
        movhs   r0, #-ENOSPC
        bhs     .Lbegin_return

        mov     r0, r5
        mov     r1, #0
        mov     r2, #WRITER_SIZE
        bl      memset
        str     r6, [r5, #WRITER_RECORD]
        add     r0, r5, #WRITER_NAME
        mov     r1, r4
        mov     r2, #RECORD_NAME_SIZE
        bl      strlcpy

        @ The magic goes first: from here on the log ends behind this record, finished or not.
        add     r0, r6, #RECORD_MAGIC
        ldr     r1, =FLASHFS_MAGIC
        bl      flashfs_program
        cmp     r0, #0
        bne     .Lbegin_return
        mov     r1, #1
        str     r1, [r5, #WRITER_OPEN]
        add     r0, r6, #RECORD_NAME
        add     r1, r5, #WRITER_NAME
        mov     r2, #RECORD_NAME_SIZE
        bl      mtd_write
        str     r0, [r5, #WRITER_ERROR]
        cmp     r0, #0
        beq     .Lbegin_return
        mov     r7, r0
        bl      flashfs_end_record
        mov     r0, r7
.Lbegin_return:
        pop     {r4-r7, fp, pc}
ENDFUNC flashfs_begin

@ ---------------------------------------------------------------------------
@ flashfs_copy - append an older record's data to the one being written
@
@   in:       r0 = offset of the older record
@   out:      errors are kept in WRITER_ERROR
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_copy
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #64
        mov     r4, r0
        bl      flashfs_read_header
        ldr     r5, =flashfs_header
        ldr     r5, [r5, #RECORD_DATA_SIZE]     @ bytes to go
        add     r4, r4, #RECORD_HEADER_SIZE
.Lcopy_part:
        cmp     r5, #0
        beq     .Lcopy_return
        cmp     r5, #64
        movlo   r6, r5
        movhs   r6, #64
        mov     r0, r4
        mov     r1, sp
        mov     r2, r6
        bl      mtd_read
        cmp     r0, #0
        ldrne   r1, =flashfs_writer
        strne   r0, [r1, #WRITER_ERROR]
        bne     .Lcopy_return
        mov     r1, sp
        mov     r2, r6
        bl      flashfs_write
        add     r4, r4, r6
        sub     r5, r5, r6
        b       .Lcopy_part
.Lcopy_return:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC flashfs_copy

@ ---------------------------------------------------------------------------
@ flashfs_write - gather bytes in flashfs_block, program it when it is full
@
@   in:       r0 = struct file, r1 = buffer, r2 = count
@   out:      r0 = bytes taken, fewer than count when the flash is nearly full; -ENOSPC, or mtd_write's error
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_write
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        ldr     r4, =flashfs_writer
        mov     r5, r1
        ldr     r0, [r4, #WRITER_ERROR]
        cmp     r0, #0
        bne     .Lwrite_return

        @ No more than fits between here and the end of the flash.
        ldr     r6, =flashfs_size
        ldr     r6, [r6]
        ldr     r1, [r4, #WRITER_RECORD]
        add     r1, r1, #RECORD_HEADER_SIZE
        sub     r6, r6, r1
        ldr     r1, [r4, #WRITER_FLUSHED]
        sub     r6, r6, r1
        ldr     r1, [r4, #WRITER_FILL]
        subs    r6, r6, r1
        bne     .Lwrite_room
        cmp     r2, #0
        moveq   r0, #0
        beq     .Lwrite_return
        mov     r0, #-ENOSPC
        str     r0, [r4, #WRITER_ERROR]
        b       .Lwrite_return
.Lwrite_room:
        cmp     r6, r2
        movhi   r6, r2                          @ bytes to take
        mov     r7, r6                          @ bytes still to take

.Lwrite_part:
        cmp     r7, #0
        moveq   r0, r6
        beq     .Lwrite_return
        ldr     r9, [r4, #WRITER_FILL]
        rsb     r8, r9, #BLOCK_SIZE
        cmp     r8, r7
        movhi   r8, r7                          @ bytes of this part
        ldr     r0, =flashfs_block
        add     r0, r0, r9
        mov     r1, r5
        mov     r2, r8
        bl      memcpy
        add     r5, r5, r8
        sub     r7, r7, r8
        add     r9, r9, r8
        str     r9, [r4, #WRITER_FILL]
        cmp     r9, #BLOCK_SIZE
        bne     .Lwrite_part
        bl      flashfs_flush
        cmp     r0, #0
        beq     .Lwrite_part
.Lwrite_return:
        pop     {r4-r9, fp, pc}
ENDFUNC flashfs_write

@ ---------------------------------------------------------------------------
@ flashfs_flush - program what has been gathered, the last word padded with erased bytes
@
@   in:       -
@   out:      r0 = 0, or mtd_write's error, kept in WRITER_ERROR
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_flush
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =flashfs_writer
        ldr     r1, =flashfs_block
        ldr     r2, [r4, #WRITER_FILL]
        mov     r3, #FLASH_ERASED & 0xff
.Lflush_pad:
        tst     r2, #3
        strbne  r3, [r1, r2]
        addne   r2, r2, #1
        bne     .Lflush_pad

        ldr     r0, [r4, #WRITER_RECORD]
        add     r0, r0, #RECORD_HEADER_SIZE
        ldr     r3, [r4, #WRITER_FLUSHED]
        add     r0, r0, r3
        ldr     r5, [r4, #WRITER_FILL]
        add     r5, r3, r5
        bl      mtd_write
        str     r5, [r4, #WRITER_FLUSHED]
        mov     r1, #0
        str     r1, [r4, #WRITER_FILL]
        cmp     r0, #0
        strne   r0, [r4, #WRITER_ERROR]
        pop     {r4, r5, fp, pc}
ENDFUNC flashfs_flush

@ ---------------------------------------------------------------------------
@ flashfs_release - the file being written is closed: make it valid, or drop it after an error
@
@   in:       r0 = struct file
@   out:      r0 = 0, or the first error of its writes
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_release
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =flashfs_writer
        ldr     r5, [r4, #WRITER_ERROR]
        cmp     r5, #0
        bleq    flashfs_flush
        ldr     r5, [r4, #WRITER_ERROR]
        cmp     r5, #0
        bne     .Lrelease_drop
        ldr     r0, [r4, #WRITER_RECORD]
        bl      flashfs_commit
        b       .Lrelease_return

.Lrelease_drop:
        mov     r1, r5
        pr_err  "flashfs: file dropped, error %d\n"
        bl      flashfs_end_record
        mov     r0, r5
.Lrelease_return:
        pop     {r4, r5, fp, pc}
ENDFUNC flashfs_release

@ ---------------------------------------------------------------------------
@ flashfs_commit - a file is complete: size, then state; then the older record of its name goes
@
@   in:       r0 = offset of its record, all data programmed
@   out:      r0 = 0, or mtd_write's error
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC flashfs_commit
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =flashfs_writer
        add     r0, r5, #WRITER_NAME
        bl      flashfs_find
        mov     r6, r0                          @ the older record, or -ENOENT

        add     r0, r4, #RECORD_DATA_SIZE
        ldr     r1, [r5, #WRITER_FLUSHED]
        bl      flashfs_program
        cmp     r0, #0
        bne     .Lcommit_failed
        add     r0, r4, #RECORD_STATE
        ldr     r1, =RECORD_VALID
        bl      flashfs_program
        cmp     r0, #0
        bne     .Lcommit_failed
        bl      flashfs_advance

        cmp     r6, #0
        movlt   r0, #0
        blt     .Lcommit_return
        add     r0, r6, #RECORD_STATE
        mov     r1, #RECORD_DELETED
        bl      flashfs_program
.Lcommit_return:
        pop     {r4-r7, fp, pc}

.Lcommit_failed:
        mov     r7, r0
        bl      flashfs_end_record
        mov     r0, r7
        b       .Lcommit_return
ENDFUNC flashfs_commit

@ ---------------------------------------------------------------------------
@ flashfs_end_record - give up the record being written: sized, so that the log goes on behind it, and deleted
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_end_record
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =flashfs_writer
        ldr     r5, [r4, #WRITER_RECORD]
        add     r0, r5, #RECORD_DATA_SIZE
        ldr     r1, [r4, #WRITER_FLUSHED]
        bl      flashfs_program
        add     r0, r5, #RECORD_STATE
        mov     r1, #RECORD_DELETED
        bl      flashfs_program
        bl      flashfs_advance
        pop     {r4, r5, fp, pc}
ENDFUNC flashfs_end_record

@ ---------------------------------------------------------------------------
@ flashfs_advance - the record being written ends, the log goes on behind it
@
@   in:       -
@   out:      -
@   clobbers: r0-r2, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_advance
        ldr     r2, =flashfs_writer
        ldr     r0, [r2, #WRITER_RECORD]
        ldr     r1, [r2, #WRITER_FLUSHED]
        add     r0, r0, #RECORD_HEADER_SIZE
        add     r0, r0, r1
        add     r0, r0, #3
        bic     r0, r0, #3
        ldr     r1, =flashfs_end
        str     r0, [r1]
        mov     r0, #0
        str     r0, [r2, #WRITER_OPEN]
        bx      lr
ENDFUNC flashfs_advance

@ ---------------------------------------------------------------------------
@ flashfs_read - bytes of a valid record
@
@   in:       r0 = struct file, r1 = buffer, r2 = count
@   out:      r0 = bytes, 0 at the end; mtd_read's errors
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_read
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        bl      flashfs_length
        cmp     r0, #0
        blt     .Lread_return
        ldr     r1, [r4, #FILE_POS]
        subs    r7, r0, r1                      @ bytes left
        movls   r0, #0
        bls     .Lread_return
        cmp     r7, r6
        movhi   r7, r6

        ldr     r0, [r4, #FILE_PRIVATE]
        add     r0, r0, #RECORD_HEADER_SIZE
        add     r0, r0, r1
        mov     r1, r5
        mov     r2, r7
        bl      mtd_read
        cmp     r0, #0
        moveq   r0, r7
.Lread_return:
        pop     {r4-r7, fp, pc}
ENDFUNC flashfs_read

@ ---------------------------------------------------------------------------
@ flashfs_length - size of a valid record
@
@   in:       r0 = struct file
@   out:      r0 = bytes, or mtd_read's error
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_length
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, [r0, #FILE_PRIVATE]
        bl      flashfs_read_header
        cmp     r0, #0
        ldreq   r0, =flashfs_header
        ldreq   r0, [r0, #RECORD_DATA_SIZE]
        pop     {fp, pc}
ENDFUNC flashfs_length

@ ---------------------------------------------------------------------------
@ flashfs_readdir - the index-th valid record
@
@   in:       r0 = index, r1 = dirent
@   out:      r0 = its size; -ENOENT behind the last
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_readdir
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, #0                          @ offset
        ldr     r7, =flashfs_header
        ldr     r8, =flashfs_end
        ldr     r8, [r8]
        ldr     r9, =RECORD_VALID
.Lreaddir_record:
        cmp     r6, r8
        movhs   r0, #-ENOENT
        bhs     .Lreaddir_return
        mov     r0, r6
        bl      flashfs_read_header
        cmp     r0, #0
        bne     .Lreaddir_return
        ldr     r0, [r7, #RECORD_STATE]
        cmp     r0, r9
        bne     .Lreaddir_next
        subs    r4, r4, #1
        blo     .Lreaddir_found
.Lreaddir_next:
        mov     r0, r6
        bl      flashfs_record_end
        mov     r6, r0
        b       .Lreaddir_record

.Lreaddir_found:
        add     r0, r5, #DIRENT_NAME
        add     r1, r7, #RECORD_NAME
        mov     r2, #RECORD_NAME_SIZE
        bl      strlcpy
        ldr     r0, [r7, #RECORD_DATA_SIZE]
.Lreaddir_return:
        pop     {r4-r9, fp, pc}
ENDFUNC flashfs_readdir

@ ---------------------------------------------------------------------------
@ flashfs_unlink - delete a file: its state word becomes 0
@
@   in:       r0 = name
@   out:      r0 = 0; -ENOENT, -EROFS, mtd_write's errors
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flashfs_unlink
        push    {fp, lr}
        add     fp, sp, #0
        bl      flashfs_find
        cmp     r0, #0
        blt     .Lunlink_return
        ldr     r1, =flashfs_readonly
        ldr     r1, [r1]
        cmp     r1, #0
        movne   r0, #-EROFS
        bne     .Lunlink_return
        add     r0, r0, #RECORD_STATE
        mov     r1, #RECORD_DELETED
        bl      flashfs_program
.Lunlink_return:
        pop     {fp, pc}
ENDFUNC flashfs_unlink

        string  flashfs_name, "flashfs"
        string  flashfs_mount_point, "/flash"

        RODATA
        .balign 4
flashfs_read_ops:
        file_operations read=flashfs_read, length=flashfs_length
flashfs_write_ops:
        file_operations write=flashfs_write, release=flashfs_release

        .data
        .balign 4
flashfs_type:                                   @ struct file_system_type
        .word   flashfs_name, FS_REQUIRES_DEV, flashfs_open, flashfs_readdir, flashfs_unlink
        .word   0                               @ FS_STAT: readdir tells
        .word   0
flashfs_mtd_user:
        .word   0
        .word   flashfs_mount

        .bss
        .balign 4
flashfs_size:
        .space  4                               @ bytes of flash
flashfs_end:
        .space  4                               @ where the next record begins
flashfs_readonly:
        .space  4                               @ the log is broken: nothing is written
flashfs_writer:
        .space  WRITER_SIZE
flashfs_header:
        .space  RECORD_HEADER_SIZE              @ the header last read
flashfs_block:
        .space  BLOCK_SIZE

        module_init flashfs_init, fs_initcall
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Log of records on NOR flash"
