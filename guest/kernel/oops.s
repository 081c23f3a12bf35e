@ oops.s - what an oops shows: registers, the chain of callers, the code at pc.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "ptrace.inc"

        .equ    CODE_WORDS,     4               @ instructions shown before the one at pc
        .equ    TRACE_MAX,      32              @ callers shown: a broken chain must end

        .text
@ ---------------------------------------------------------------------------
@ show_regs - the registers, as Linux shows them on ARM
@
@   in:       r0 = pt_regs
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC show_regs
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      print_tainted
        mov     r2, r0
        ldr     r1, =current_pid
        ldr     r1, [r1]
        pr_emerg "CPU: 0 PID: %d Comm: init %s\n"
        pr_emerg "Hardware name: ARM-Versatile Express\n"
        ldr     r1, [r4, #PT_PC]
        pr_emerg "PC is at %pS\n"
        ldr     r1, [r4, #PT_LR]
        pr_emerg "LR is at %pS\n"

        ldr     r1, [r4, #PT_PC]
        ldr     r2, [r4, #PT_LR]
        ldr     r3, [r4, #PT_CPSR]
        pr_emerg "pc : [<%08x>]    lr : [<%08x>]    psr: %08x\n"
        ldr     r1, [r4, #PT_SP]
        ldr     r2, [r4, #PT_IP]
        ldr     r3, [r4, #PT_FP]
        pr_emerg "sp : %08x  ip : %08x  fp : %08x\n"
        ldr     r1, [r4, #PT_R10]
        ldr     r2, [r4, #PT_R9]
        ldr     r3, [r4, #PT_R8]
        pr_emerg "r10: %08x  r9 : %08x  r8 : %08x\n"
        ldr     r1, [r4, #PT_R7]
        ldr     r2, [r4, #PT_R6]
        ldr     r3, [r4, #PT_R5]
        ldr     r0, [r4, #PT_R4]
        push    {r0, ip}
        pr_emerg "r7 : %08x  r6 : %08x  r5 : %08x  r4 : %08x\n"
        ldr     r1, [r4, #PT_R3]
        ldr     r2, [r4, #PT_R2]
        ldr     r3, [r4, #PT_R1]
        ldr     r0, [r4, #PT_R0]
        str     r0, [sp]
        pr_emerg "r3 : %08x  r2 : %08x  r1 : %08x  r0 : %08x\n"
        add     sp, sp, #8

        ldr     r0, [r4, #PT_CPSR]
        bl      show_psr
        pop     {r4, r5, fp, pc}
ENDFUNC show_regs

@ ---------------------------------------------------------------------------
@ show_psr - the status register in words: a set flag is a capital letter
@
@   in:       r0 = cpsr
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC show_psr
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #8                      @ "nzcv" and its NUL
        mov     r4, r0
        ldr     r1, =.Lflag_letters
        mov     r2, #0
.Lnext_flag:
        ldrb    r3, [r1, r2]
        lsls    r0, r0, #1                      @ bits 31, 30, 29, 28 in turn
        subcs   r3, r3, #'a' - 'A'
        strb    r3, [sp, r2]
        add     r2, r2, #1
        cmp     r2, #4
        bne     .Lnext_flag
        mov     r3, #0
        strb    r3, [sp, #4]

        mov     r1, sp
        tst     r4, #PSR_I
        ldrne   r2, =.Lirqs_off
        ldreq   r2, =.Lirqs_on
        and     r3, r4, #PSR_USER_TEST
        ldr     r0, =mode_names
        ldr     r3, [r0, r3, lsl #2]
        pr_emerg "Flags: %s  IRQs %s  Mode %s  ISA ARM\n"
        add     sp, sp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC show_psr
        string .Lflag_letters, "nzcv"
        string .Lirqs_on, "on"
        string .Lirqs_off, "off"
        string .Lmode_usr, "USR_32"
        string .Lmode_fiq, "FIQ_32"
        string .Lmode_irq, "IRQ_32"
        string .Lmode_svc, "SVC_32"
        string .Lmode_abt, "ABT_32"
        string .Lmode_und, "UND_32"
        string .Lmode_sys, "SYS_32"
        string .Lmode_bad, "?"

        RODATA
        .balign 4
mode_names:                                     @ by the low four mode bits
        .word   .Lmode_usr, .Lmode_fiq, .Lmode_irq, .Lmode_svc
        .word   .Lmode_bad, .Lmode_bad, .Lmode_bad, .Lmode_abt
        .word   .Lmode_bad, .Lmode_bad, .Lmode_bad, .Lmode_und
        .word   .Lmode_bad, .Lmode_bad, .Lmode_bad, .Lmode_sys

        .text
@ ---------------------------------------------------------------------------
@ show_call_trace - who called what, from an exception's registers
@
@   in:       r0 = pt_regs
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC show_call_trace
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        pr_emerg "Call trace: \n"
        ldr     r1, [r4, #PT_PC]
        ldr     r5, [r4, #PT_FP]

        @ A function without a frame record of its own (a leaf, or one still in its prologue) returns to lr.
        mov     r0, r1
        bl      has_frame
        cmp     r0, #0
        ldr     r0, [r4, #PT_PC]
        ldreq   r4, [r4, #PT_LR]
        beq     .Lleaf
        mov     r1, r5
        bl      walk_frames
        pop     {r4, r5, fp, pc}

.Lleaf:
        mov     r1, r0
        mov     r2, r4
        pr_emerg " %ps from %pB\n"
        sub     r0, r4, #4
        mov     r1, r5
        bl      walk_frames
        pop     {r4, r5, fp, pc}
ENDFUNC show_call_trace

@ ---------------------------------------------------------------------------
@ dump_stack - who called the caller of this function
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC dump_stack
        push    {fp, lr}
        add     fp, sp, #0
        pr_emerg "Call trace: \n"
        ldr     r0, [fp, #FRAME_LR]
        sub     r0, r0, #4
        ldr     r1, [fp, #FRAME_FP]
        bl      walk_frames
        pop     {fp, pc}
ENDFUNC dump_stack

@ ---------------------------------------------------------------------------
@ walk_frames - print a line for each frame record
@
@   in:       r0 = address in the innermost function, r1 = fp: its frame record
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any. Stops at fp 0, outside the kernel stack, or where fp does not grow
@ ---------------------------------------------------------------------------
FUNC walk_frames
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, #TRACE_MAX
.Lnext_frame:
        ldr     r0, =init_stack
        sub     r0, r5, r0
        cmp     r0, #THREAD_SIZE
        bhs     .Lend_of_chain
        tst     r5, #3
        bne     .Lend_of_chain
        ldr     r7, [r5, #FRAME_LR]
        cmp     r7, #0
        beq     .Lend_of_chain
        mov     r1, r4
        mov     r2, r7
        pr_emerg " %ps from %pB\n"
        sub     r4, r7, #4                      @ the call itself: surely in the calling function
        ldr     r0, [r5, #FRAME_FP]
        cmp     r0, r5
        mov     r5, r0
        bls     .Lend_of_chain
        subs    r6, r6, #1
        bne     .Lnext_frame
.Lend_of_chain:
        pop     {r4-r7, fp, pc}
ENDFUNC walk_frames

@ ---------------------------------------------------------------------------
@ has_frame - has the function at this address built its frame record by now?
@
@   in:       r0 = pc
@   out:      r0 = 1 when it began with push {..., fp, lr} and pc is past the two instructions of a prologue
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
        .equ    PUSH_FP_LR,     0xe92d4800      @ push {fp, lr}; other registers are further bits
        .equ    PUSH_MASK,      0xffffc800
        .equ    PROLOGUE_SIZE,  8

LFUNC has_frame
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      kallsyms_lookup
        cmp     r0, #0
        beq     .Lno_frame
        cmp     r1, #PROLOGUE_SIZE
        blo     .Lno_frame
        sub     r0, r4, r1
        bl      kernel_text_word
        ldr     r1, =PUSH_MASK
        and     r0, r0, r1
        ldr     r1, =PUSH_FP_LR
        cmp     r0, r1
        moveq   r0, #1
        popeq   {r4, r5, fp, pc}
.Lno_frame:
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC has_frame

@ ---------------------------------------------------------------------------
@ kernel_text_word - read an instruction, of the kernel or of a module, that may not be there
@
@   in:       r0 = address
@   out:      r0 = the word, r1 = 1; or r0 = 0, r1 = 0 when the tables say it cannot be read
@   clobbers: r2, r3, flags
@   context:  any. Looks instead of trying, so the fault registers keep the fault that is being reported
@ ---------------------------------------------------------------------------
LFUNC kernel_text_word
        mov     r1, #0
        tst     r0, #3
        bne     .Lno_word
        sub     r2, r0, #PAGE_OFFSET
        ldr     r3, =ram_size
        ldr     r3, [r3]
        cmp     r2, r3
        ldrlo   r3, =linear_ptes
        ldrlo   r3, [r3]
        blo     .Lhave_table
        sub     r2, r0, #MODULES_VADDR
        cmp     r2, #MODULES_END - MODULES_VADDR
        bhs     .Lno_word
        ldr     r3, =module_ptes
.Lhave_table:
        lsr     r2, r2, #PAGE_SHIFT
        ldr     r3, [r3, r2, lsl #2]
        cmp     r3, #L1_FAULT
        beq     .Lno_word
        ldr     r0, [r0]
        mov     r1, #1
        bx      lr
.Lno_word:
        mov     r0, #0
        bx      lr
ENDFUNC kernel_text_word

@ ---------------------------------------------------------------------------
@ show_code - the instructions before pc, and the one at pc in brackets
@
@   in:       r0 = pc
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC show_code
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      kernel_text_word
        cmp     r1, #0
        beq     .Lbad_pc
        sub     r5, r4, #CODE_WORDS * 4
        pr_emerg "Code:"
.Lnext_word:
        mov     r0, r5
        bl      kernel_text_word
        mov     r1, r0
        cmp     r5, r4
        beq     .Lat_pc
        pr_cont " %08x"
        add     r5, r5, #4
        b       .Lnext_word
.Lat_pc:
        pr_cont " (%08x)\n"
        pop     {r4, r5, fp, pc}

.Lbad_pc:
        pr_emerg "Code: bad PC value\n"
        pop     {r4, r5, fp, pc}
ENDFUNC show_code
