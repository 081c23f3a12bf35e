@ printk.s - the kernel's messages. Each line goes into the log buffer as "<6>[    0.012345] text", the level in front;
@ the console gets the lines below console_loglevel, without the level. The buffer is a ring: log_next counts every byte
@ ever written, so the byte with count n lies at __log_buf[n % log_buf_len], and the oldest one kept is
@ log_next - log_buf_len (or 0).

        .include "macros.inc"
        .include "arm.inc"
        .include "params.inc"
        .include "console.inc"

        .equ    LOG_BUF_SHIFT,          15
        .equ    LOG_BUF_LEN,            1 << LOG_BUF_SHIFT
        .equ    PRINTK_MAX,             512     @ longest message, with its NUL
        .equ    PREFIX_MAX,             40
        .equ    LOGLEVEL_DEFAULT,       7       @ debug messages stay in the log
        .equ    LOGLEVEL_QUIET,         4       @ errors only
        .equ    LOGLEVEL_DEBUG,         10
        .equ    LOGLEVEL_VERBOSE,       15      @ oops and panic: everything
        .equ    USEC_PER_SEC,           1000000

        .text
@ ---------------------------------------------------------------------------
@ _printk, printk - write a message to log and console
@
@   in:       r0 = format, perhaps with KERN_SOH and level in front; r1-r3 and the stack = arguments
@   out:      r0 = length of the text
@   clobbers: r1-r3, ip, flags
@   context:  any, interrupts too
@ ---------------------------------------------------------------------------
        .global printk
        .type   printk, %function
FUNC _printk
printk:
        push    {r0-r3}                         @ r1-r3 lie right below the caller's stack arguments
        push    {fp, lr}
        add     fp, sp, #0
        add     r1, sp, #12
        bl      vprintk
        pop     {fp, lr}
        add     sp, sp, #16
        bx      lr
ENDFUNC _printk
        .size   printk, . - printk

@ ---------------------------------------------------------------------------
@ vprintk - printk with its arguments in memory
@
@   in:       r0 = format, r1 = arguments
@   out:      r0 = length of the text
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC vprintk
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        local_irq_save r7                       @ the text buffer is one for all
        mov     r6, #KERN_WARNING               @ Linux's level for messages without one
        ldrb    r2, [r0]
        cmp     r2, #KERN_SOH
        ldrbeq  r6, [r0, #1]
        addeq   r0, r0, #2

        mov     r3, r1
        mov     r2, r0
        mov     r1, #PRINTK_MAX
        ldr     r0, =printk_text
        bl      vsnprintf
        mov     r4, r0
        cmp     r4, #PRINTK_MAX
        ldrhs   r4, =PRINTK_MAX - 1

        ldr     r0, =printk_text
        mov     r1, r4
        mov     r2, r6
        bl      log_store
        bl      console_flush
        mov     r0, r4
        local_irq_restore r7
        pop     {r4-r7, fp, pc}
ENDFUNC vprintk

@ ---------------------------------------------------------------------------
@ log_store - append a text, a prefix in front of each of its lines
@
@   in:       r0 = text, r1 = its length, r2 = level's digit, or KERN_CONT
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC log_store
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        add     r5, r0, r1
        mov     r6, r2
        ldr     r7, =log_line_open
        ldr     r8, [r7]
        cmp     r6, #KERN_CONT
        beq     .Lcontinue
        cmp     r8, #0
        movne   r0, #'\n'                       @ a new message ends an unfinished line
        blne    log_putc
        mov     r8, #0
.Lcontinue:
        cmp     r6, #KERN_CONT
        moveq   r6, #KERN_WARNING               @ level of lines after the one continued
.Lnext_char:
        cmp     r4, r5
        bhs     .Lstored
        cmp     r8, #0
        bne     .Linside_line
        mov     r0, r6
        bl      log_prefix
.Linside_line:
        ldrb    r0, [r4], #1
        subs    r8, r0, #'\n'                   @ 0 after the end of a line
        bl      log_putc
        b       .Lnext_char
.Lstored:
        str     r8, [r7]
        pop     {r4-r9, fp, pc}
ENDFUNC log_store

@ ---------------------------------------------------------------------------
@ log_prefix - append "<6>[    0.012345] "
@
@   in:       r0 = level's digit
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC log_prefix
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #PREFIX_MAX
        mov     r4, r0
        bl      ktime_us
        ldr     r2, =USEC_PER_SEC
        udiv    r1, r0, r2
        mls     r2, r1, r2, r0
        push    {r1, r2}                        @ seconds, microseconds
        add     r0, sp, #8
        mov     r1, #PREFIX_MAX
        ldr     r2, =.Lprefix
        mov     r3, r4
        bl      snprintf
        add     sp, sp, #8
        mov     r4, sp
.Lprefix_char:
        ldrb    r0, [r4], #1
        cmp     r0, #0
        blne    log_putc
        ldrb    r0, [r4, #-1]
        cmp     r0, #0
        bne     .Lprefix_char
        add     sp, sp, #PREFIX_MAX
        pop     {r4, r5, fp, pc}
ENDFUNC log_prefix
        string .Lprefix, "<%c>[%5u.%06u] "

@ ---------------------------------------------------------------------------
@ log_putc - append a byte to the ring
@
@   in:       r0 = byte
@   out:      -
@   clobbers: r1-r3, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC log_putc
        ldr     r1, =log_next
        ldr     r2, [r1]
        ubfx    r3, r2, #0, #LOG_BUF_SHIFT
        add     r2, r2, #1
        str     r2, [r1]
        ldr     r1, =__log_buf
        strb    r0, [r1, r3]
        bx      lr
ENDFUNC log_putc

@ ---------------------------------------------------------------------------
@ log_read - copy from the log
@
@   in:       r0 = buffer, r1 = its size, r2 = count of the first byte wanted (as log_next counts)
@   out:      r0 = bytes copied, r1 = count of the next byte; bytes lost from the ring are skipped
@   clobbers: r2, r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC log_read
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r3, =log_next
        ldr     r3, [r3]
        sub     ip, r3, r2
        cmp     ip, #LOG_BUF_LEN
        subhi   r2, r3, #LOG_BUF_LEN            @ the oldest byte there is
        mov     r4, r0
        ldr     r5, =__log_buf
.Lcopy_byte:
        cmp     r2, r3
        beq     .Lread_done
        subs    r1, r1, #1
        blo     .Lread_done
        ubfx    ip, r2, #0, #LOG_BUF_SHIFT
        ldrb    ip, [r5, ip]
        strb    ip, [r4], #1
        add     r2, r2, #1
        b       .Lcopy_byte
.Lread_done:
        sub     r0, r4, r0
        mov     r1, r2
        pop     {r4, r5, fp, pc}
ENDFUNC log_read

@ ---------------------------------------------------------------------------
@ register_console - start sending messages to a console, the ones so far first
@
@   in:       r0 = struct console
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC register_console
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        local_irq_save r5
        ldr     r1, =console_driver
        str     r0, [r1]
        ldr     r1, [r0, #CON_NAME]
        pr_info "printk: console [%s] enabled\n"
        local_irq_restore r5
        pop     {r4, r5, fp, pc}
ENDFUNC register_console

@ ---------------------------------------------------------------------------
@ console_flush - send what the console has not seen
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
FUNC console_flush
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        ldr     r4, =console_driver
        ldr     r4, [r4]
        cmp     r4, #0
        beq     .Lflushed
        ldr     r5, =console_next
        ldr     r6, [r5]
        ldr     r7, =log_next
        ldr     r7, [r7]
.Lnext_piece:
        cmp     r6, r7
        beq     .Lflushed
        mov     r0, r6
        bl      line_visible
        mov     r6, r1
        mov     r8, r0                          @ visible?
        mov     r0, r6
        mov     r1, r7
        bl      line_piece
        add     r6, r6, r1
        str     r6, [r5]
        cmp     r8, #0
        beq     .Lnext_piece
        ldr     r2, [r4, #CON_WRITE]
        blx     r2
        b       .Lnext_piece
.Lflushed:
        pop     {r4-r9, fp, pc}
ENDFUNC console_flush

@ ---------------------------------------------------------------------------
@ line_visible - does the console show the line that goes on here?
@
@   in:       r0 = count of a byte in the log
@   out:      r0 = 1 / 0; r1 = the count, moved behind "<6>" when a line begins here
@   clobbers: r2, r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC line_visible
        ldr     r3, =console_visible
        mov     r1, r0
        sub     r2, r1, #1
        ubfx    r2, r2, #0, #LOG_BUF_SHIFT
        ldr     ip, =__log_buf
        ldrb    r2, [ip, r2]
        cmp     r1, #0
        cmpne   r2, #'\n'
        ldrne   r0, [r3]                        @ in the middle: as its beginning was
        bxne    lr

        add     r2, r1, #1
        ubfx    r2, r2, #0, #LOG_BUF_SHIFT
        ldrb    r2, [ip, r2]
        sub     r2, r2, #'0'
        ldr     ip, =console_loglevel
        ldr     ip, [ip]
        cmp     r2, ip
        movlo   r0, #1
        movhs   r0, #0
        str     r0, [r3]
        add     r1, r1, #3
        bx      lr
ENDFUNC line_visible

@ ---------------------------------------------------------------------------
@ line_piece - the bytes up to the end of a line, of the log or of the ring's memory
@
@   in:       r0 = count of the first byte, r1 = log_next
@   out:      r0 = address, r1 = number of bytes
@   clobbers: r2, r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC line_piece
        ldr     r3, =__log_buf
        sub     r1, r1, r0                      @ bytes in the log
        ubfx    r2, r0, #0, #LOG_BUF_SHIFT
        rsb     ip, r2, #LOG_BUF_LEN            @ bytes up to the wrap
        cmp     ip, r1
        movlo   r1, ip
        add     r0, r3, r2
        mov     r2, #0
.Lfind_newline:
        cmp     r2, r1
        bxhs    lr
        ldrb    r3, [r0, r2]
        add     r2, r2, #1
        cmp     r3, #'\n'
        bne     .Lfind_newline
        mov     r1, r2
        bx      lr
ENDFUNC line_piece

@ ---------------------------------------------------------------------------
@ console_verbose - from now on the console shows everything (oops, panic)
@
@   in:       -
@   out:      -
@   clobbers: ip, flags; r0-r3 are kept for the caller's report
@   context:  any
@ ---------------------------------------------------------------------------
FUNC console_verbose
        push    {r0, r1}
        ldr     r0, =console_loglevel
        mov     r1, #LOGLEVEL_VERBOSE
        str     r1, [r0]
        pop     {r0, r1}
        bx      lr
ENDFUNC console_verbose

        INIT_TEXT
@ loglevel=N: messages with a level below N are shown
LFUNC loglevel_setup
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        cmp     r0, #0
        moveq   r0, #-EINVAL
        beq     .Lloglevel_done
        mov     r1, #0
        mov     r2, #0
        bl      strtoul
        ldr     r1, =console_loglevel
        str     r0, [r1]
        mov     r0, #0
.Lloglevel_done:
        pop     {r4, r5, fp, pc}
ENDFUNC loglevel_setup
        __setup "loglevel", loglevel_setup

LFUNC quiet_setup
        mov     r1, #LOGLEVEL_QUIET
        b       set_loglevel
ENDFUNC quiet_setup
        __setup "quiet", quiet_setup

LFUNC debug_setup
        mov     r1, #LOGLEVEL_DEBUG
        b       set_loglevel
ENDFUNC debug_setup
        __setup "debug", debug_setup

LFUNC ignore_loglevel_setup
        mov     r1, #LOGLEVEL_VERBOSE
        b       set_loglevel
ENDFUNC ignore_loglevel_setup
        __setup "ignore_loglevel", ignore_loglevel_setup

LFUNC set_loglevel
        ldr     r0, =console_loglevel
        str     r1, [r0]
        mov     r0, #0
        bx      lr
ENDFUNC set_loglevel

        .data
        .balign 4
        .global console_loglevel, log_buf_len
console_loglevel:
        .word   LOGLEVEL_DEFAULT
log_buf_len:
        .word   LOG_BUF_LEN

        .bss
        .balign 4
        .global log_next, __log_buf, console_driver
log_next:
        .space  4                               @ bytes ever written to the log
log_line_open:
        .space  4                               @ not 0: the last line has no end yet
console_next:
        .space  4                               @ bytes of the log the console has had
console_visible:
        .space  4                               @ 1: the console shows the current line
console_driver:
        .space  4                               @ struct console, 0: none yet
printk_text:
        .space  PRINTK_MAX
        .type   __log_buf, %object
__log_buf:
        .space  LOG_BUF_LEN
        .size   __log_buf, LOG_BUF_LEN

        EXPORT_SYMBOL _printk
        EXPORT_SYMBOL register_console
