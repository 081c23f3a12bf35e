@ /init, process 1: the script first, then a shell on the console. It never ends by itself; the kernel panics when it does.

        .include "syscalls.inc"

        .text

@ ---------------------------------------------------------------------------
@ main - console, /etc/rc, shell
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 1: there is no console
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC main
        push    {fp, lr}
        add     fp, sp, #0
        bl      open_console
        cmp     r0, #0
        movlt   r0, #1
        blt     .Lmain_out
        ldr     r0, =.Lrc_path
        bl      run_script
        bl      interact
.Lmain_out:
        pop     {fp, pc}
ENDFUNC main

@ ---------------------------------------------------------------------------
@ open_console - /dev/console as descriptors 0, 1 and 2
@
@   in:       -
@   out:      r0 = 2, or -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC open_console
        push    {fp, lr}
        add     fp, sp, #0
.Lconsole_next:
        ldr     r0, =.Lconsole_path
        mov     r1, #O_RDWR
        mov     r2, #0
        bl      open
        cmp     r0, #0
        blt     .Lconsole_out
        cmp     r0, #STDERR
        bne     .Lconsole_next
.Lconsole_out:
        pop     {fp, pc}
ENDFUNC open_console

@ ---------------------------------------------------------------------------
@ run_script - every line of a file as a command; errors do not stop it
@
@   in:       r0 = path
@   out:      r0 = 0, or 1 when it cannot be read
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC run_script
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #READER_SIZE
        mov     r4, r0
        mov     r1, #O_RDONLY
        mov     r2, #0
        bl      open
        movs    r2, r0
        blt     .Lscript_complain
        str     r0, [sp, #READER_FD]
        mov     r5, #0
        str     r5, [sp, #READER_POS]
        str     r5, [sp, #READER_FILL]
.Lscript_line:
        mov     r0, sp
        bl      run_next_line
        cmp     r0, #0
        bgt     .Lscript_line
        mov     r5, r0
        ldr     r0, [sp, #READER_FD]
        bl      close
        movs    r2, r5
        beq     .Lscript_out
.Lscript_complain:
        ldr     r0, =.Lsh
        mov     r1, r4
        bl      complain
.Lscript_out:
        sub     sp, fp, #8
        pop     {r4-r5, fp, pc}
ENDFUNC run_script

@ ---------------------------------------------------------------------------
@ interact - prompt, line, command, for ever
@
@   in:       -
@   out:      r0 = 1: the console cannot be read any more
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC interact
        push    {fp, lr}
        add     fp, sp, #0
.Linteract_prompt:
        ldr     r0, =.Lprompt
        bl      print
        ldr     r0, =console_reader
        bl      run_next_line
        cmp     r0, #0
        bgt     .Linteract_prompt
        blt     .Linteract_dead

        @ Control-D: there is nobody else to go back to.
        ldr     r0, =.Lno_way_out
        bl      print
        b       .Linteract_prompt

.Linteract_dead:
        mov     r2, r0
        ldr     r0, =.Lsh
        ldr     r1, =.Lconsole_path
        bl      complain
        pop     {fp, pc}
ENDFUNC interact

@ ---------------------------------------------------------------------------
@ run_next_line - read a line and run it; one that is too long is refused
@
@   in:       r0 = reader
@   out:      r0 = 1, 0 at the end of the file, / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC run_next_line
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =line
        bl      read_line
        cmp     r0, #-E2BIG
        beq     .Lnext_too_long
        cmp     r0, #0
        ble     .Lnext_out
        ldr     r0, =line
        bl      run_line
        b       .Lnext_done
.Lnext_too_long:
        ldr     r0, =.Lsh
        mov     r1, #0
        ldr     r2, =.Lline_too_long
        bl      complain_text
.Lnext_done:
        mov     r0, #1
.Lnext_out:
        pop     {fp, pc}
ENDFUNC run_next_line

        .section .rodata, "a", %progbits
.Lconsole_path:
        .asciz  "/dev/console"
.Lrc_path:
        .asciz  "/etc/rc"
.Lsh:
        .asciz  "sh"
.Lline_too_long:
        .asciz  "line too long"
.Lprompt:
        .asciz  "# "
.Lno_way_out:
        .asciz  "\nUse poweroff to leave.\n"

        .bss
        .balign 4
console_reader:                                 @ its descriptor is 0, STDIN
        .space  READER_SIZE
line:
        .space  LINE_MAX
