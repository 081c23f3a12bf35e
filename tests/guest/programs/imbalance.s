@ An initcall that gives nothing back: do_one_initcall says what, repairs it, and the boot goes on. The same for a
@ deferred one.
@
@ rc: echo 1 > /proc/deferred_initcalls
@ rc: poweroff
@ expect: ------------[ cut here ]------------
@ expect: WARNING: CPU: 0 PID: 1 at do_one_initcall+0x
@ expect: initcall takes_everything+0x0/0x
@ expect: returned with preemption imbalance disabled interrupts unbalanced kernel lock
@ expect: ---[ end trace 0000000000000000 ]---
@ expect: after: preempt 0, lock 1, IRQs on
@ expect: Running do_deferred_initcalls()
@ expect: initcall takes_everything+0x0/0x
@ expect: returned with preemption imbalance disabled interrupts unbalanced kernel lock
@ expect: after: preempt 0, lock 1, IRQs on
@ expect: initcall unlocks_too_much+0x0/0x
@ expect: returned with unbalanced kernel lock
@ expect: after: preempt 0, lock 1, IRQs on
@ expect: Freeing unused kernel image (initmem) memory: {init_kib}K
@ expect: reboot: Power down
@ stop: power-off

        .include "macros.inc"
        .include "arm.inc"

        INIT_TEXT
FUNC takes_everything
        push    {fp, lr}
        add     fp, sp, #0
        bl      preempt_disable
        bl      lock_kernel
        cpsid   i
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC takes_everything

FUNC unlocks_too_much
        push    {fp, lr}
        add     fp, sp, #0
        bl      unlock_kernel
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC unlocks_too_much

FUNC reports_balance
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =preempt_count
        ldr     r1, [r1]
        ldr     r2, =lock_depth
        ldr     r2, [r2]
        mrs     r0, cpsr
        tst     r0, #PSR_I
        ldreq   r3, =.Lon
        ldrne   r3, =.Loff
        pr_info "after: preempt %u, lock %u, IRQs %s\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC reports_balance
        string .Lon, "on"
        string .Loff, "off"

        device_initcall takes_everything
        late_initcall reports_balance

        .pushsection .deferred_initcall.init, "a", %progbits
        .word   takes_everything, reports_balance, unlocks_too_much, reports_balance
        .popsection
