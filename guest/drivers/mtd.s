@ mtd.s - memory technology devices: the one place between flash drivers (physmap.s) and users of flash (flashfs.s,
@ usb_storage.s). There is one device, mtd0. Arguments are checked here, so drivers need not; an erase sleeps, and a
@ second user that comes meanwhile gets -EBUSY.

        .include "macros.inc"
        .include "mtd.inc"
        .include "fs.inc"

@ ---------------------------------------------------------------------------
@ mtd_init - make /proc/mtd
@
@   in:       -
@   out:      r0 = 0, or -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC mtd_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =mtd_proc_name
        mov     r1, #S_IRUGO
        ldr     r2, =mtd_proc_show
        mov     r3, #0
        bl      proc_create
        cmp     r0, #0
        movne   r0, #0
        moveq   r0, #-ENOMEM
        pop     {fp, pc}
ENDFUNC mtd_init

        .text
@ ---------------------------------------------------------------------------
@ mtd_device_register - a driver found its flash
@
@   in:       r0 = mtd_info
@   out:      r0 = 0, or -EBUSY when there is a device already
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC mtd_device_register
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =mtd0
        ldr     r2, [r1]
        cmp     r2, #0
        movne   r0, #-EBUSY
        bne     .Lregister_return
        str     r4, [r1]

        ldr     r1, [r4, #MTD_NAME]
        ldr     r2, [r4, #MTD_SIZE]
        lsr     r2, r2, #10
        ldr     r3, [r4, #MTD_ERASESIZE]
        lsr     r3, r3, #10
        pr_info "mtd0: %s: %u KiB, erase block %u KiB\n"

        @ Whoever waits for a flash hears of it now.
        ldr     r5, =mtd_users
        ldr     r5, [r5]
.Ltell_user:
        cmp     r5, #0
        beq     .Ltold
        mov     r0, r4
        ldr     r3, [r5, #MTD_USER_ADD]
        blx     r3
        ldr     r5, [r5, #MTD_USER_NEXT]
        b       .Ltell_user
.Ltold:
        mov     r0, #0
.Lregister_return:
        pop     {r4, r5, fp, pc}
ENDFUNC mtd_device_register
        EXPORT_SYMBOL mtd_device_register

@ ---------------------------------------------------------------------------
@ register_mtd_user - ask to be told of the device; told at once when it is there
@
@   in:       r0 = mtd_user, kept on a list
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC register_mtd_user
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =mtd_users
        ldr     r2, [r1]
        str     r2, [r0, #MTD_USER_NEXT]
        str     r0, [r1]
        ldr     r3, [r0, #MTD_USER_ADD]
        ldr     r0, =mtd0
        ldr     r0, [r0]
        cmp     r0, #0
        beq     .Luser_return
        blx     r3
.Luser_return:
        pop     {fp, pc}
ENDFUNC register_mtd_user
        EXPORT_SYMBOL register_mtd_user

@ ---------------------------------------------------------------------------
@ mtd_size - how large the flash is
@
@   in:       -
@   out:      r0 = bytes; 0: there is no flash
@   clobbers: flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC mtd_size
        ldr     r0, =mtd0
        ldr     r0, [r0]
        cmp     r0, #0
        ldrne   r0, [r0, #MTD_SIZE]
        bx      lr
ENDFUNC mtd_size
        EXPORT_SYMBOL mtd_size

@ ---------------------------------------------------------------------------
@ mtd_read, mtd_write - move bytes between flash and memory
@
@   in:       r0 = offset in the flash, r1 = buffer, r2 = length in bytes
@   out:      r0 = 0; -ENODEV no flash, -EINVAL out of range or (write) not in units of MTD_WRITESIZE,
@             -EBUSY it is erasing, or the driver's error
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC mtd_read
        mov     r3, #MTD_READ
        b       mtd_call
ENDFUNC mtd_read
        EXPORT_SYMBOL mtd_read

FUNC mtd_write
        mov     r3, #MTD_WRITE
        b       mtd_call
ENDFUNC mtd_write
        EXPORT_SYMBOL mtd_write

@ ---------------------------------------------------------------------------
@ mtd_erase - set whole blocks to 0xff
@
@   in:       r0 = offset in the flash, r1 = length in bytes, both multiples of the erase block
@   out:      r0 as for mtd_write
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
FUNC mtd_erase
        mov     r2, r1
        mov     r1, #0
        mov     r3, #MTD_ERASE
        b       mtd_call
ENDFUNC mtd_erase
        EXPORT_SYMBOL mtd_erase

@ ---------------------------------------------------------------------------
@ mtd_call - check the arguments and call the driver, one caller at a time
@
@   in:       r0 = offset, r1 = buffer, r2 = length, r3 = MTD_READ, MTD_WRITE or MTD_ERASE
@   out:      r0 = 0 or -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC mtd_call
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =mtd0
        ldr     r4, [r4]
        cmp     r4, #0
        moveq   r0, #-ENODEV
        beq     .Lcall_return

        @ Range: offset <= size and length <= size - offset, so that no sum can wrap.
        ldr     r5, [r4, #MTD_SIZE]
        cmp     r0, r5
        bhi     .Lcall_invalid
        sub     r5, r5, r0
        cmp     r2, r5
        bhi     .Lcall_invalid

        @ Unit: a read needs none, a write the bus width, an erase the block (all powers of two).
        cmp     r3, #MTD_READ
        beq     .Lcall_checked
        cmp     r3, #MTD_WRITE
        ldreq   r5, [r4, #MTD_WRITESIZE]
        ldrne   r5, [r4, #MTD_ERASESIZE]
        sub     r5, r5, #1
        orr     ip, r0, r2
        tst     ip, r5
        bne     .Lcall_invalid

.Lcall_checked:
        ldr     r5, =mtd_busy
        ldr     ip, [r5]
        cmp     ip, #0
        movne   r0, #-EBUSY
        bne     .Lcall_return
        mov     ip, #1
        str     ip, [r5]
        ldr     ip, [r4, r3]
        blx     ip
        mov     r1, #0
        str     r1, [r5]
.Lcall_return:
        pop     {r4, r5, fp, pc}

.Lcall_invalid:
        mov     r0, #-EINVAL
        b       .Lcall_return
ENDFUNC mtd_call

@ ---------------------------------------------------------------------------
@ mtd_proc_show - /proc/mtd
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC mtd_proc_show
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #8
        mov     r4, r0
        ldr     r1, =mtd_proc_header
        bl      seq_printf
        ldr     r5, =mtd0
        ldr     r5, [r5]
        cmp     r5, #0
        beq     .Lshow_return
        ldr     r0, [r5, #MTD_NAME]
        str     r0, [sp]
        ldr     r3, [r5, #MTD_ERASESIZE]
        ldr     r2, [r5, #MTD_SIZE]
        ldr     r1, =mtd_proc_line
        mov     r0, r4
        bl      seq_printf
.Lshow_return:
        mov     r0, #0
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC mtd_proc_show

        string  mtd_proc_name, "mtd"
        string  mtd_proc_header, "dev:    size   erasesize  name\n"
        RODATA
mtd_proc_line:
        .asciz  "mtd0: %08x %08x \"%s\"\n"

        .bss
        .balign 4
mtd0:   .space  4                               @ struct mtd_info of the device, or 0
mtd_users:
        .space  4                               @ list of struct mtd_user
mtd_busy:
        .space  4                               @ a call is under way

        module_init mtd_init, subsys_initcall
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Memory technology devices"
