@ The shell: one line to words and a redirection, words to a command, the command's output to where it shall go.
@
@   words     are parted by blanks; '...' and "..." keep blanks, \ keeps the next character
@   #         at the start of a word: the rest is a comment
@   > FILE    output to a file, emptied first; >> FILE: behind what it has

        .include "syscalls.inc"

@ struct command: a line taken apart.
        .equ    CMD_ARGC,       0
        .equ    CMD_OUT,        4               @ path behind > or >>, 0: none
        .equ    CMD_OUT_FLAGS,  8               @ O_TRUNC or O_APPEND
        .equ    CMD_ARGV,       12
        .equ    CMD_SIZE,       CMD_ARGV + 4 * ARGS_MAX + 4     @ argv ends with 0

@ A row of the table of commands.
        .equ    ROW_NAME,       0
        .equ    ROW_FUNC,       4               @ func(argc, argv) -> status, 0 is success
        .equ    ROW_HELP,       8
        .equ    ROW_SIZE,       12

        .equ    STATUS_NOT_FOUND, 127

        .text

@ ---------------------------------------------------------------------------
@ run_line - do what a line says
@
@   in:       r0 = line
@   out:      r0 = status of its command
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC run_line
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =command
        mov     r1, r4
        bl      parse_line
        cmp     r0, #0
        bne     .Lrun_refuse

        @ Nothing but a redirection still makes the file.
        ldr     r5, =no_command
        ldr     r0, [r4, #CMD_ARGC]
        cmp     r0, #0
        beq     .Lrun_redirect
        ldr     r0, [r4, #CMD_ARGV]
        bl      find_command
        movs    r5, r0
        beq     .Lrun_not_found
        ldr     r5, [r5, #ROW_FUNC]
.Lrun_redirect:
        ldr     r0, [r4, #CMD_OUT]
        cmp     r0, #0
        beq     .Lrun_call
        ldr     r1, [r4, #CMD_OUT_FLAGS]
        ldr     r2, =0x1a4                      @ rw-r--r--
        bl      open
        movs    r2, r0
        blt     .Lrun_no_file
        ldr     r1, =out_fd
        str     r0, [r1]
.Lrun_call:
        mov     r0, r5
        mov     r1, r4
        bl      call_command
.Lrun_out:
        pop     {r4-r5, fp, pc}

.Lrun_no_file:
        ldr     r0, =.Lsh
        ldr     r1, [r4, #CMD_OUT]
        bl      complain
        b       .Lrun_out

.Lrun_not_found:
        ldr     r0, =.Lsh
        ldr     r1, [r4, #CMD_ARGV]
        ldr     r2, =.Lnot_found
        bl      complain_text
        mov     r0, #STATUS_NOT_FOUND
        b       .Lrun_out

.Lrun_refuse:
        mov     r2, r0
        ldr     r0, =.Lsh
        mov     r1, #0
        bl      complain_text
        b       .Lrun_out
ENDFUNC run_line

@ ---------------------------------------------------------------------------
@ call_command - run a command, close its output, report what went wrong there
@
@   in:       r0 = function
@             r1 = struct command
@   out:      r0 = status
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC call_command
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        ldr     r5, =out_error
        mov     r2, #0
        str     r2, [r5]
        mov     r3, r0
        ldr     r0, [r4, #CMD_ARGC]
        add     r1, r4, #CMD_ARGV
        blx     r3
        mov     r6, r0

        ldr     r2, [r5]
        cmp     r2, #0
        beq     .Lcall_close
        ldr     r0, [r4, #CMD_ARGV]
        ldr     r1, =.Lwrite_error
        bl      complain
        mov     r6, r0

        @ Closing can fail too: a file on flash becomes valid there.
.Lcall_close:
        ldr     r1, =out_fd
        ldr     r0, [r1]
        cmp     r0, #STDOUT
        beq     .Lcall_out
        mov     r2, #STDOUT
        str     r2, [r1]
        bl      close
        movs    r2, r0
        bpl     .Lcall_out
        ldr     r0, =.Lsh
        ldr     r1, [r4, #CMD_OUT]
        bl      complain
        mov     r6, r0
.Lcall_out:
        mov     r0, r6
        pop     {r4-r7, fp, pc}
ENDFUNC call_command

@ ---------------------------------------------------------------------------
@ no_command - what a line without a word runs
@
@   in:       -
@   out:      r0 = 0
@   clobbers: -
@ ---------------------------------------------------------------------------
LFUNC no_command
        mov     r0, #0
        bx      lr
ENDFUNC no_command

@ ---------------------------------------------------------------------------
@ find_command - the row of a name
@
@   in:       r0 = name
@   out:      r0 = row, 0 when there is none
@   clobbers: r1-r3, flags
@ ---------------------------------------------------------------------------
LFUNC find_command
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, =commands
.Lfind_next:
        ldr     r0, [r5, #ROW_NAME]
        cmp     r0, #0
        beq     .Lfind_out
        mov     r1, r4
        bl      strcmp
        cmp     r0, #0
        moveq   r0, r5
        beq     .Lfind_out
        add     r5, r5, #ROW_SIZE
        b       .Lfind_next
.Lfind_out:
        pop     {r4-r5, fp, pc}
ENDFUNC find_command

@ ---------------------------------------------------------------------------
@ parse_line - a line to words and a redirection
@
@   in:       r0 = line
@             r1 = struct command to fill; its words lie in the buffer `words`
@   out:      r0 = 0, or the reason why the line is refused
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC parse_line
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0                          @ where we read
        mov     r5, r1
        ldr     r6, =words                      @ where the next word goes
        mov     r7, #0                          @ words so far
        str     r7, [r5, #CMD_OUT]

.Lparse_next:
        mov     r0, r4
        bl      skip_blanks
        mov     r4, r0
        ldrb    r1, [r4]
        cmp     r1, #0
        cmpne   r1, #'#'
        beq     .Lparse_end
        cmp     r1, #'>'
        beq     .Lparse_redirect

        cmp     r7, #ARGS_MAX
        ldreq   r0, =.Ltoo_many
        beq     .Lparse_out
        add     r1, r5, #CMD_ARGV
        str     r6, [r1, r7, lsl #2]
        add     r7, r7, #1
.Lparse_word:
        mov     r0, r4
        mov     r1, r6
        bl      copy_word
        mov     r6, r1
        movs    r4, r0
        bne     .Lparse_next
        ldr     r0, =.Lunterminated
        b       .Lparse_out

.Lparse_redirect:
        ldr     r0, [r5, #CMD_OUT]
        cmp     r0, #0
        ldrne   r0, =.Ltwo_outputs
        bne     .Lparse_out
        ldr     r2, =O_WRONLY | O_CREAT | O_TRUNC
        ldrb    r1, [r4, #1]!
        cmp     r1, #'>'
        addeq   r4, r4, #1
        ldreq   r2, =O_WRONLY | O_CREAT | O_APPEND
        str     r2, [r5, #CMD_OUT_FLAGS]
        str     r6, [r5, #CMD_OUT]
        mov     r0, r4
        bl      skip_blanks
        mov     r4, r0
        ldrb    r1, [r4]
        cmp     r1, #0
        cmpne   r1, #'#'
        cmpne   r1, #'>'
        bne     .Lparse_word
        ldr     r0, =.Lno_output
        b       .Lparse_out

.Lparse_end:
        str     r7, [r5, #CMD_ARGC]
        add     r1, r5, #CMD_ARGV
        mov     r0, #0
        str     r0, [r1, r7, lsl #2]
.Lparse_out:
        pop     {r4-r7, fp, pc}
ENDFUNC parse_line

@ ---------------------------------------------------------------------------
@ skip_blanks - to the next character that is no blank
@
@   in:       r0 = text
@   out:      r0 = the first other character
@   clobbers: r1, flags
@ ---------------------------------------------------------------------------
LFUNC skip_blanks
        ldrb    r1, [r0]
        cmp     r1, #' '
        cmpne   r1, #'\t'
        addeq   r0, r0, #1
        beq     skip_blanks
        bx      lr
ENDFUNC skip_blanks

@ ---------------------------------------------------------------------------
@ copy_word - one word without its quotes
@
@   in:       r0 = its first character
@             r1 = where it goes
@   out:      r0 = behind the word, 0 when a quote is not closed
@             r1 = behind the copy and its NUL
@   clobbers: r2, r3, flags
@
@   r2 is the quote we are in, 0 outside.
@ ---------------------------------------------------------------------------
LFUNC copy_word
        mov     r2, #0
.Lword_char:
        ldrb    r3, [r0], #1
        cmp     r3, #0
        beq     .Lword_end
        cmp     r2, #0
        beq     .Lword_bare
        cmp     r3, r2                          @ the closing quote?
        moveq   r2, #0
        beq     .Lword_char
        cmp     r2, #'\''
        beq     .Lword_store                    @ '...' keeps everything
        b       .Lword_escape

.Lword_bare:
        cmp     r3, #' '
        cmpne   r3, #'\t'
        cmpne   r3, #'>'
        beq     .Lword_end
        cmp     r3, #'\''
        cmpne   r3, #'"'
        moveq   r2, r3
        beq     .Lword_char
.Lword_escape:
        cmp     r3, #'\\'
        bne     .Lword_store
        ldrb    r3, [r0], #1
        cmp     r3, #0
        beq     .Lword_end
.Lword_store:
        strb    r3, [r1], #1
        b       .Lword_char

.Lword_end:
        sub     r0, r0, #1                      @ back to what ended it
        cmp     r2, #0
        movne   r0, #0
        mov     r3, #0
        strb    r3, [r1], #1
        bx      lr
ENDFUNC copy_word

@ ---------------------------------------------------------------------------
@ help - list the commands
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC help
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =commands
.Lhelp_next:
        ldr     r0, [r4, #ROW_HELP]
        cmp     r0, #0
        beq     .Lhelp_out
        bl      print
        add     r4, r4, #ROW_SIZE
        b       .Lhelp_next
.Lhelp_out:
        pop     {r4-r5, fp, pc}
ENDFUNC help

        .section .rodata, "a", %progbits
        .balign 4
commands:                                       @ name, function, help
        .word   .Lcat, cat, .Lcat_help
        .word   .Ldmesg, dmesg, .Ldmesg_help
        .word   .Lecho, echo, .Lecho_help
        .word   .Lhelp_name, help, .Lhelp_help
        .word   .Linsmod, insmod, .Linsmod_help
        .word   .Lls, ls, .Lls_help
        .word   .Llsmod, lsmod, .Llsmod_help
        .word   .Lmodprobe, modprobe, .Lmodprobe_help
        .word   .Lmodules_load, modules_load, .Lmodules_load_help
        .word   .Lpoweroff, poweroff, .Lpoweroff_help
        .word   .Lreboot, reboot_board, .Lreboot_help
        .word   .Lrm, rm, .Lrm_help
        .word   .Lrmmod, rmmod, .Lrmmod_help
        .word   .Lsetuid, become_user, .Lsetuid_help
        .word   .Lsleep, sleep, .Lsleep_help
        .word   .Lsnap, snap, .Lsnap_help
        .word   0, 0, 0

.Lcat:
        .asciz  "cat"
.Lcat_help:
        .asciz  "cat [FILE...]    print files; without one, the console until ^D\n"
.Ldmesg:
        .asciz  "dmesg"
.Ldmesg_help:
        .asciz  "dmesg            print the kernel's messages\n"
.Lecho:
        .asciz  "echo"
.Lecho_help:
        .asciz  "echo [WORD...]   print words\n"
.Lhelp_name:
        .asciz  "help"
.Lhelp_help:
        .asciz  "help             print this\n"
.Linsmod:
        .asciz  "insmod"
.Linsmod_help:
        .asciz  "insmod FILE      load a module, with parameters behind it; -f: whatever it was built for\n"
.Lls:
        .asciz  "ls"
.Lls_help:
        .asciz  "ls [PATH...]     list directories: permissions, bytes, name\n"
.Llsmod:
        .asciz  "lsmod"
.Llsmod_help:
        .asciz  "lsmod            list the loaded modules\n"
.Lmodprobe:
        .asciz  "modprobe"
.Lmodprobe_help:
        .asciz  "modprobe NAME    load a module and what it needs; -r: remove it\n"
.Lmodules_load:
        .asciz  "modules-load"
.Lmodules_load_help:
        .asciz  "modules-load     load what /etc/modules lists\n"
.Lpoweroff:
        .asciz  "poweroff"
.Lpoweroff_help:
        .asciz  "poweroff         switch the camera off\n"
.Lreboot:
        .asciz  "reboot"
.Lreboot_help:
        .asciz  "reboot           start again\n"
.Lrm:
        .asciz  "rm"
.Lrm_help:
        .asciz  "rm FILE...       delete files\n"
.Lrmmod:
        .asciz  "rmmod"
.Lrmmod_help:
        .asciz  "rmmod NAME...    remove modules; -f: even those in use\n"
.Lsetuid:
        .asciz  "setuid"
.Lsetuid_help:
        .asciz  "setuid NUMBER    become another user; there is no way back from root\n"
.Lsleep:
        .asciz  "sleep"
.Lsleep_help:
        .asciz  "sleep SECONDS    wait; 0.5 is half a second\n"
.Lsnap:
        .asciz  "snap"
.Lsnap_help:
        .asciz  "snap [NAME]      take a picture into /flash\n"

.Lsh:
        .asciz  "sh"
.Lnot_found:
        .asciz  "not found"
.Lwrite_error:
        .asciz  "write error"
.Ltoo_many:
        .asciz  "too many words in one line"
.Lunterminated:
        .asciz  "unterminated quote"
.Ltwo_outputs:
        .asciz  "more than one redirection"
.Lno_output:
        .asciz  "no file behind >"

        .bss
        .balign 4
command:
        .space  CMD_SIZE
words:                                          @ every word of a line with its NUL: never more than twice the line
        .space  2 * LINE_MAX
