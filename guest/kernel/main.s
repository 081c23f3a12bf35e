@ main.s - how the kernel starts. start_kernel is the table of contents: one call a line, and what it brings up.

        .include "macros.inc"
        .include "params.inc"
        .include "system.inc"
        .include "memory.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ start_kernel - everything before the initcalls
@
@   in:       r0 = physical address of the ATAGs, or 0
@   out:      never returns
@   clobbers: everything
@   context:  boot, MMU on by head.s, IRQs off
@ ---------------------------------------------------------------------------
FUNC start_kernel
        push    {fp, lr}
        add     fp, sp, #0
        bl      setup_arch                      @ RAM size, command line, initrd: what the boot loader says
        bl      paging_init                     @ every page with its own permissions; devices
        bl      print_banner                    @ first words, still only in the log
        bl      parse_params                    @ what the command line switches
        bl      mem_init                        @ alloc_pages, free_pages
        bl      kmem_cache_init                 @ kmalloc, kfree
        bl      lock_kernel                     @ held until the initcalls are done
        bl      console_init                    @ console initcalls: the log becomes visible
        cpsie   i                               @ interrupts, as soon as a controller forwards any
        bl      kernel_init
ENDFUNC start_kernel

LFUNC print_banner
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =linux_banner
        pr_notice "%s"
        ldr     r1, =saved_command_line
        pr_notice "Kernel command line: %s\n"
        pop     {fp, pc}
ENDFUNC print_banner

@ init=, rdinit=: the program to start instead of /init
LFUNC init_setup
        cmp     r0, #0
        moveq   r0, #-EINVAL
        bxeq    lr
        ldr     r1, =init_path
        str     r0, [r1]
        mov     r0, #0
        bx      lr
ENDFUNC init_setup
        __setup "init", init_setup

LFUNC rdinit_setup
        b       init_setup
ENDFUNC rdinit_setup
        __setup "rdinit", rdinit_setup

        REF_TEXT
@ ---------------------------------------------------------------------------
@ kernel_init - process 1: the initcalls, then the program
@
@   in:       -
@   out:      never returns
@   clobbers: everything
@   context:  process. Not init text: init memory is freed by do_deferred_initcalls, while this is still "running"
@ ---------------------------------------------------------------------------
FUNC kernel_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =current_pid
        mov     r1, #1
        str     r1, [r0]
        mov     r0, #SYSTEM_SCHEDULING
        bl      set_system_state

        bl      do_pre_smp_initcalls            @ level early
        bl      do_initcalls                    @ levels 0 to 7
        bl      unlock_kernel
        bl      mark_rodata_ro                  @ constants are constant from here on
        mov     r0, #SYSTEM_RUNNING
        bl      set_system_state

        @ Init memory stays: deferred initcalls need theirs. do_deferred_initcalls frees it.
        ldr     r0, =init_path
        ldr     r0, [r0]
        bl      run_init_process                @ returns only when it fails
        mov     r2, r0
        ldr     r1, =init_path
        ldr     r1, [r1]
        pr_err  "Failed to execute %s (error %d)\n"
        ldr     r0, =.Lno_init
        bl      panic
ENDFUNC kernel_init
        string .Lno_init, "No working init found.  Try passing init= option to kernel."
        string .Ldefault_init, "/init"

        .text
@ ---------------------------------------------------------------------------
@ set_system_state - how far the system is; the one place that changes it
@
@   in:       r0 = SYSTEM_*
@   out:      -
@   clobbers: r1
@   context:  any
@ ---------------------------------------------------------------------------
FUNC set_system_state
        ldr     r1, =system_state
        str     r0, [r1]
        bx      lr
ENDFUNC set_system_state
        EXPORT_SYMBOL system_state

        .data
        .balign 4
init_path:
        .word   .Ldefault_init

        .bss
        .balign 4
        .global system_state, current_pid
system_state:
        .space  4                               @ SYSTEM_*
current_pid:
        .space  4                               @ 0 until kernel_init, then 1: the one process
