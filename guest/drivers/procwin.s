@ procwin.s - the proc window: whoever stands outside the board reads and writes files of /proc and loads modules through
@ registers. Data sheet: minikernel/board/proc_window.py. A request is served in process context, from the work queue, by
@ the functions behind the system calls (kernel/proc_window.s); one that waits when this driver comes up is served then.

        .include "macros.inc"
        .include "board.inc"
        .include "work.inc"
        .include "this_module.inc"

        .equ    PROCWIN_ID,             0x00
        .equ    PROCWIN_ID_VALUE,       0x434f5250      @ "PROC"
        .equ    PROCWIN_CTRL,           0x04
        .equ    CTRL_IRQ_ENABLE,        1 << 0
        .equ    PROCWIN_STATUS,         0x08
        .equ    STATUS_REQUEST,         1 << 0
        .equ    PROCWIN_OP,             0x0c            @ as proc_window_op takes it
        .equ    OP_READ,                0
        .equ    PROCWIN_PATH_LEN,       0x10            @ without the NUL
        .equ    PROCWIN_DATA_LEN,       0x14            @ bytes wanted, or bytes in the window
        .equ    PROCWIN_OFFSET,         0x18
        .equ    PROCWIN_RESULT,         0x1c
        .equ    PROCWIN_DOORBELL,       0x20
        .equ    PROCWIN_PATH,           0x100
        .equ    PATH_SIZE,              256
        .equ    PROCWIN_DATA,           0x200
        .equ    DATA_SIZE,              3584

@ ---------------------------------------------------------------------------
@ procwin_init - open the window
@
@   in:       -
@   out:      r0 = 0; -ENODEV nothing answers, or request_irq's error
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC procwin_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =PROCWIN_BASE
        ldr     r0, [r4, #PROCWIN_ID]
        ldr     r1, =PROCWIN_ID_VALUE
        cmp     r0, r1
        movne   r0, #-ENODEV
        bne     .Linit_return

        mov     r0, #IRQ_PROCWIN
        ldr     r1, =procwin_irq
        ldr     r2, =procwin_name
        mov     r3, #0
        bl      request_irq
        cmp     r0, #0
        bne     .Linit_return
        mov     r0, #CTRL_IRQ_ENABLE            @ a request that waits interrupts now
        str     r0, [r4, #PROCWIN_CTRL]
        pr_info "procwin 1c210000.procwin: /proc can be seen from outside\n"
        mov     r0, #0
.Linit_return:
        pop     {r4, r5, fp, pc}
ENDFUNC procwin_init

        .text
@ ---------------------------------------------------------------------------
@ procwin_irq - a request: mask the interrupt until it is answered, queue the work
@
@   in:       r0 = interrupt id, r1 = 0
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC procwin_irq
        ldr     r1, =PROCWIN_BASE
        mov     r0, #0
        str     r0, [r1, #PROCWIN_CTRL]
        ldr     r0, =procwin_work
        b       schedule_work
ENDFUNC procwin_irq

@ ---------------------------------------------------------------------------
@ proc_window_service - serve the request, if there is one
@
@   in:       r0 = work
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, sleeps as long as the file's function does
@ ---------------------------------------------------------------------------
FUNC proc_window_service
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #8
        ldr     r4, =PROCWIN_BASE
        ldr     r5, =procwin_data
        ldr     r0, [r4, #PROCWIN_STATUS]
        tst     r0, #STATUS_REQUEST
        beq     .Lservice_return
        hold_this_module                        @ the request may be to unload this very module

        ldr     r0, =procwin_path
        add     r1, r4, #PROCWIN_PATH
        ldr     r2, [r4, #PROCWIN_PATH_LEN]
        add     r2, r2, #1
        cmp     r2, #PATH_SIZE
        movhi   r2, #PATH_SIZE
        bl      procwin_copy
        ldr     r6, [r4, #PROCWIN_DATA_LEN]
        cmp     r6, #DATA_SIZE
        movhi   r6, #DATA_SIZE
        ldr     r7, [r4, #PROCWIN_OP]
        cmp     r7, #OP_READ
        beq     .Lservice_call
        mov     r0, r5
        add     r1, r4, #PROCWIN_DATA
        mov     r2, r6
        bl      procwin_copy
        mov     r0, #0                          @ what is text, is a string
        strb    r0, [r5, r6]
.Lservice_call:

        ldr     r0, [r4, #PROCWIN_OFFSET]
        str     r0, [sp]
        mov     r0, r7
        ldr     r1, =procwin_path
        mov     r2, r5
        mov     r3, r6
        bl      proc_window_op
        mov     r6, r0

        @ What a read gave goes into the window; then the answer.
        cmp     r7, #OP_READ
        bne     .Lservice_answer
        cmp     r6, #0
        ble     .Lservice_answer
        add     r0, r4, #PROCWIN_DATA
        mov     r1, r5
        mov     r2, r6
        bl      procwin_copy
.Lservice_answer:
        str     r6, [r4, #PROCWIN_RESULT]
        mov     r0, #1
        str     r0, [r4, #PROCWIN_DOORBELL]
        mov     r0, #CTRL_IRQ_ENABLE
        str     r0, [r4, #PROCWIN_CTRL]
        release_this_module
.Lservice_return:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC proc_window_service

@ ---------------------------------------------------------------------------
@ procwin_copy - to or from the window, by words
@
@   in:       r0 = to, r1 = from, both word aligned; r2 = bytes, rounded up to words
@   out:      -
@   clobbers: r2, r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC procwin_copy
        mov     r3, #0
.Lcopy_word:
        cmp     r3, r2
        bxhs    lr
        ldr     ip, [r1, r3]
        str     ip, [r0, r3]
        add     r3, r3, #4
        b       .Lcopy_word
ENDFUNC procwin_copy

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ procwin_exit - close the window; a request that came before is served
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC procwin_exit
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #IRQ_PROCWIN
        bl      free_irq
        bl      flush_scheduled_work
        ldr     r1, =PROCWIN_BASE
        mov     r0, #0
        str     r0, [r1, #PROCWIN_CTRL]
        pop     {fp, pc}
ENDFUNC procwin_exit

        string  procwin_name, "procwin"

        DECLARE_WORK procwin_work, proc_window_service

        .bss
        .balign 4
procwin_path:
        .space  PATH_SIZE
procwin_data:
        .space  DATA_SIZE + 4

        module_init procwin_init
        module_exit procwin_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Window to /proc from outside the board"
