@ module_main.s - loading a module. load_module's stages stand in one table, each with what undoes it: a stage that
@ fails is followed by the undoing of all before it, in reverse order, so that nothing is left of the attempt.

        .include "macros.inc"
        .include "memory.inc"
        .include "elf.inc"
        .include "fs.inc"
        .include "unistd.inc"
        .include "params.inc"
        .include "module.inc"

@ A row of load_stages
        .equ    ROW_STAGE,      0               @ STAGE_*
        .equ    ROW_DO,         4               @ do(mod, info) -> 0 / -errno; before layout_and_allocate do(info)
        .equ    ROW_UNDO,       8               @ undo(mod, info), or 0
        .equ    ROW_SIZE,       12

        .macro  load_stage stage, do, undo=0
        .word   \stage, \do, \undo
        .endm

        RODATA
        .balign 4
load_stages:
        load_stage STAGE_SIG_CHECK,     module_sig_check                @ a signature is taken off
        load_stage STAGE_VALIDITY,      elf_validity_cache_copy         @ from here on no offset can mislead
        load_stage STAGE_EARLY_CHECK,   early_mod_check                 @ for this kernel, and not here already
        load_stage STAGE_LAYOUT,        layout_and_allocate, module_deallocate  @ from here on there is a struct module
        load_stage STAGE_UNFORMED,      add_unformed_module, unlink_module      @ on the list: the name is taken
        load_stage STAGE_PERCPU,        percpu_modalloc, percpu_modfree
        load_stage STAGE_UNLOAD_INIT,   module_unload_init, module_unload_free  @ users and used; held once for the load
        load_stage STAGE_SECTIONS,      find_module_sections            @ exports, parameters, tables
        load_stage STAGE_VERSIONS,      check_export_symbol_versions
        load_stage STAGE_MODINFO,       setup_modinfo, free_modinfo
        load_stage STAGE_SYMBOLS,       simplify_symbols                @ every symbol has its value
        load_stage STAGE_RELOCATIONS,   apply_relocations               @ code and data are what they will be
        load_stage STAGE_POST_RELOCATION, post_relocation, undo_post_relocation
        load_stage STAGE_ARGS,          copy_module_args, free_module_args
        load_stage STAGE_COMPLETE,      complete_formation, undo_formation      @ read-only where it should be; COMING
        load_stage STAGE_COMING,        prepare_coming_module, coming_cleanup   @ notifiers
        load_stage STAGE_PARSE_ARGS,    parse_module_args               @ its parameters are set
        load_stage STAGE_SYSFS,         mod_sysfs_setup, mod_sysfs_teardown
load_stages_end:

        .text
@ ---------------------------------------------------------------------------
@ load_module - all stages, then the module's init
@
@   in:       r0 = load_info: LOAD_HDR, _LEN, _FLAGS, _UARGS, _KARGS, the rest 0
@   out:      r0 = 0 / -errno. The copy of the file is freed in any case
@   clobbers: r1-r3, ip, flags
@   context:  process, no lock held
@ ---------------------------------------------------------------------------
FUNC load_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =load_stages
        ldr     r6, =load_stages_end
.Lnext_stage:
        ldr     r0, [r5, #ROW_STAGE]
        str     r0, [r4, #LOAD_STAGE]
        bl      fail_point
        cmp     r0, #0
        bne     .Lstage_failed
        mov     r0, r4
        ldr     r1, [r5, #ROW_DO]
        bl      call_stage
        cmp     r0, #0
        bne     .Lstage_failed
        add     r5, r5, #ROW_SIZE
        cmp     r5, r6
        bne     .Lnext_stage

        mov     r0, r4
        bl      free_copy                       @ the file is no longer needed
        ldr     r0, [r4, #LOAD_MOD]
        bl      do_init_module
        pop     {r4-r7, fp, pc}

.Lstage_failed:
        mov     r7, r0
        ldr     r6, =load_stages
.Lundo_stage:
        cmp     r5, r6
        beq     .Lall_undone
        sub     r5, r5, #ROW_SIZE
        ldr     r1, [r5, #ROW_UNDO]
        cmp     r1, #0
        movne   r0, r4
        blne    call_stage
        b       .Lundo_stage
.Lall_undone:
        mov     r0, r4
        bl      free_copy
        mov     r0, r7
        pop     {r4-r7, fp, pc}
ENDFUNC load_module

@ ---------------------------------------------------------------------------
@ call_stage - call a row's function with what there is
@
@   in:       r0 = load_info, r1 = function
@   out:      r0 = its result
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC call_stage
        push    {fp, lr}
        add     fp, sp, #0
        mov     ip, r1
        mov     r1, r0
        ldr     r2, [r0, #LOAD_MOD]
        cmp     r2, #0
        movne   r0, r2
        blx     ip
        pop     {fp, pc}
ENDFUNC call_stage

@ ---------------------------------------------------------------------------
@ free_copy - the copy of the file, and of its headers and symbols
@
@   in:       r0 = load_info
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process; a second call does nothing
@ ---------------------------------------------------------------------------
FUNC free_copy
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      elf_copies_free
        ldr     r0, [r4, #LOAD_AREA]
        mov     r1, #0
        str     r1, [r4, #LOAD_AREA]
        str     r1, [r4, #LOAD_HDR]
        bl      module_mem_free
        pop     {r4, r5, fp, pc}
ENDFUNC free_copy

@ ---------------------------------------------------------------------------
@ alloc_copy - memory for the file
@
@   in:       r0 = load_info, r1 = bytes, not 0
@   out:      r0 = address, or 0; LOAD_AREA, LOAD_HDR, LOAD_LEN
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
@ The file ends where its last page does (but for a word's rest), so that a read behind its end faults.
LFUNC alloc_copy
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        mov     r0, r1
        mov     r1, #MOD_COPY
        bl      module_mem_alloc
        cmp     r0, #0
        beq     .Lno_copy
        str     r0, [r4, #LOAD_AREA]
        add     r0, r0, r1, lsl #PAGE_SHIFT
        sub     r0, r0, r5
        bic     r0, r0, #3
        str     r0, [r4, #LOAD_HDR]
        str     r5, [r4, #LOAD_LEN]
.Lno_copy:
        pop     {r4, r5, fp, pc}
ENDFUNC alloc_copy

@ ---------------------------------------------------------------------------
@ may_init_module - is loading and unloading allowed?
@
@   in:       -
@   out:      r0 = 0 / -EPERM
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC may_init_module
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #CAP_SYS_MODULE
        bl      capable
        ldr     r1, =modules_disabled
        ldr     r1, [r1]
        cmp     r0, #0
        moveq   r1, #1
        cmp     r1, #0
        movne   r0, #-EPERM
        moveq   r0, #0
        pop     {fp, pc}
ENDFUNC may_init_module

@ ---------------------------------------------------------------------------
@ sys_init_module - init_module(image, length, args)
@
@   in:       r0 = user pointer to the file, r1 = bytes, r2 = user pointer to the arguments
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_init_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #LOAD_SIZE
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        bl      may_init_module
        cmp     r0, #0
        bne     .Linit_module_done
        mov     r0, sp
        mov     r1, r6
        mov     r2, #0
        bl      load_info_init
        mov     r0, sp
        mov     r1, r4
        mov     r2, r5
        bl      copy_module_from_user
        cmp     r0, #0
        moveq   r0, sp
        bleq    load_module
.Linit_module_done:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC sys_init_module

@ r0 = load_info, r1 = LOAD_UARGS, r2 = LOAD_FLAGS: the others become 0. r0-r3, ip, flags change.
LFUNC load_info_init
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r1, #0
        mov     r2, #LOAD_SIZE
        bl      memset
        str     r5, [r4, #LOAD_UARGS]
        str     r6, [r4, #LOAD_FLAGS]
        pop     {r4-r7, fp, pc}
ENDFUNC load_info_init

@ ---------------------------------------------------------------------------
@ copy_module_from_user - the file, out of the program's memory
@
@   in:       r0 = load_info, r1 = user pointer, r2 = bytes
@   out:      r0 = 0 / -ENOEXEC: too short for an ELF header / -ENOMEM / -EFAULT; LOAD_HDR, LOAD_LEN
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
LFUNC copy_module_from_user
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        cmp     r2, #EHDR_SIZE
        movlo   r0, #-ENOEXEC
        blo     .Lcopied
        mov     r0, r4
        mov     r1, r6
        bl      alloc_copy
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lcopied
        mov     r1, r5
        mov     r2, r6
        bl      copy_from_user
        cmp     r0, #0
        beq     .Lcopied
        mov     r0, r4
        bl      free_copy
        mov     r0, #-EFAULT
.Lcopied:
        pop     {r4-r7, fp, pc}
ENDFUNC copy_module_from_user

@ ---------------------------------------------------------------------------
@ sys_finit_module - finit_module(fd, args, flags)
@
@   in:       r0 = descriptor, r1 = user pointer to the arguments, r2 = MODULE_INIT_*
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_finit_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        bl      may_init_module
        cmp     r0, #0
        bne     .Lfinit_done
        bics    r0, r6, #MODULE_INIT_IGNORE_MODVERSIONS | MODULE_INIT_IGNORE_VERMAGIC | MODULE_INIT_COMPRESSED_FILE
        movne   r0, #-EINVAL
        bne     .Lfinit_done
        mov     r0, r4
        bl      fget
        cmp     r0, #0
        moveq   r0, #-EBADF
        beq     .Lfinit_done
        mov     r1, r5
        mov     r2, r6
        mov     r3, #0                          @ arguments are a user pointer
        bl      load_from_file
.Lfinit_done:
        pop     {r4-r7, fp, pc}
ENDFUNC sys_finit_module

@ ---------------------------------------------------------------------------
@ init_module_from_file - load an open file, for the kernel itself
@
@   in:       r0 = struct file, r1 = arguments, a kernel string; r2 = MODULE_INIT_*
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC init_module_from_file
        mov     r3, #1
        b       load_from_file
ENDFUNC init_module_from_file

@ r0 = struct file, r1 = arguments, r2 = MODULE_INIT_*, r3 = LOAD_KARGS -> r0 = 0 / -errno; r1-r3, ip, flags change.
LFUNC load_from_file
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #LOAD_SIZE
        mov     r4, r0
        mov     r5, r2
        mov     r6, r3
        mov     r0, sp
        bl      load_info_init
        str     r6, [sp, #LOAD_KARGS]
        mov     r0, sp
        mov     r1, r4
        bl      kernel_read_module
        cmp     r0, #0
        bne     .Lfile_done
        tst     r5, #MODULE_INIT_COMPRESSED_FILE
        bne     .Lcompressed
        mov     r0, sp
        bl      load_module
.Lfile_done:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
.Lcompressed:
        mov     r0, sp
        bl      free_copy
        mov     r0, #-EOPNOTSUPP
        b       .Lfile_done
ENDFUNC load_from_file

@ ---------------------------------------------------------------------------
@ kernel_read_module - the whole of an open file
@
@   in:       r0 = load_info, r1 = struct file
@   out:      r0 = 0; -EBADF: not open for reading; -EINVAL: no regular file, or empty; -ETXTBSY: open for writing, too;
@             -ENOMEM; what reading said. LOAD_HDR, LOAD_LEN. The file's position stays
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC kernel_read_module
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        ldr     r0, [r5, #FILE_FLAGS]
        and     r6, r0, #O_ACCMODE
        cmp     r6, #O_WRONLY
        moveq   r0, #-EBADF
        beq     .Lread_known
        ldr     r0, [r5, #FILE_MODE]
        and     r0, r0, #S_IFMT
        cmp     r0, #S_IFREG
        bne     .Lread_invalid
        cmp     r6, #O_RDWR
        moveq   r0, #-ETXTBSY
        beq     .Lread_known
        ldr     r1, [r5, #FILE_OP]
        ldr     r1, [r1, #FOPS_LENGTH]
        cmp     r1, #0
        beq     .Lread_invalid                  @ /proc: it has no size
        mov     r0, r5
        blx     r1
        cmp     r0, #0
        ble     .Lread_invalid
        mov     r6, r0                          @ bytes

        mov     r0, r4
        mov     r1, r6
        bl      alloc_copy
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lread_known
        mov     r7, r0
        ldr     r8, [r5, #FILE_POS]
        mov     r0, #0
        str     r0, [r5, #FILE_POS]
.Lread_more:
        mov     r0, r5
        mov     r1, r7
        mov     r2, r6
        bl      kernel_read
        cmp     r0, #0
        ble     .Lread_ends
        add     r7, r7, r0
        subs    r6, r6, r0
        bne     .Lread_more
.Lread_ends:
        str     r8, [r5, #FILE_POS]
        cmp     r6, #0
        moveq   r0, #0
        beq     .Lread_known
        cmp     r0, #0
        moveq   r0, #-EIO                       @ shorter than it said
        mov     r6, r0
        mov     r0, r4
        bl      free_copy
        mov     r0, r6
.Lread_known:
        pop     {r4-r9, fp, pc}
.Lread_invalid:
        mov     r0, #-EINVAL
        b       .Lread_known
ENDFUNC kernel_read_module

        INIT_TEXT
@ nomodule: neither loading nor unloading
LFUNC nomodule_setup
        push    {fp, lr}
        add     fp, sp, #0
        bl      parse_bool
        cmp     r0, #0
        ldrge   r1, =modules_disabled
        strge   r0, [r1]
        movge   r0, #0
        pop     {fp, pc}
ENDFUNC nomodule_setup
        __setup "nomodule", nomodule_setup

        .bss
        .balign 4
        .global modules_disabled
modules_disabled:
        .space  4                               @ 1: the loader is closed
