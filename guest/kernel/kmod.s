@ kmod.s - modules that the kernel loads from files itself: on behalf of the proc window, and for request_module. Linux has
@ a program for the latter, /sbin/modprobe; with one process there is nobody to run it, so the kernel opens the file.

        .include "macros.inc"
        .include "fs.inc"

        .equ    MODULE_PATH_MAX, 96             @ "/lib/modules/", a module's name, ".ko"

        .text

@ ---------------------------------------------------------------------------
@ load_module_file - load the module in a file
@
@   in:       r0 = path, r1 = parameters, both kernel strings
@             r2 = MODULE_INIT_*
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC load_module_file
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r5, r1
        mov     r6, r2
        mov     r1, #O_RDONLY
        mov     r2, #0
        bl      filp_open
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lload_out
        mov     r4, r0
        mov     r1, r5
        mov     r2, r6
        bl      init_module_from_file
        mov     r5, r0
        mov     r0, r4
        bl      filp_close
        mov     r0, r5
.Lload_out:
        pop     {r4-r7, fp, pc}
ENDFUNC load_module_file

@ ---------------------------------------------------------------------------
@ request_module - have the module NAME loaded, if it is not there yet
@
@   in:       r0 = name
@   out:      r0 = 0, also when it is there already / -errno; -ENAMETOOLONG
@   clobbers: r1-r3, ip, flags
@   context:  process; without a lock that loading takes
@ ---------------------------------------------------------------------------
FUNC request_module
        push    {fp, lr}
        add     fp, sp, #0
        sub     sp, sp, #MODULE_PATH_MAX
        mov     r3, r0
        mov     r0, sp
        mov     r1, #MODULE_PATH_MAX
        ldr     r2, =.Lmodule_path
        bl      snprintf
        cmp     r0, #MODULE_PATH_MAX
        movhs   r0, #-ENAMETOOLONG
        bhs     .Lrequest_out
        mov     r0, sp
        ldr     r1, =.Lnothing
        mov     r2, #0
        bl      load_module_file
        cmp     r0, #-EEXIST
        moveq   r0, #0
.Lrequest_out:
        sub     sp, fp, #0
        pop     {fp, pc}
ENDFUNC request_module
        EXPORT_SYMBOL request_module

        RODATA
.Lmodule_path:
        .asciz  "/lib/modules/%s.ko"
.Lnothing:
        .asciz  ""
