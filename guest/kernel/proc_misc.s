@ The table of /proc's own entries, and the short ones among them: cmdline, execdomains, uptime, version (Linux
@ fs/proc/proc_misc.c of 2.6, where the patch of 2008 put its row). Longer ones have a file each, proc_*.s.

        .include "macros.inc"
        .include "fs.inc"

        .equ    USEC_PER_SEC,   1000000
        .equ    USEC_PER_CSEC,  10000           @ hundredth of a second

@ A row of simple_ones.
        .equ    ONE_NAME,       0
        .equ    ONE_SHOW,       4
        .equ    ONE_SIZE,       8

        .text

@ ---------------------------------------------------------------------------
@ cmdline_show - /proc/cmdline: as the boot loader gave it
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC cmdline_show
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =saved_command_line
        bl      seq_puts
        mov     r0, r4
        ldr     r1, =.Ltext_newline
        bl      seq_puts
        mov     r0, #0
        pop     {r4-r5, fp, pc}
ENDFUNC cmdline_show

@ ---------------------------------------------------------------------------
@ version_show - /proc/version: the first line of the boot log
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC version_show
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =linux_banner
        bl      seq_puts
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC version_show

@ ---------------------------------------------------------------------------
@ execdomains_show - /proc/execdomains: the one there is
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC execdomains_show
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =.Ltext_execdomains
        bl      seq_puts
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC execdomains_show

@ ---------------------------------------------------------------------------
@ uptime_show - /proc/uptime: seconds since the boot, and seconds spent idle,
@ which nobody counts here
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC uptime_show
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      ktime_us
        ldr     r1, =USEC_PER_SEC
        udiv    r2, r0, r1
        mls     r3, r2, r1, r0
        ldr     r1, =USEC_PER_CSEC
        udiv    r3, r3, r1
        mov     r0, r4
        ldr     r1, =.Ltext_uptime
        bl      seq_printf
        mov     r0, #0
        pop     {r4-r5, fp, pc}
ENDFUNC uptime_show

        INIT_TEXT

@ ---------------------------------------------------------------------------
@ proc_misc_init - make all entries of simple_ones, and deferred_initcalls
@
@   in:       -
@   out:      r0 = 0 / -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC proc_misc_init
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =simple_ones
.Lmisc_next:
        ldr     r0, [r4, #ONE_NAME]
        cmp     r0, #0
        beq     .Lmisc_deferred
        mov     r1, #S_IRUGO
        ldr     r2, [r4, #ONE_SHOW]
        mov     r3, #0
        bl      proc_create
        cmp     r0, #0
        beq     .Lmisc_full
        add     r4, r4, #ONE_SIZE
        b       .Lmisc_next

.Lmisc_deferred:
        bl      deferred_initcalls_mode
        mov     r1, r0
        ldr     r0, =.Ltext_deferred
        ldr     r2, =deferred_initcalls_show
        ldr     r3, =deferred_initcalls_write
        bl      proc_create
        cmp     r0, #0
        movne   r0, #0
        bne     .Lmisc_out
.Lmisc_full:
        mov     r0, #-ENOMEM
.Lmisc_out:
        pop     {r4-r5, fp, pc}
ENDFUNC proc_misc_init

        INIT_DATA
        .balign 4
simple_ones:
        .word   .Ltext_filesystems, filesystems_show
        .word   .Ltext_cmdline, cmdline_show
        .word   .Ltext_domains, execdomains_show
        .word   .Ltext_version, version_show
        .word   .Ltext_uptime_name, uptime_show
        .word   .Ltext_meminfo, meminfo_show
        .word   .Ltext_iomem, iomem_show
        .word   .Ltext_interrupts, interrupts_show
        .word   .Ltext_kallsyms, kallsyms_show
        .word   .Ltext_modules, modules_show
        .word   0

        @ The names outlive the table: entries point to them.
        RODATA
.Ltext_filesystems:
        .asciz  "filesystems"
.Ltext_cmdline:
        .asciz  "cmdline"
.Ltext_domains:
        .asciz  "execdomains"
.Ltext_version:
        .asciz  "version"
.Ltext_uptime_name:
        .asciz  "uptime"
.Ltext_meminfo:
        .asciz  "meminfo"
.Ltext_iomem:
        .asciz  "iomem"
.Ltext_interrupts:
        .asciz  "interrupts"
.Ltext_kallsyms:
        .asciz  "kallsyms"
.Ltext_modules:
        .asciz  "modules"
.Ltext_deferred:
        .asciz  "deferred_initcalls"

.Ltext_newline:
        .asciz  "\n"
.Ltext_execdomains:
        .asciz  "0-0\tLinux           \t[kernel]\n"
.Ltext_uptime:
        .asciz  "%u.%02u 0.00\n"
