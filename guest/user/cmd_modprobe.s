@ modprobe and modules-load: modules by name, with what they need. /lib/modules/modules.dep says who needs whom, a line
@ `hello.ko: nearest.ko farther.ko` for each; modules.builtin says what is in the kernel already.

        .include "syscalls.inc"
        .include "modules.inc"

        .equ    DEPENDENCIES_MAX, LINE_MAX / 4  @ a word is at least "a.ko "

@ Options
        .equ    OPT_REMOVE,     1 << 0          @ -r
        .equ    OPT_QUIET,      1 << 1          @ -q: a module that is not there is no error
        .equ    OPT_ALL,        1 << 2          @ -a: every word is a module
        .equ    OPT_FORCE,      1 << 3          @ -f

        .text

@ ---------------------------------------------------------------------------
@ modprobe - load a module and what it needs; -r: remove it and what only it needed
@
@   in:       r0 = argc, r1 = argv: [-rqaf] NAME [PARAMETER...], with -a or -r: NAME...
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC modprobe
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        add     r0, r1, #4
        bl      modprobe_options
        mov     r4, r0                          @ the words
        movs    r5, r1                          @ OPT_*
        blt     .Lmodprobe_option
        mov     r6, #0                          @ status
        ldr     r0, [r4]
        cmp     r0, #0
        beq     .Lmodprobe_no_name
        tst     r5, #OPT_ALL | OPT_REMOVE
        bne     .Lmodprobe_each

        add     r0, r4, #4
        bl      join_parameters
        mov     r1, r0
        ldr     r0, [r4]
        mov     r2, r5
        bl      probe_module
        mov     r6, r0
        b       .Lmodprobe_out

.Lmodprobe_each:
        ldr     r0, [r4], #4
        cmp     r0, #0
        beq     .Lmodprobe_out
        tst     r5, #OPT_REMOVE
        bne     .Lmodprobe_remove
        ldr     r1, =.Lnothing
        mov     r2, r5
        bl      probe_module
        orr     r6, r6, r0
        b       .Lmodprobe_each
.Lmodprobe_remove:
        mov     r1, r5
        bl      unprobe_module
        orr     r6, r6, r0
        b       .Lmodprobe_each

.Lmodprobe_no_name:
        ldr     r0, =.Lmodprobe_missing
        bl      complain_format
        mov     r6, r0
        b       .Lmodprobe_out
.Lmodprobe_option:
        ldr     r1, [r4]
        ldr     r0, =.Lmodprobe_unknown
        bl      complain_format
        mov     r6, r0
.Lmodprobe_out:
        mov     r0, r6
        pop     {r4-r7, fp, pc}
ENDFUNC modprobe

@ ---------------------------------------------------------------------------
@ modprobe_options - the words that begin with "-"
@
@   in:       r0 = words, ended by 0
@   out:      r0 = the first other word's place
@             r1 = OPT_*; -EINVAL: r0 leads to an option that is none
@   clobbers: r2, r3, flags
@ ---------------------------------------------------------------------------
LFUNC modprobe_options
        mov     r1, #0
.Loption_word:
        ldr     r2, [r0]
        cmp     r2, #0
        bxeq    lr
        ldrb    r3, [r2], #1
        cmp     r3, #'-'
        bxne    lr
.Loption_letter:
        ldrb    r3, [r2], #1
        cmp     r3, #0
        addeq   r0, r0, #4
        beq     .Loption_word
        cmp     r3, #'r'
        orreq   r1, r1, #OPT_REMOVE
        beq     .Loption_letter
        cmp     r3, #'q'
        orreq   r1, r1, #OPT_QUIET
        beq     .Loption_letter
        cmp     r3, #'a'
        orreq   r1, r1, #OPT_ALL
        beq     .Loption_letter
        cmp     r3, #'f'
        orreq   r1, r1, #OPT_FORCE
        beq     .Loption_letter
        mov     r1, #-EINVAL
        bx      lr
ENDFUNC modprobe_options

@ ---------------------------------------------------------------------------
@ probe_module - load one module and what it needs, farthest first
@
@   in:       r0 = name
@             r1 = its parameters
@             r2 = OPT_*
@   out:      r0 = 0, also when it is there already; 1 and the reason is printed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC probe_module
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r5, r1
        mov     r6, r2
        bl      module_name_of
        mov     r4, r0
        ldr     r1, =probe_line
        bl      find_loaded
        cmp     r0, #0
        bgt     .Lprobe_there
        mov     r0, r4
        bl      is_builtin
        cmp     r0, #0
        bne     .Lprobe_there
        mov     r0, r4
        bl      find_dependencies
        cmp     r0, #0
        bne     .Lprobe_not_found

        @ What it needs. One that is there already is what we want; the module itself comes last, with its parameters.
        ldr     r7, =dependencies
        ldr     r8, [r7]                        @ how many, itself included
        ldr     r9, =.Lnothing
.Lprobe_next:
        subs    r8, r8, #1
        moveq   r9, r5
        add     r0, r7, #4
        ldr     r0, [r0, r8, lsl #2]
        mov     r1, r9
        mov     r2, r6
        bl      load_dependency
        cmp     r0, #0
        beq     .Lprobe_loaded
        cmp     r8, #0
        beq     .Lprobe_failed
        cmp     r0, #-EEXIST
        bne     .Lprobe_failed
.Lprobe_loaded:
        cmp     r8, #0
        bne     .Lprobe_next
.Lprobe_there:
        mov     r0, #0
.Lprobe_out:
        pop     {r4-r9, fp, pc}

.Lprobe_failed:
        ldr     r1, =modprobe_errors
        bl      errno_in
        mov     r2, r0
        mov     r1, r4
        ldr     r0, =.Lmodprobe_insert
        bl      complain_format
        b       .Lprobe_out
.Lprobe_not_found:
        tst     r6, #OPT_QUIET
        movne   r0, #1
        bne     .Lprobe_out
        mov     r1, r4
        ldr     r0, =.Lmodprobe_not_found
        ldr     r2, =.Ldirectory
        bl      complain_format
        b       .Lprobe_out
ENDFUNC probe_module

@ ---------------------------------------------------------------------------
@ load_dependency - load a file of /lib/modules
@
@   in:       r0 = file, below /lib/modules unless it begins with "/"
@             r1 = parameters
@             r2 = OPT_*
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC load_dependency
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #PATH_MAX
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        add     r7, sp, #PATH_MAX
        ldrb    r1, [r0]
        cmp     r1, #'/'
        ldrne   r1, =.Ldirectory_slash
        ldreq   r1, =.Lnothing
        mov     r0, sp
        mov     r2, r7
        bl      append
        mov     r1, r4
        mov     r2, r7
        bl      append
        mov     r0, sp
        mov     r1, r5
        tst     r6, #OPT_FORCE
        moveq   r2, #0
        movne   r2, #FORCE_LOAD
        bl      load_module_file
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC load_dependency

@ ---------------------------------------------------------------------------
@ unprobe_module - remove a module, then what nobody needs any more of what it needed
@
@   in:       r0 = name
@             r1 = OPT_*
@   out:      r0 = 0, also when it is not loaded; 1 and the reason is printed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC unprobe_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r5, r1
        bl      module_name_of
        mov     r4, r0
        ldr     r1, =probe_line
        bl      find_loaded
        cmp     r0, #0
        ble     .Lunprobe_not_loaded
        bl      probe_line_is_used
        cmp     r0, #0
        bne     .Lunprobe_in_use
        mov     r0, r4
        mov     r1, #O_NONBLOCK
        bl      delete_module
        cmp     r0, #0
        bne     .Lunprobe_failed

        mov     r0, r4
        bl      find_dependencies
        cmp     r0, #0
        bne     .Lunprobe_done                  @ loaded from elsewhere: nobody knows
        ldr     r6, =dependencies
        ldr     r7, [r6], #8                    @ behind the module itself
.Lunprobe_next:
        subs    r7, r7, #1
        beq     .Lunprobe_done
        ldr     r0, [r6], #4
        bl      remove_if_unused
        b       .Lunprobe_next
.Lunprobe_done:
        mov     r0, #0
.Lunprobe_out:
        pop     {r4-r7, fp, pc}

.Lunprobe_not_loaded:
        mov     r0, r4
        bl      is_builtin
        cmp     r0, #0
        ldrne   r0, =.Lmodprobe_builtin
        bne     .Lunprobe_complain
        mov     r0, r4
        bl      find_dependencies
        cmp     r0, #0
        beq     .Lunprobe_out
        tst     r5, #OPT_QUIET
        movne   r0, #1
        bne     .Lunprobe_out
        ldr     r2, =.Ldirectory
        ldr     r0, =.Lmodprobe_not_found
        b       .Lunprobe_complain
.Lunprobe_failed:
        rsb     r0, r0, #0
        bl      error_text
        mov     r2, r0
        ldr     r0, =.Ltext_remove
        b       .Lunprobe_complain
.Lunprobe_in_use:
        ldr     r0, =.Lmodprobe_in_use
.Lunprobe_complain:
        mov     r1, r4
        bl      complain_format
        b       .Lunprobe_out
ENDFUNC unprobe_module

@ ---------------------------------------------------------------------------
@ remove_if_unused - a module that was loaded for another one
@
@   in:       r0 = its file
@   out:      -
@   clobbers: r0-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC remove_if_unused
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        bl      module_name_of
        mov     r4, r0
        ldr     r1, =probe_line
        bl      find_loaded
        cmp     r0, #0
        ble     .Lunused_out
        bl      probe_line_is_used
        cmp     r0, #0
        moveq   r0, r4
        moveq   r1, #O_NONBLOCK
        bleq    delete_module
.Lunused_out:
        pop     {r4-r5, fp, pc}
ENDFUNC remove_if_unused

@ ---------------------------------------------------------------------------
@ probe_line_is_used - has the module in probe_line users?
@
@   in:       -
@   out:      r0 = 0 when it has none
@   clobbers: flags
@ ---------------------------------------------------------------------------
LFUNC probe_line_is_used
        ldr     r0, =probe_line
        ldr     r0, [r0, #MODLINE_REFCNT]
        ldrb    r0, [r0]
        subs    r0, r0, #'0'
        bx      lr
ENDFUNC probe_line_is_used

@ ---------------------------------------------------------------------------
@ find_dependencies - the line of modules.dep about a module
@
@   in:       r0 = name
@   out:      r0 = 0, `dependencies` filled; -ENOENT there is no such line
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC find_dependencies
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #READER_SIZE
        mov     r4, r0
        mov     r0, sp
        ldr     r1, =.Lmodules_dep
        bl      open_reader
        cmp     r0, #0
        movlt   r6, #-ENOENT
        blt     .Ldependencies_out
        ldr     r5, =dependency_line
.Ldependencies_line:
        mov     r0, sp
        mov     r1, r5
        bl      read_line
        cmp     r0, #0
        moveq   r6, #-ENOENT
        beq     .Ldependencies_close
        blt     .Ldependencies_line             @ longer than we can read
        mov     r0, r5
        mov     r1, #':'
        bl      find_char
        cmp     r0, #0
        beq     .Ldependencies_line
        mov     r6, r0
        mov     r0, r5
        mov     r1, r6
        mov     r2, r4
        bl      file_is_of_module
        cmp     r0, #0
        beq     .Ldependencies_line
        mov     r0, r5
        mov     r1, r6
        bl      split_dependencies
        mov     r6, #0
.Ldependencies_close:
        ldr     r0, [sp, #READER_FD]
        bl      close
.Ldependencies_out:
        mov     r0, r6
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC find_dependencies

@ ---------------------------------------------------------------------------
@ split_dependencies - a line of modules.dep to words
@
@   in:       r0 = line, r1 = its colon
@   out:      `dependencies` filled
@   clobbers: r0-r3, flags
@ ---------------------------------------------------------------------------
LFUNC split_dependencies
        mov     r2, #' '
        strb    r2, [r1]
        ldr     r1, =dependencies
        mov     r2, #0                          @ words
.Lsplit_blank:
        ldrb    r3, [r0]
        cmp     r3, #' '
        moveq   r3, #0
        strbeq  r3, [r0], #1
        beq     .Lsplit_blank
        cmp     r3, #0
        streq   r2, [r1]
        bxeq    lr
        add     r2, r2, #1
        str     r0, [r1, r2, lsl #2]
.Lsplit_word:
        ldrb    r3, [r0, #1]!
        cmp     r3, #' '
        beq     .Lsplit_blank
        cmp     r3, #0
        bne     .Lsplit_word
        str     r2, [r1]
        bx      lr
ENDFUNC split_dependencies

@ ---------------------------------------------------------------------------
@ file_is_of_module - is "DIRECTORY/NAME.ko" this module's? "-" and "_" are the same
@
@   in:       r0 = file, r1 = its end
@             r2 = module's name
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC file_is_of_module
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     r1, r1, #3                      @ ".ko"
        mov     r4, r0
.Lfile_slash:
        cmp     r4, r1
        bhs     .Lfile_compare
        ldrb    r3, [r4], #1
        cmp     r3, #'/'
        moveq   r0, r4
        b       .Lfile_slash
.Lfile_compare:
        cmp     r0, r1
        bhs     .Lfile_end
        ldrb    r3, [r0], #1
        ldrb    ip, [r2], #1
        cmp     r3, #'-'
        moveq   r3, #'_'
        cmp     r3, ip
        beq     .Lfile_compare
        mov     r0, #0
        b       .Lfile_out
.Lfile_end:
        ldrb    r3, [r2]
        cmp     r3, #0
        moveq   r0, #1
        movne   r0, #0
.Lfile_out:
        pop     {r4-r5, fp, pc}
ENDFUNC file_is_of_module

@ ---------------------------------------------------------------------------
@ is_builtin - does modules.builtin name a module?
@
@   in:       r0 = name
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC is_builtin
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #READER_SIZE
        mov     r4, r0
        mov     r0, sp
        ldr     r1, =.Lmodules_builtin
        bl      open_reader
        cmp     r0, #0
        movlt   r6, #0
        blt     .Lbuiltin_out
        ldr     r5, =dependency_line
.Lbuiltin_line:
        mov     r0, sp
        mov     r1, r5
        bl      read_line
        mov     r6, #0
        cmp     r0, #0
        beq     .Lbuiltin_close
        blt     .Lbuiltin_line
        mov     r0, r5
        bl      strlen
        add     r1, r5, r0
        mov     r0, r5
        mov     r2, r4
        bl      file_is_of_module
        movs    r6, r0
        beq     .Lbuiltin_line
.Lbuiltin_close:
        ldr     r0, [sp, #READER_FD]
        bl      close
.Lbuiltin_out:
        mov     r0, r6
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC is_builtin

@ ---------------------------------------------------------------------------
@ modules_load - what /etc/modules lists, a line `NAME [PARAMETER...]` for each
@
@   in:       r0 = argc, r1 = argv: another file, or nothing
@   out:      r0 = 0, or 1 when one of them failed; without the file there is nothing to do
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC modules_load
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #READER_SIZE
        ldr     r5, [r1, #4]
        cmp     r5, #0
        ldreq   r5, =.Letc_modules
        mov     r6, #0                          @ status
        mov     r0, sp
        mov     r1, r5
        bl      open_reader
        cmp     r0, #-ENOENT
        beq     .Lmodules_out
        cmp     r0, #0
        blt     .Lmodules_complain
        ldr     r4, =modules_line
.Lmodules_next:
        mov     r0, sp
        mov     r1, r4
        bl      read_line
        cmp     r0, #0
        beq     .Lmodules_close
        blt     .Lmodules_too_long
        mov     r0, r4
        bl      load_line
        orr     r6, r6, r0
        b       .Lmodules_next

.Lmodules_close:
        ldr     r0, [sp, #READER_FD]
        bl      close
        b       .Lmodules_out
.Lmodules_too_long:
        mov     r2, r0
        ldr     r0, =.Lmodules_load
        mov     r1, r5
        bl      complain
        mov     r6, r0
        b       .Lmodules_next
.Lmodules_complain:
        mov     r2, r0
        ldr     r0, =.Lmodules_load
        mov     r1, r5
        bl      complain
        mov     r6, r0
.Lmodules_out:
        mov     r0, r6
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC modules_load

@ ---------------------------------------------------------------------------
@ load_line - one line of /etc/modules
@
@   in:       r0 = line; it is changed
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC load_line
        push    {fp, lr}
        add     fp, sp, #0
        ldrb    r1, [r0]
        cmp     r1, #0
        cmpne   r1, #'#'
        moveq   r0, #0
        beq     .Lload_line_out
        mov     r1, r0
.Lload_line_byte:
        ldrb    r2, [r1]
        cmp     r2, #0
        beq     .Lload_line_probe
        cmp     r2, #' '
        addne   r1, r1, #1
        bne     .Lload_line_byte
        mov     r2, #0
        strb    r2, [r1], #1
.Lload_line_probe:
        mov     r2, #0
        bl      probe_module
.Lload_line_out:
        pop     {fp, pc}
ENDFUNC load_line

        .section .rodata, "a", %progbits
        .balign 4
modprobe_errors:
        .word   EEXIST, .Lalready
        .word   ENOENT, .Lunknown_symbol
        .word   0
.Lalready:
        .asciz  "Module already in kernel"
.Lunknown_symbol:
        .asciz  "Unknown symbol in module, or unknown parameter (see dmesg)"

.Lmodprobe_missing:
        .asciz  "modprobe: ERROR: missing parameters. See help."
.Lmodprobe_unknown:
        .asciz  "modprobe: ERROR: unknown option %s"
.Lmodprobe_insert:
        .asciz  "modprobe: ERROR: could not insert '%s': %s"
.Lmodprobe_not_found:
        .asciz  "modprobe: FATAL: Module %s not found in directory %s"
.Lmodprobe_builtin:
        .asciz  "modprobe: FATAL: Module %s is builtin."
.Lmodprobe_in_use:
        .asciz  "modprobe: FATAL: Module %s is in use."
.Ltext_remove:
        .asciz  "modprobe: ERROR: could not remove '%s': %s"
.Lmodules_load:
        .asciz  "modules-load"
.Lmodules_dep:
        .asciz  "/lib/modules/modules.dep"
.Lmodules_builtin:
        .asciz  "/lib/modules/modules.builtin"
.Ldirectory_slash:
        .asciz  "/lib/modules/"
.Ldirectory:
        .asciz  "/lib/modules"
.Letc_modules:
        .asciz  "/etc/modules"
.Lnothing:
        .asciz  ""

        .bss
        .balign 4
probe_line:
        .space  MODLINE_SIZE
dependencies:                                   @ how many, then the files: the module's own, nearest first
        .space  4 + 4 * DEPENDENCIES_MAX
dependency_line:
        .space  LINE_MAX
modules_line:
        .space  LINE_MAX
