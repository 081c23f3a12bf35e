@ /sys/module: a directory for each module (Linux kernel/module/sysfs.c, kernel/params.c).
@
@   NAME/{coresize,initsize,initstate,refcnt,taint,version}   one line each
@   NAME/sections/.text ...                                    where each loaded section was put
@   NAME/holders/USER ...                                      the modules that use it
@   NAME/parameters/PARAM ...                                  read and, where the module allows it, written
@
@ Nothing is kept between two calls but the path: a module may be gone by then. A node is found by walking the path from
@ the root; every kind of directory has one function that answers its n-th entry, for listing and for walking.

        .include "macros.inc"
        .include "memory.inc"
        .include "fs.inc"
        .include "proc.inc"
        .include "elf.inc"
        .include "unistd.inc"
        .include "module.inc"
        .include "module_use.inc"
        .include "moduleparam.inc"

@ struct sysfs_node
        .equ    NODE_KIND,      0               @ struct node_kind
        .equ    NODE_MOD,       4               @ module
        .equ    NODE_ITEM,      8               @ row: of module_attributes, MODULE_SECT_ATTRS or __param
        .equ    NODE_SIZE,      16              @ a multiple of 8, as it lies on stacks

@ struct node_kind
        .equ    KIND_ENTRY,     0               @ entry(node, index, dirent, entry's node) -> 0 / -ENOENT; 0 in a file
        .equ    KIND_SHOW,      4               @ show(seq_file, node) -> 0 / -errno
        .equ    KIND_STORE,     8               @ store(text, node) -> 0 / -errno, or 0

@ A row of module_attributes
        .equ    ATTR_NAME,      0
        .equ    ATTR_KIND,      4
        .equ    ATTR_SHOW,      8               @ show(seq_file, module), of a file
        .equ    ATTR_SIZE,      12

@ A row of MODULE_SECT_ATTRS
        .equ    SECT_NAME,      0
        .equ    SECT_ADDR,      4
        .equ    SECT_SIZE,      8

        .equ    MODE_READ,      0x8124          @ S_IFREG | 0444
        .equ    MODE_ROOT_ONLY, 0x8100          @ S_IFREG | 0400
        .equ    STORE_MAX,      PAGE_SIZE - 1
        .equ    TAINTS_TEXT,    16

        .text
@ --- a module's sections, kept while it is there ----------------------------------------------------------------------------

@ ---------------------------------------------------------------------------
@ mod_sysfs_setup - keep names and addresses of the loaded sections
@
@   in:       r0 = module, r1 = load_info
@   out:      r0 = 0 / -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC mod_sysfs_setup
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, #0                          @ sections
        mov     r7, #0                          @ bytes of names
        mov     r8, #0
.Lmeasure_section:
        add     r8, r8, #1
        ldr     r0, [r5, #LOAD_SHNUM]
        cmp     r8, r0
        bhs     .Lsections_measured
        mov     r0, r5
        mov     r1, r8
        bl      loaded_section
        cmp     r0, #0
        beq     .Lmeasure_section
        add     r6, r6, #1
        bl      strlen
        add     r7, r7, r0
        add     r7, r7, #1
        b       .Lmeasure_section

.Lsections_measured:
        add     r0, r7, r6, lsl #3              @ SECT_SIZE is 8
        bl      module_kmalloc
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lsections_kept
        str     r0, [r4, #MODULE_SECT_ATTRS]
        str     r6, [r4, #MODULE_NUM_SECT_ATTRS]
        mov     r7, r0                          @ row
        add     r9, r0, r6, lsl #3              @ name to write
        mov     r8, #0
.Lkeep_section:
        add     r8, r8, #1
        ldr     r0, [r5, #LOAD_SHNUM]
        cmp     r8, r0
        movhs   r0, #0
        bhs     .Lsections_kept
        mov     r0, r5
        mov     r1, r8
        bl      loaded_section
        cmp     r0, #0
        beq     .Lkeep_section
        str     r9, [r7], #4
        str     r1, [r7], #4
.Lcopy_name:
        ldrb    r1, [r0], #1
        strb    r1, [r9], #1
        cmp     r1, #0
        bne     .Lcopy_name
        b       .Lkeep_section
.Lsections_kept:
        pop     {r4-r9, fp, pc}
ENDFUNC mod_sysfs_setup

@ r0 = load_info, r1 = index -> r0 = name, r1 = address of a section that is loaded and not empty; r0 = 0: of another.
@ r2, r3 and flags change.
LFUNC loaded_section
        ldr     r2, [r0, #LOAD_SECHDRS]
        shdr_at r3, r2, r1
        ldr     r2, [r3, #SH_FLAGS]
        ldr     r1, [r3, #SH_SIZE]
        tst     r2, #SHF_ALLOC
        cmpne   r1, #0
        moveq   r0, #0
        bxeq    lr
        ldr     r1, [r3, #SH_ADDR]
        ldr     r2, [r3, #SH_NAME]
        ldr     r0, [r0, #LOAD_SECSTRINGS]
        add     r0, r0, r2
        bx      lr
ENDFUNC loaded_section

@ ---------------------------------------------------------------------------
@ mod_sysfs_teardown - forget them
@
@   in:       r0 = module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC mod_sysfs_teardown
        push    {fp, lr}
        add     fp, sp, #0
        mov     r1, r0
        ldr     r0, [r1, #MODULE_SECT_ATTRS]
        mov     r2, #0
        str     r2, [r1, #MODULE_NUM_SECT_ATTRS]
        str     r2, [r1, #MODULE_SECT_ATTRS]
        bl      kfree                           @ takes 0
        pop     {fp, pc}
ENDFUNC mod_sysfs_teardown

@ --- what each kind of directory has -----------------------------------------------------------------------------------------
@ All of them: entry(r0 = node, r1 = index, r2 = dirent: name and mode go there, r3 = entry's node, MOD preset)
@ -> r0 = 0 / -ENOENT past the last. They clobber r1-r3, ip and flags.

LFUNC root_entry
        cmp     r1, #0
        movne   r0, #-ENOENT
        bxne    lr
        ldr     r1, =modules_kind
        str     r1, [r3, #NODE_KIND]
        ldr     r1, =.Lmodule
        b       directory_entry
ENDFUNC root_entry

@ The tail of an entry function: r1 = name, r2 = dirent, r3 = mode.
LFUNC directory_entry
        ldr     r3, =MODE_DIR
        b       entry_with_mode
ENDFUNC directory_entry

LFUNC entry_with_mode
        push    {fp, lr}
        add     fp, sp, #0
        str     r3, [r2, #DIRENT_MODE]
        add     r0, r2, #DIRENT_NAME
        mov     r2, #DIRENT_NAME_MAX
        bl      strlcpy
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC entry_with_mode

LFUNC modules_entry
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =modules
        ldr     r5, [r4]
.Lskip_module:
        cmp     r5, r4
        beq     .Lno_more_modules
        sub     r0, r5, #MODULE_LIST
        ldr     ip, [r0, #MODULE_STATE]
        cmp     ip, #MODULE_STATE_UNFORMED
        beq     .Lnext_module
        subs    r1, r1, #1
        blo     .Lthis_module
.Lnext_module:
        ldr     r5, [r5]
        b       .Lskip_module
.Lthis_module:
        str     r0, [r3, #NODE_MOD]
        add     r1, r0, #MODULE_NAME
        ldr     r0, =module_kind
        str     r0, [r3, #NODE_KIND]
        bl      directory_entry
        pop     {r4, r5, fp, pc}
.Lno_more_modules:
        mov     r0, #-ENOENT
        pop     {r4, r5, fp, pc}
ENDFUNC modules_entry

LFUNC module_entry
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =module_attributes
        mov     r5, #ATTR_SIZE
        mla     r4, r1, r5, r4
        ldr     r5, =module_attributes_end
        cmp     r4, r5
        movhs   r0, #-ENOENT
        bhs     .Lattribute_done
        ldr     r1, [r4, #ATTR_KIND]
        str     r1, [r3, #NODE_KIND]
        str     r4, [r3, #NODE_ITEM]
        ldr     r3, [r4, #ATTR_SHOW]
        cmp     r3, #0
        ldreq   r3, =MODE_DIR
        ldrne   r3, =MODE_READ
        ldr     r1, [r4, #ATTR_NAME]
        bl      entry_with_mode
.Lattribute_done:
        pop     {r4, r5, fp, pc}
ENDFUNC module_entry

LFUNC sections_entry
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, [r0, #NODE_MOD]
        ldr     r5, [r4, #MODULE_NUM_SECT_ATTRS]
        ldr     r4, [r4, #MODULE_SECT_ATTRS]
        cmp     r1, r5
        movhs   r0, #-ENOENT
        bhs     .Lsection_entry_done
        add     r4, r4, r1, lsl #3              @ SECT_SIZE is 8
        str     r4, [r3, #NODE_ITEM]
        ldr     r5, =section_kind
        str     r5, [r3, #NODE_KIND]
        ldr     r1, [r4, #SECT_NAME]
        ldr     r3, =MODE_ROOT_ONLY
        bl      entry_with_mode
.Lsection_entry_done:
        pop     {r4, r5, fp, pc}
ENDFUNC sections_entry

LFUNC holders_entry
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, [r0, #NODE_MOD]
        add     r4, r4, #MODULE_SOURCE_LIST
        ldr     r5, [r4]
.Lskip_holder:
        cmp     r5, r4
        moveq   r0, #-ENOENT
        beq     .Lholder_done
        subs    r1, r1, #1
        ldrhs   r5, [r5]
        bhs     .Lskip_holder
        ldr     r1, [r5, #USE_SOURCE - USE_SOURCE_LIST]
        str     r1, [r3, #NODE_MOD]
        add     r1, r1, #MODULE_NAME
        ldr     r4, =module_kind                @ Linux has a link there to the module's directory
        str     r4, [r3, #NODE_KIND]
        bl      directory_entry
.Lholder_done:
        pop     {r4, r5, fp, pc}
ENDFUNC holders_entry

LFUNC parameters_entry
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r6, r2
        mov     r7, r3
        mov     r8, r1                          @ entries to pass over
        ldr     r4, [r0, #NODE_MOD]
        ldr     r5, [r4, #MODULE_NUM_KP]
        ldr     r4, [r4, #MODULE_KP]
.Lskip_parameter:
        subs    r5, r5, #1
        movlo   r0, #-ENOENT
        blo     .Lparameter_done
        ldrh    r9, [r4, #KPARAM_PERM]
        cmp     r9, #0                          @ the module does not show this one
        beq     .Lnext_parameter
        ldr     r0, [r4, #KPARAM_NAME]
        bl      string_is_ours
        cmp     r0, #0
        beq     .Lnext_parameter
        subs    r8, r8, #1
        blo     .Lthis_parameter
.Lnext_parameter:
        add     r4, r4, #KPARAM_SIZE
        b       .Lskip_parameter
.Lthis_parameter:
        str     r4, [r7, #NODE_ITEM]
        ldr     r0, =parameter_kind
        str     r0, [r7, #NODE_KIND]
        mov     r2, r6
        ubfx    r3, r9, #0, #9                  @ rwxrwxrwx
        orr     r3, r3, #S_IFREG
        ldr     r1, [r4, #KPARAM_NAME]
        bl      entry_with_mode
.Lparameter_done:
        pop     {r4-r9, fp, pc}
ENDFUNC parameters_entry

@ --- what is in the files ---------------------------------------------------------------------------------------------------
@ All of them: show(r0 = seq_file, r1 = node) -> r0 = 0 / -errno. They clobber r1-r3, ip and flags.

LFUNC attribute_show
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, [r1, #NODE_ITEM]
        ldr     r2, [r2, #ATTR_SHOW]
        ldr     r1, [r1, #NODE_MOD]
        blx     r2
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC attribute_show

@ The attributes themselves: r0 = seq_file, r1 = module.
LFUNC coresize_show
        mov     r2, #MOD_TEXT
        mov     r3, #MOD_INIT_TEXT
        b       show_memory_size
ENDFUNC coresize_show

LFUNC initsize_show
        mov     r2, #MOD_INIT_TEXT
        mov     r3, #MOD_MEM_NUM_TYPES
        b       show_memory_size
ENDFUNC initsize_show

@ r2, r3 = kinds from and before.
LFUNC show_memory_size
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r0, r1
        mov     r1, r2
        mov     r2, r3
        bl      module_memory_size
        mov     r2, r0
        mov     r0, r4
        ldr     r1, =.Lunsigned_line
        bl      seq_printf
        pop     {r4, r5, fp, pc}
ENDFUNC show_memory_size

LFUNC initstate_show
        ldr     r1, [r1, #MODULE_STATE]
        ldr     r2, =initstates
        ldr     r1, [r2, r1, lsl #2]
        b       seq_puts
ENDFUNC initstate_show

LFUNC refcnt_show
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r0, r1
        bl      module_refcount
        mov     r2, r0
        mov     r0, r4
        ldr     r1, =.Lsigned_line
        bl      seq_printf
        pop     {r4, r5, fp, pc}
ENDFUNC refcnt_show

LFUNC taint_show
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #TAINTS_TEXT
        mov     r4, r0
        ldr     r0, [r1, #MODULE_TAINTS]
        mov     r1, sp
        bl      module_flags_taint
        mov     r2, sp
        mov     r0, r4
        ldr     r1, =.Ltext_line
        bl      seq_printf
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC taint_show

LFUNC version_show
        ldr     r2, [r1, #MODULE_VERSION]
        cmp     r2, #0
        ldreq   r2, =.Lempty                    @ Linux has no such file then
        ldr     r1, =.Ltext_line
        b       seq_printf
ENDFUNC version_show

LFUNC section_show
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, [r1, #NODE_ITEM]
        mov     r0, #CAP_SYSLOG
        bl      capable
        cmp     r0, #0
        ldrne   r2, [r5, #SECT_ADDR]
        moveq   r2, #0
        mov     r0, r4
        ldr     r1, =.Laddress_line
        bl      seq_printf
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC section_show

LFUNC parameter_show
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r1, #NODE_ITEM]
        mov     r0, r5
        bl      param_ops_of
        movs    r6, r0
        ldrne   r7, [r6, #KPARAM_OPS_GET]
        cmpne   r7, #0
        moveq   r0, #-EIO                       @ nothing that could be asked
        beq     .Lparameter_shown
        bl      get_zeroed_page
        movs    r6, r0
        moveq   r0, #-ENOMEM
        beq     .Lparameter_shown
        mov     r1, r5
        blx     r7
        movs    r5, r0
        movge   r0, r4
        movge   r1, r6
        movge   r2, r5
        blge    seq_write
        mov     r0, r6
        mov     r1, #0
        bl      free_pages
        cmp     r5, #0
        movge   r0, #0
        movlt   r0, r5
.Lparameter_shown:
        pop     {r4-r7, fp, pc}
ENDFUNC parameter_show

@ r0 = text, NUL-ended, r1 = node -> r0 = 0 / -errno.
LFUNC parameter_store
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, [r1, #NODE_ITEM]
        ldrh    r0, [r5, #KPARAM_PERM]
        tst     r0, #S_IWUSR
        moveq   r0, #-EACCES
        beq     .Lparameter_stored
        mov     r0, r5
        bl      param_ops_of
        cmp     r0, #0
        moveq   r0, #-EIO
        beq     .Lparameter_stored
        ldr     r3, [r0, #KPARAM_OPS_SET]
        mov     r0, r4
        mov     r1, r5
        blx     r3
.Lparameter_stored:
        pop     {r4, r5, fp, pc}
ENDFUNC parameter_store

        RODATA
        .balign 4
root_kind:
        .word   root_entry, 0, 0
modules_kind:
        .word   modules_entry, 0, 0
module_kind:
        .word   module_entry, 0, 0
sections_kind:
        .word   sections_entry, 0, 0
holders_kind:
        .word   holders_entry, 0, 0
parameters_kind:
        .word   parameters_entry, 0, 0
attribute_kind:
        .word   0, attribute_show, 0
section_kind:
        .word   0, section_show, 0
parameter_kind:
        .word   0, parameter_show, parameter_store

module_attributes:
        .word   .Lcoresize, attribute_kind, coresize_show
        .word   .Linitsize, attribute_kind, initsize_show
        .word   .Linitstate, attribute_kind, initstate_show
        .word   .Lrefcnt, attribute_kind, refcnt_show
        .word   .Ltaint, attribute_kind, taint_show
        .word   .Lversion, attribute_kind, version_show
        .word   .Lsections, sections_kind, 0
        .word   .Lholders, holders_kind, 0
        .word   .Lparameters, parameters_kind, 0
module_attributes_end:

initstates:                                     @ by MODULE_STATE_*
        .word   .Llive, .Lcoming, .Lgoing

        string .Lmodule, "module"
        string .Lcoresize, "coresize"
        string .Linitsize, "initsize"
        string .Linitstate, "initstate"
        string .Lrefcnt, "refcnt"
        string .Ltaint, "taint"
        string .Lversion, "version"
        string .Lsections, "sections"
        string .Lholders, "holders"
        string .Lparameters, "parameters"
        string .Llive, "live\n"
        string .Lcoming, "coming\n"
        string .Lgoing, "going\n"
        string .Lunsigned_line, "%u\n"
        string .Lsigned_line, "%i\n"
        string .Ltext_line, "%s\n"
        string .Laddress_line, "0x%08x\n"
        string .Lempty, ""

        .text
@ --- the file system --------------------------------------------------------------------------------------------------------

@ ---------------------------------------------------------------------------
@ sysfs_walk - the node of a path
@
@   in:       r0 = path, without a slash in front; r1 = node to fill, r2 = dirent: mode of the node goes there
@   out:      r0 = 0 / -ENOENT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC sysfs_walk
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #NODE_SIZE              @ the entry looked at
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        ldr     r0, =root_kind
        str     r0, [r5, #NODE_KIND]
        ldr     r0, =MODE_DIR
        str     r0, [r6, #DIRENT_MODE]
.Lnext_part:
        ldrb    r0, [r4]
        cmp     r0, #0
        moveq   r0, #0
        beq     .Lwalked
        ldr     r7, [r5, #NODE_KIND]
        ldr     r7, [r7, #KIND_ENTRY]
        cmp     r7, #0                          @ below a file there is nothing
        moveq   r0, #-ENOENT
        beq     .Lwalked
        mov     r8, #0
.Ltry_entry:
        ldr     r0, [r5, #NODE_MOD]
        str     r0, [sp, #NODE_MOD]
        mov     r0, r5
        mov     r1, r8
        mov     r2, r6
        mov     r3, sp
        blx     r7
        cmp     r0, #0
        bne     .Lwalked
        add     r8, r8, #1
        add     r0, r6, #DIRENT_NAME
        bl      strlen
        mov     r9, r0
        mov     r0, r4
        add     r1, r6, #DIRENT_NAME
        mov     r2, r9
        bl      strncmp
        cmp     r0, #0
        bne     .Ltry_entry
        ldrb    r0, [r4, r9]
        cmp     r0, #0
        cmpne   r0, #'/'
        bne     .Ltry_entry

        @ This one: go into it.
        ldmia   sp, {r0-r2}
        stmia   r5, {r0-r2}
        add     r4, r4, r9
        ldrb    r0, [r4]
        cmp     r0, #0
        addne   r4, r4, #1
        b       .Lnext_part
.Lwalked:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC sysfs_walk

        .equ    WALK_NODE,      0               @ on the stack of those who walk
        .equ    WALK_DIRENT,    NODE_SIZE
        .equ    WALK_LOCALS,    NODE_SIZE + DIRENT_SIZE

@ ---------------------------------------------------------------------------
@ sysfs_stat - FS_STAT
@
@   in:       r0 = path, r1 = dirent
@   out:      r0 = 0, its size being known by reading only; -ENOENT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC sysfs_stat
        push    {fp, lr}
        add     fp, sp, #0
        sub     sp, sp, #NODE_SIZE
        mov     r2, r1
        mov     r1, sp
        bl      sysfs_walk
        sub     sp, fp, #0
        pop     {fp, pc}
ENDFUNC sysfs_stat

@ ---------------------------------------------------------------------------
@ sysfs_open - FS_OPEN: the file keeps its path
@
@   in:       r0 = path, r1 = O_* flags, r2 = struct file
@   out:      r0 = 0 / -ENOENT / -ENOMEM / -EISDIR
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC sysfs_open
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #WALK_LOCALS
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        add     r1, sp, #WALK_NODE
        add     r2, sp, #WALK_DIRENT
        bl      sysfs_walk
        cmp     r0, #0
        bne     .Lopened
        ldr     r7, [sp, #WALK_DIRENT + DIRENT_MODE]
        and     r0, r7, #S_IFMT
        cmp     r0, #S_IFDIR
        bne     .Lopen_file
        tst     r5, #O_ACCMODE | O_CREAT
        movne   r0, #-EISDIR
        bne     .Lopened
.Lopen_file:
        str     r7, [r6, #FILE_MODE]
        ldr     r0, =sysfs_fops
        str     r0, [r6, #FILE_OP]
        mov     r0, r4
        bl      strlen
        add     r5, r0, #1
        mov     r0, r5
        bl      kmalloc
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lopened
        str     r0, [r6, #FILE_PRIVATE]
        mov     r1, r4
        mov     r2, r5
        bl      memcpy
        mov     r0, #0
.Lopened:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC sysfs_open

@ ---------------------------------------------------------------------------
@ sysfs_read - FOPS_READ
@
@   in:       r0 = struct file, r1 = kernel buffer, r2 = bytes
@   out:      r0 = bytes / -EISDIR / -ENOENT: the module is gone / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC sysfs_read
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #WALK_LOCALS
        sub     sp, sp, #SEQ_SIZE
        str     r1, [sp, #SEQ_BUF]
        str     r2, [sp, #SEQ_ROOM]
        ldr     r1, [r0, #FILE_POS]
        str     r1, [sp, #SEQ_START]
        mov     r1, #0
        str     r1, [sp, #SEQ_POS]
        ldr     r0, [r0, #FILE_PRIVATE]
        add     r4, sp, #SEQ_SIZE
        add     r1, r4, #WALK_NODE
        add     r2, r4, #WALK_DIRENT
        bl      sysfs_walk
        cmp     r0, #0
        bne     .Lread
        ldr     r2, [r4, #WALK_NODE + NODE_KIND]
        ldr     r2, [r2, #KIND_SHOW]
        cmp     r2, #0
        moveq   r0, #-EISDIR
        beq     .Lread
        mov     r0, sp
        add     r1, r4, #WALK_NODE
        blx     r2
        cmp     r0, #0
        blt     .Lread

        @ Of the text, what lies behind the position and fits.
        ldr     r0, [sp, #SEQ_POS]
        ldr     r1, [sp, #SEQ_START]
        ldr     r2, [sp, #SEQ_ROOM]
        subs    r0, r0, r1
        movlo   r0, #0
        cmp     r0, r2
        movhi   r0, r2
.Lread:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC sysfs_read

@ ---------------------------------------------------------------------------
@ sysfs_write - FOPS_WRITE: a parameter
@
@   in:       r0 = struct file, r1 = kernel buffer, r2 = bytes
@   out:      r0 = bytes / -EINVAL: too many / -EIO: not a parameter / what its setter says
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC sysfs_write
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #WALK_LOCALS
        mov     r4, r1
        mov     r5, r2
        ldr     r1, =STORE_MAX
        cmp     r5, r1
        movhi   r0, #-EINVAL
        bhi     .Lwritten
        ldr     r0, [r0, #FILE_PRIVATE]
        add     r1, sp, #WALK_NODE
        add     r2, sp, #WALK_DIRENT
        bl      sysfs_walk
        cmp     r0, #0
        bne     .Lwritten
        ldr     r6, [sp, #WALK_NODE + NODE_KIND]
        ldr     r6, [r6, #KIND_STORE]
        cmp     r6, #0
        moveq   r0, #-EIO
        beq     .Lwritten
        bl      get_zeroed_page                 @ so the text is NUL-ended
        movs    r7, r0
        moveq   r0, #-ENOMEM
        beq     .Lwritten
        mov     r1, r4
        mov     r2, r5
        bl      memcpy
        mov     r0, r7
        add     r1, sp, #WALK_NODE
        blx     r6
        cmp     r0, #0
        movge   r4, r5
        movlt   r4, r0
        mov     r0, r7
        mov     r1, #0
        bl      free_pages
        mov     r0, r4
.Lwritten:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC sysfs_write

@ ---------------------------------------------------------------------------
@ sysfs_readdir - FOPS_READDIR
@
@   in:       r0 = struct file, r1 = index, r2 = dirent
@   out:      r0 = 0 / -ENOENT past the last / -ENOTDIR
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC sysfs_readdir
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #2 * NODE_SIZE
        mov     r4, r1
        mov     r5, r2
        ldr     r0, [r0, #FILE_PRIVATE]
        mov     r1, sp
        bl      sysfs_walk
        cmp     r0, #0
        bne     .Llisted
        ldr     r6, [sp, #NODE_KIND]
        ldr     r6, [r6, #KIND_ENTRY]
        cmp     r6, #0
        moveq   r0, #-ENOTDIR
        beq     .Llisted
        mov     r0, sp
        mov     r1, r4
        mov     r2, r5
        add     r3, sp, #NODE_SIZE
        blx     r6
.Llisted:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC sysfs_readdir

@ ---------------------------------------------------------------------------
@ sysfs_release - FOPS_RELEASE
@
@   in:       r0 = struct file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC sysfs_release
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, [r0, #FILE_PRIVATE]
        bl      kfree
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC sysfs_release

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ sysfs_init - mount it
@
@   in:       -
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC sysfs_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =sysfs_fs_type
        bl      register_filesystem
        cmp     r0, #0
        ldreq   r0, =.Lmount_point
        ldreq   r1, =sysfs_fs_type
        bleq    vfs_mount
        pop     {fp, pc}
ENDFUNC sysfs_init
        fs_initcall sysfs_init

        RODATA
        .balign 4
sysfs_fops:
        file_operations read=sysfs_read, write=sysfs_write, release=sysfs_release, readdir=sysfs_readdir
        string .Lsysfs, "sysfs"
        string .Lmount_point, "/sys"

        .data
        .balign 4
sysfs_fs_type:
        file_system_type .Lsysfs, open=sysfs_open, stat=sysfs_stat
