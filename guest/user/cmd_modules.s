@ insmod, rmmod, lsmod: loadable modules by hand. Messages are kmod's, so that what is known about them helps.

        .include "syscalls.inc"
        .include "modules.inc"

        .equ    PARAMETERS_MAX, 2 * LINE_MAX
        .equ    NAME_COLUMNS,   19              @ kmod's columns: names,
        .equ    SIZE_COLUMNS,   9               @ a blank and sizes, to the right

        .text

@ ---------------------------------------------------------------------------
@ insmod - load a module from a file
@
@   in:       r0 = argc, r1 = argv: [-f] FILE [PARAMETER...]
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC insmod
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        add     r4, r1, #4
        mov     r5, #0                          @ flags of finit_module
        ldr     r0, [r4]
        cmp     r0, #0
        beq     .Linsmod_no_file
        ldr     r1, =.Lforce
        bl      strcmp
        cmp     r0, #0
        moveq   r5, #FORCE_LOAD
        addeq   r4, r4, #4
        ldr     r6, [r4], #4
        cmp     r6, #0
        beq     .Linsmod_no_file

        mov     r0, r4
        bl      join_parameters
        mov     r1, r0
        mov     r0, r6
        mov     r2, r5
        bl      load_module_file
        cmp     r1, #0
        bne     .Linsmod_not_loaded
        cmp     r0, #0
        beq     .Linsmod_out
        ldr     r1, =insmod_errors
        bl      errno_in
        mov     r2, r0
        mov     r1, r6
        ldr     r0, =.Linsmod_insert
        bl      complain_format
        b       .Linsmod_out

.Linsmod_not_loaded:
        rsb     r0, r0, #0
        bl      error_text
        mov     r2, r0
        mov     r1, r6
        ldr     r0, =.Linsmod_load
        bl      complain_format
        b       .Linsmod_out
.Linsmod_no_file:
        ldr     r0, =.Linsmod_missing
        bl      complain_format
.Linsmod_out:
        pop     {r4-r7, fp, pc}
ENDFUNC insmod

@ ---------------------------------------------------------------------------
@ load_module_file - open and finit_module
@
@   in:       r0 = path, r1 = parameters, r2 = flags
@   out:      r0 = 0 / -errno
@             r1 = 1 when the file could not even be opened, else 0
@   clobbers: r2, r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC load_module_file
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        mov     r5, r2
        mov     r1, #O_RDONLY
        mov     r2, #0
        bl      open
        movs    r6, r0
        movlt   r1, #1
        blt     .Lload_out
        mov     r1, r4
        mov     r2, r5
        bl      finit_module
        mov     r7, r0
        mov     r0, r6
        bl      close
        mov     r0, r7
        mov     r1, #0
.Lload_out:
        pop     {r4-r7, fp, pc}
ENDFUNC load_module_file

@ ---------------------------------------------------------------------------
@ join_parameters - words to one text for the kernel; a value with a blank in
@ it gets quotes round it, as modprobe does
@
@   in:       r0 = words, ended by 0
@   out:      r0 = text, valid until the next call
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC join_parameters
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =parameters
        add     r6, r5, #PARAMETERS_MAX
        mov     r0, #0
        strb    r0, [r5]
        mov     r0, r5
.Ljoin_next:
        ldr     r7, [r4], #4
        cmp     r7, #0
        beq     .Ljoin_out
        cmp     r0, r5
        ldrne   r1, =.Lblank
        movne   r2, r6
        blne    append
        mov     r1, r7
        mov     r2, r6
        bl      append_parameter
        b       .Ljoin_next
.Ljoin_out:
        mov     r0, r5
        pop     {r4-r7, fp, pc}
ENDFUNC join_parameters

@ ---------------------------------------------------------------------------
@ append_parameter - one word of join_parameters
@
@   in:       r0 = where it goes, r1 = word, r2 = end of the buffer
@   out:      r0 = the new NUL
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC append_parameter
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r0, r1
        mov     r1, #' '
        bl      find_char
        cmp     r0, #0
        beq     .Lparameter_plain
        mov     r0, r5
        mov     r1, #'='
        bl      find_char
        movs    r7, r0
        beq     .Lparameter_plain
        ldrb    r1, [r7, #1]!                   @ the value
        cmp     r1, #'"'
        beq     .Lparameter_plain

        @ "NAME=" by way of the buffer, then the value between quotes.
        mov     r0, r4
        mov     r1, r5
        mov     r2, r6
        bl      append
        sub     r1, r7, r5
        add     r0, r4, r1
        cmp     r0, r6
        subhs   r0, r6, #1
        ldr     r1, =.Lquote
        mov     r2, r6
        bl      append
        mov     r1, r7
        mov     r2, r6
        bl      append
        ldr     r1, =.Lquote
        mov     r2, r6
        bl      append
        b       .Lparameter_out
.Lparameter_plain:
        mov     r0, r4
        mov     r1, r5
        mov     r2, r6
        bl      append
.Lparameter_out:
        pop     {r4-r7, fp, pc}
ENDFUNC append_parameter

@ ---------------------------------------------------------------------------
@ find_char - the first place of a character in a string
@
@   in:       r0 = string, r1 = character
@   out:      r0 = where, 0 when it is not there
@   clobbers: r2, flags
@ ---------------------------------------------------------------------------
FUNC find_char
        ldrb    r2, [r0]
        cmp     r2, r1
        bxeq    lr
        cmp     r2, #0
        addne   r0, r0, #1
        bne     find_char
        mov     r0, #0
        bx      lr
ENDFUNC find_char

@ ---------------------------------------------------------------------------
@ rmmod - take modules out
@
@   in:       r0 = argc, r1 = argv: [-f] NAME...; -f stands anywhere
@   out:      r0 = 0, or 1 when one of them stayed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC rmmod
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r1
        mov     r5, #O_NONBLOCK
        mov     r6, #0                          @ status
        mov     r7, #0                          @ names so far
.Lrmmod_option:
        ldr     r0, [r1, #4]!
        cmp     r0, #0
        beq     .Lrmmod_next
        mov     r8, r1
        ldr     r1, =.Lforce
        bl      strcmp
        mov     r1, r8
        cmp     r0, #0
        orreq   r5, r5, #FORCE_REMOVE
        b       .Lrmmod_option

.Lrmmod_next:
        ldr     r8, [r4, #4]!
        cmp     r8, #0
        beq     .Lrmmod_done
        mov     r0, r8
        ldr     r1, =.Lforce
        bl      strcmp
        cmp     r0, #0
        beq     .Lrmmod_next
        add     r7, r7, #1
        mov     r0, r8
        mov     r1, r5
        bl      remove_named
        orr     r6, r6, r0
        b       .Lrmmod_next

.Lrmmod_done:
        cmp     r7, #0
        mov     r0, r6
        ldreq   r0, =.Lrmmod_missing
        bleq    complain_format
        pop     {r4-r9, fp, pc}
ENDFUNC rmmod

@ ---------------------------------------------------------------------------
@ remove_named - one module of rmmod
@
@   in:       r0 = name, r1 = flags of delete_module
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC remove_named
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r5, r1
        bl      module_name_of
        mov     r4, r0
        tst     r5, #FORCE_REMOVE
        bne     .Lremove_now                    @ whatever /proc/modules says
        bl      module_is_free
        cmp     r0, #0
        bne     .Lremove_out
.Lremove_now:
        mov     r0, r4
        mov     r1, r5
        bl      delete_module
        cmp     r0, #0
        beq     .Lremove_out
        rsb     r0, r0, #0
        bl      error_text
        mov     r2, r0
        mov     r1, r4
        ldr     r0, =.Lrmmod_remove
        bl      complain_format
.Lremove_out:
        pop     {r4-r5, fp, pc}
ENDFUNC remove_named

@ ---------------------------------------------------------------------------
@ module_is_free - may rmmod ask the kernel? It says itself why not
@
@   in:       r0 = name
@   out:      r0 = 0, or 1 and the reason is printed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC module_is_free
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r1, =module_line
        bl      find_loaded
        cmp     r0, #0
        beq     .Lfree_not_loaded
        blt     .Lfree_unknown
        ldr     r6, =module_line
        ldr     r0, [r6, #MODLINE_REFCNT]
        ldrb    r0, [r0]
        cmp     r0, #'0'
        moveq   r0, #0
        beq     .Lfree_out

        ldr     r0, [r6, #MODLINE_USERS]
        ldr     r1, =user_names
        mov     r2, #' '
        bl      split_users
        ldr     r2, =user_names
        ldrb    r0, [r2]
        cmp     r0, #0
        ldreq   r0, =.Lrmmod_in_use
        ldrne   r0, =.Lrmmod_in_use_by
        mov     r1, r4
        bl      complain_format
        b       .Lfree_out

.Lfree_not_loaded:
        mov     r0, r4
        bl      is_builtin
        cmp     r0, #0
        ldreq   r0, =.Lrmmod_not_loaded
        ldrne   r0, =.Lrmmod_builtin
        mov     r1, r4
        bl      complain_format
        b       .Lfree_out
.Lfree_unknown:
        mov     r2, r0
        ldr     r0, =.Lrmmod
        ldr     r1, =.Lproc_modules
        bl      complain
.Lfree_out:
        pop     {r4-r7, fp, pc}
ENDFUNC module_is_free

@ ---------------------------------------------------------------------------
@ lsmod - list the modules
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC lsmod
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #READER_SIZE
        mov     r0, sp
        bl      open_modules
        cmp     r0, #0
        blt     .Llsmod_complain
        ldr     r0, =.Llsmod_head
        bl      print
        ldr     r5, =module_line
.Llsmod_line:
        mov     r0, sp
        mov     r1, r5
        bl      read_module_line
        cmp     r0, #0
        beq     .Llsmod_end
        blt     .Llsmod_line                    @ too long to be shown
        mov     r0, r5
        bl      print_module
        b       .Llsmod_line
.Llsmod_end:
        ldr     r0, [sp, #READER_FD]
        bl      close
        mov     r0, #0
        b       .Llsmod_out
.Llsmod_complain:
        mov     r2, r0
        ldr     r0, =.Llsmod
        ldr     r1, =.Lproc_modules
        bl      complain
.Llsmod_out:
        sub     sp, fp, #8
        pop     {r4-r5, fp, pc}
ENDFUNC lsmod

@ ---------------------------------------------------------------------------
@ print_module - "hello                    2048  1 user,other"
@
@   in:       r0 = struct module_line
@   out:      -
@   clobbers: r0-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC print_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =io_buffer
        add     r6, r5, #IO_BUFFER
        mov     r0, r5
        ldr     r1, [r4, #MODLINE_NAME]
        mov     r2, r6
        bl      append
        add     r1, r5, #NAME_COLUMNS
        mov     r2, #' '
.Lprint_fill:
        cmp     r0, r1
        strblo  r2, [r0], #1
        blo     .Lprint_fill
        mov     r7, r0
        ldr     r0, [r4, #MODLINE_SIZE_TEXT]
        bl      strlen
        rsbs    r0, r0, #SIZE_COLUMNS
        movle   r0, #1
        mov     r2, #' '
.Lprint_right:
        strb    r2, [r7], #1
        subs    r0, r0, #1
        bne     .Lprint_right
        mov     r0, r7
        ldr     r1, [r4, #MODLINE_SIZE_TEXT]
        mov     r2, r6
        bl      append
        ldr     r1, =.Lblanks
        mov     r2, r6
        bl      append
        ldr     r1, [r4, #MODLINE_REFCNT]
        mov     r2, r6
        bl      append

        mov     r7, r0
        ldr     r0, [r4, #MODLINE_USERS]
        ldr     r1, =user_names
        mov     r2, #','
        bl      split_users
        ldr     r1, =user_names
        ldrb    r2, [r1]
        cmp     r2, #0
        mov     r0, r7
        beq     .Lprint_end
        ldr     r1, =.Lblank
        mov     r2, r6
        bl      append
        ldr     r1, =user_names
        mov     r2, r6
        bl      append
.Lprint_end:
        ldr     r1, =.Lnewline
        mov     r2, r6
        bl      append
        sub     r1, r0, r5
        mov     r0, r5
        bl      print_bytes
        pop     {r4-r7, fp, pc}
ENDFUNC print_module

@ ---------------------------------------------------------------------------
@ split_users - the users of a module as people read them
@
@   in:       r0 = "a,b,", "-", perhaps with "[permanent]," in it
@             r1 = buffer of LINE_MAX bytes
@             r2 = what shall stand between two names
@   out:      the names in the buffer
@   clobbers: r0, r1, r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC split_users
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
.Lsplit_name:
        ldrb    r3, [r0]
        cmp     r3, #0
        cmpne   r3, #'-'
        beq     .Lsplit_end
        mov     ip, #0
        cmp     r3, #'['
        moveq   ip, #1                          @ not a name: skip it
        beq     .Lsplit_byte
        cmp     r1, r4
        strbne  r2, [r1], #1
.Lsplit_byte:
        ldrb    r3, [r0], #1
        cmp     r3, #0
        beq     .Lsplit_end
        cmp     r3, #','
        beq     .Lsplit_name
        cmp     ip, #0
        strbeq  r3, [r1], #1
        b       .Lsplit_byte
.Lsplit_end:
        mov     r3, #0
        strb    r3, [r1]
        pop     {r4-r5, fp, pc}
ENDFUNC split_users

@ ---------------------------------------------------------------------------
@ find_loaded - is a module in the kernel?
@
@   in:       r0 = name
@             r1 = struct module_line to fill
@   out:      r0 = 1, 0 when it is not there, / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC find_loaded
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #READER_SIZE
        mov     r4, r0
        mov     r5, r1
        mov     r0, sp
        bl      open_modules
        cmp     r0, #0
        blt     .Lloaded_out
.Lloaded_line:
        mov     r0, sp
        mov     r1, r5
        bl      read_module_line
        movs    r6, r0
        beq     .Lloaded_close
        blt     .Lloaded_line
        ldr     r0, [r5, #MODLINE_NAME]
        mov     r1, r4
        bl      strcmp
        cmp     r0, #0
        bne     .Lloaded_line
.Lloaded_close:
        ldr     r0, [sp, #READER_FD]
        bl      close
        mov     r0, r6
.Lloaded_out:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC find_loaded

@ ---------------------------------------------------------------------------
@ open_modules - /proc/modules, to be read by lines
@
@   in:       r0 = reader
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC open_modules
        ldr     r1, =.Lproc_modules
        b       open_reader
ENDFUNC open_modules

@ ---------------------------------------------------------------------------
@ open_reader - a file, to be read by lines
@
@   in:       r0 = reader, r1 = path
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC open_reader
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r0, r1
        mov     r1, #O_RDONLY
        mov     r2, #0
        bl      open
        cmp     r0, #0
        blt     .Lreader_out
        str     r0, [r4, #READER_FD]
        mov     r0, #0
        str     r0, [r4, #READER_POS]
        str     r0, [r4, #READER_FILL]
.Lreader_out:
        pop     {r4-r5, fp, pc}
ENDFUNC open_reader

@ ---------------------------------------------------------------------------
@ read_module_line - the next line of /proc/modules, its first words parted
@
@   in:       r0 = reader
@             r1 = struct module_line to fill
@   out:      r0 = 1, 0 at the end, / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC read_module_line
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        add     r1, r1, #MODLINE_BUFFER
        bl      read_line
        cmp     r0, #0
        ble     .Lmodule_line_out
        add     r0, r4, #MODLINE_BUFFER
        mov     r1, #0
.Lmodule_word:
        str     r0, [r4, r1, lsl #2]
        add     r1, r1, #1
.Lmodule_byte:
        ldrb    r2, [r0]
        cmp     r2, #0
        beq     .Lmodule_missing
        cmp     r2, #' '
        addne   r0, r0, #1
        bne     .Lmodule_byte
        mov     r2, #0
        strb    r2, [r0], #1
        cmp     r1, #MODLINE_WORDS
        bne     .Lmodule_word
.Lmodule_line_done:
        mov     r0, #1
.Lmodule_line_out:
        pop     {r4-r5, fp, pc}

        @ A line with fewer words: the rest is empty.
.Lmodule_missing:
        cmp     r1, #MODLINE_WORDS
        beq     .Lmodule_line_done
        str     r0, [r4, r1, lsl #2]
        add     r1, r1, #1
        b       .Lmodule_missing
ENDFUNC read_module_line

@ ---------------------------------------------------------------------------
@ module_name_of - what the kernel calls a module: "-" is "_", ".ko" and
@ directories do not belong to it
@
@   in:       r0 = name or file, at most a command line long
@   out:      r0 = name, valid until the next call
@   clobbers: r1-r3, flags
@ ---------------------------------------------------------------------------
FUNC module_name_of
        ldr     r1, =module_name
        add     r3, r1, #LINE_MAX - 1
.Lname_byte:
        ldrb    r2, [r0], #1
        cmp     r2, #'/'
        ldreq   r1, =module_name
        beq     .Lname_byte
        cmp     r2, #'-'
        moveq   r2, #'_'
        cmp     r1, r3
        strblo  r2, [r1], #1
        cmp     r2, #0
        bne     .Lname_byte
        mov     r2, #0
        strb    r2, [r3]

        ldr     r0, =module_name
        sub     r1, r1, #4                      @ ".ko" and the NUL
        cmp     r1, r0
        bxls    lr
        ldrb    r2, [r1]
        ldrb    r3, [r1, #1]
        cmp     r2, #'.'
        cmpeq   r3, #'k'
        ldrbeq  r2, [r1, #2]
        cmpeq   r2, #'o'
        moveq   r2, #0
        strbeq  r2, [r1]
        bx      lr
ENDFUNC module_name_of

        .section .rodata, "a", %progbits
        .balign 4
insmod_errors:
        .word   ENOEXEC, .Linvalid_format
        .word   ENOENT, .Lunknown_symbol
        .word   ESRCH, .Lwrong_version
        .word   EINVAL, .Linvalid_parameters
        .word   0
.Linvalid_format:
        .asciz  "Invalid module format"
.Lunknown_symbol:
        .asciz  "Unknown symbol in module"
.Lwrong_version:
        .asciz  "Module has wrong symbol version"
.Linvalid_parameters:
        .asciz  "Invalid parameters"

.Linsmod_missing:
        .asciz  "insmod: ERROR: missing filename."
.Linsmod_load:
        .asciz  "insmod: ERROR: could not load module %s: %s"
.Linsmod_insert:
        .asciz  "insmod: ERROR: could not insert module %s: %s"
.Lrmmod_missing:
        .asciz  "rmmod: ERROR: missing module name."
.Lrmmod_not_loaded:
        .asciz  "rmmod: ERROR: Module %s is not currently loaded"
.Lrmmod_builtin:
        .asciz  "rmmod: ERROR: Module %s is builtin."
.Lrmmod_in_use:
        .asciz  "rmmod: ERROR: Module %s is in use"
.Lrmmod_in_use_by:
        .asciz  "rmmod: ERROR: Module %s is in use by: %s"
.Lrmmod_remove:
        .asciz  "rmmod: ERROR: could not remove module %s: %s"
.Lrmmod:
        .asciz  "rmmod"
.Llsmod:
        .asciz  "lsmod"
.Llsmod_head:
        .asciz  "Module                  Size  Used by\n"
.Lproc_modules:
        .asciz  "/proc/modules"
.Lforce:
        .asciz  "-f"
.Lblank:
        .asciz  " "
.Lblanks:
        .asciz  "  "
.Lnewline:
        .asciz  "\n"
.Lquote:
        .asciz  "\""

        .bss
        .balign 4
module_line:
        .space  MODLINE_SIZE
user_names:
        .space  LINE_MAX
parameters:
        .space  PARAMETERS_MAX
module_name:
        .space  LINE_MAX
