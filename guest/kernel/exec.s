@ Starting a program: a statically linked ELF file becomes pages of user memory (Linux fs/exec.c, fs/binfmt_elf.c).
@ All of the file's claims are checked before the first page is taken: what can fail after that is memory.

        .include "macros.inc"
        .include "fs.inc"
        .include "elf.inc"
        .include "memory.inc"

        .equ    MAX_PHNUM,      8               @ program headers we have room for
        .equ    STACK_SIZE,     4 * PAGE_SIZE
        .equ    STACK_BOTTOM,   USER_STACK_TOP - STACK_SIZE

@ What a program finds on its stack, from sp up: argc, argv[0], the two ends of argv and envp, AT_NULL.
        .equ    START_ARGC,     0
        .equ    START_ARGV0,    4
        .equ    START_WORDS,    24

@ struct linux_binprm: the file while it is looked at.
        .equ    BPRM_FILE,      0
        .equ    BPRM_LENGTH,    4               @ of the file, bytes
        .equ    BPRM_PATH,      8
        .equ    BPRM_END,       12              @ behind the last segment so far; check_segment keeps it
        .equ    BPRM_ENTRY_OK,  16              @ 1: the entry point lies in code
        .equ    BPRM_EHDR,      24
        .equ    BPRM_PHDRS,     BPRM_EHDR + EHDR_SIZE + 4
        .equ    BPRM_SIZE,      BPRM_PHDRS + MAX_PHNUM * PHDR_SIZE

        .text

@ ---------------------------------------------------------------------------
@ run_init_process - become process 1
@
@   in:       r0 = path of the program
@   out:      r0 = -errno; when it works, it does not return
@   clobbers: r1-r3, ip, flags
@   context:  process, end of the boot
@ ---------------------------------------------------------------------------
FUNC run_init_process
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r1, r0
        pr_info "Run %s as init process\n"
        mov     r0, r4
        bl      kernel_execve
        pop     {r4-r5, fp, pc}
ENDFUNC run_init_process

@ ---------------------------------------------------------------------------
@ kernel_execve - load a program and enter it
@
@   in:       r0 = path
@   out:      r0 = -errno: -ENOEXEC when it is no program of ours; else no return
@   clobbers: r1-r3, ip, flags
@   context:  process; no user program is loaded
@ ---------------------------------------------------------------------------
FUNC kernel_execve
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #BPRM_SIZE
        str     r0, [sp, #BPRM_PATH]
        mov     r1, #O_RDONLY
        mov     r2, #0
        bl      filp_open
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lexecve_out
        mov     r4, r0
        str     r4, [sp, #BPRM_FILE]

        @ Look first: a file that is refused changes nothing.
        mov     r0, sp
        bl      read_headers
        cmp     r0, #0
        moveq   r0, sp
        bleq    check_segments
        movs    r5, r0
        bne     .Lexecve_close

        mov     r0, sp
        bl      load_segments
        cmp     r0, #0
        ldreq   r0, [sp, #BPRM_PATH]
        bleq    setup_stack
        mov     r5, r0
        cmn     r0, #MAX_ERRNO + 1
        bls     .Lexecve_enter
        bl      unmap_user_pages
.Lexecve_close:
        mov     r0, r4
        bl      filp_close
        mov     r0, r5
        b       .Lexecve_out

.Lexecve_enter:
        mov     r0, r4
        bl      filp_close
        ldr     r0, [sp, #BPRM_EHDR + E_ENTRY]
        mov     r1, r5
        bl      enter_user_mode

.Lexecve_out:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC kernel_execve

@ ---------------------------------------------------------------------------
@ read_exact - read all of a part of the file
@
@   in:       r0 = struct file
@             r1 = kernel buffer
@             r2 = bytes
@             r3 = offset in the file
@   out:      r0 = 0 / -errno, -ENOEXEC when the file is shorter
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC read_exact
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r2
        str     r3, [r0, #FILE_POS]
        bl      kernel_read
        cmp     r0, #0
        blt     .Lexact_out
        cmp     r0, r4
        moveq   r0, #0
        movne   r0, #-ENOEXEC
.Lexact_out:
        pop     {r4-r5, fp, pc}
ENDFUNC read_exact

@ ---------------------------------------------------------------------------
@ read_headers - file header and program headers; is it for us at all?
@
@   in:       r0 = linux_binprm with BPRM_FILE
@   out:      r0 = 0 / -ENOEXEC / -errno of the read
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC read_headers
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #BPRM_FILE]
        ldr     r0, [r5, #FILE_OP]
        ldr     r3, [r0, #FOPS_LENGTH]
        cmp     r3, #0
        beq     .Lheaders_refuse                @ a device
        mov     r0, r5
        blx     r3
        str     r0, [r4, #BPRM_LENGTH]

        mov     r0, r5
        add     r1, r4, #BPRM_EHDR
        mov     r2, #EHDR_SIZE
        mov     r3, #0
        bl      read_exact
        cmp     r0, #0
        bne     .Lheaders_out

        @ 32 bit, little-endian, linked for fixed addresses, for ARM.
        add     r6, r4, #BPRM_EHDR
        ldr     r0, [r6, #EI_MAG]
        ldr     r1, =ELF_MAGIC
        cmp     r0, r1
        bne     .Lheaders_refuse
        ldr     r0, [r6, #EI_CLASS]
        bic     r0, r0, #0xff000000             @ the OS byte may be anything
        ldr     r1, =ELF_IDENT
        cmp     r0, r1
        bne     .Lheaders_refuse
        ldrh    r0, [r6, #E_TYPE]
        cmp     r0, #ET_EXEC
        bne     .Lheaders_refuse
        ldrh    r0, [r6, #E_MACHINE]
        cmp     r0, #EM_ARM
        bne     .Lheaders_refuse
        ldrh    r0, [r6, #E_PHENTSIZE]
        cmp     r0, #PHDR_SIZE
        bne     .Lheaders_refuse
        ldrh    r2, [r6, #E_PHNUM]
        sub     r0, r2, #1
        cmp     r0, #MAX_PHNUM                  @ 1 to MAX_PHNUM
        bhs     .Lheaders_refuse

        mov     r0, r5
        add     r1, r4, #BPRM_PHDRS
        mov     r2, r2, lsl #5                  @ PHDR_SIZE each
        ldr     r3, [r6, #E_PHOFF]
        bl      read_exact
.Lheaders_out:
        pop     {r4-r7, fp, pc}
.Lheaders_refuse:
        mov     r0, #-ENOEXEC
        b       .Lheaders_out
ENDFUNC read_headers

@ ---------------------------------------------------------------------------
@ check_segments - do all segments fit, and does the program begin in code?
@
@   in:       r0 = linux_binprm with its headers
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC check_segments
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        add     r5, r4, #BPRM_PHDRS
        ldrh    r6, [r4, #BPRM_EHDR + E_PHNUM]
        ldr     r0, =USER_TEXT
        str     r0, [r4, #BPRM_END]
        mov     r0, #0
        str     r0, [r4, #BPRM_ENTRY_OK]
.Lcheck_next:
        ldr     r0, [r5, #P_TYPE]
        cmp     r0, #PT_INTERP                  @ wants a dynamic linker
        cmpne   r0, #PT_DYNAMIC
        beq     .Lcheck_refuse
        cmp     r0, #PT_LOAD
        bne     .Lcheck_skip
        mov     r0, r4
        mov     r1, r5
        bl      check_segment
        cmp     r0, #0
        bne     .Lcheck_out
.Lcheck_skip:
        add     r5, r5, #PHDR_SIZE
        subs    r6, r6, #1
        bne     .Lcheck_next

        ldr     r0, [r4, #BPRM_ENTRY_OK]
        cmp     r0, #1
        moveq   r0, #0
        beq     .Lcheck_out
.Lcheck_refuse:
        mov     r0, #-ENOEXEC
.Lcheck_out:
        pop     {r4-r7, fp, pc}
ENDFUNC check_segments

@ ---------------------------------------------------------------------------
@ check_segment - one PT_LOAD: in the file, in user space, above the one before
@
@   in:       r0 = linux_binprm; BPRM_END and BPRM_ENTRY_OK are kept
@             r1 = program header
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC check_segment
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        ldr     r2, [r1, #P_OFFSET]
        ldr     r3, [r1, #P_FILESZ]
        adds    ip, r2, r3
        bcs     .Lsegment_refuse
        ldr     r2, [r0, #BPRM_LENGTH]
        cmp     ip, r2
        bhi     .Lsegment_refuse
        ldr     r4, [r1, #P_MEMSZ]
        cmp     r3, r4
        bhi     .Lsegment_refuse

        @ Its first page must lie behind the last of the segment before.
        ldr     r5, [r1, #P_VADDR]
        ldr     r2, [r0, #BPRM_END]
        bic     ip, r5, #0xff
        bic     ip, ip, #0xf00
        cmp     ip, r2
        blo     .Lsegment_refuse
        adds    ip, r5, r4                      @ behind its last byte
        bcs     .Lsegment_refuse
        ldr     r2, =STACK_BOTTOM
        cmp     ip, r2
        bhi     .Lsegment_refuse
        add     ip, ip, #PAGE_SIZE
        sub     ip, ip, #1
        bic     ip, ip, #0xff
        bic     ip, ip, #0xf00
        str     ip, [r0, #BPRM_END]

        ldr     r2, [r1, #P_FLAGS]
        tst     r2, #PF_X
        beq     .Lsegment_good
        ldr     r2, [r0, #BPRM_EHDR + E_ENTRY]
        tst     r2, #3                          @ ARM state only
        bne     .Lsegment_good
        subs    r2, r2, r5
        blo     .Lsegment_good
        cmp     r2, r3
        movlo   r2, #1
        strlo   r2, [r0, #BPRM_ENTRY_OK]
.Lsegment_good:
        mov     r0, #0
        pop     {r4-r5, fp, pc}
.Lsegment_refuse:
        mov     r0, #-ENOEXEC
        pop     {r4-r5, fp, pc}
ENDFUNC check_segment

@ ---------------------------------------------------------------------------
@ load_segments - give every PT_LOAD its pages
@
@   in:       r0 = linux_binprm, checked
@   out:      r0 = 0 / -errno; pages mapped so far stay
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC load_segments
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        add     r5, r4, #BPRM_PHDRS
        ldrh    r6, [r4, #BPRM_EHDR + E_PHNUM]
.Lload_next:
        ldr     r0, [r5, #P_TYPE]
        cmp     r0, #PT_LOAD
        bne     .Lload_skip
        ldr     r7, [r5, #P_VADDR]
        ldr     r8, [r5, #P_MEMSZ]
        add     r8, r7, r8                      @ end
        bic     r7, r7, #0xff
        bic     r7, r7, #0xf00                  @ page by page
.Lload_page:
        cmp     r7, r8
        bhs     .Lload_skip
        ldr     r0, [r4, #BPRM_FILE]
        mov     r1, r5
        mov     r2, r7
        bl      load_page
        cmp     r0, #0
        bne     .Lload_out
        add     r7, r7, #PAGE_SIZE
        b       .Lload_page
.Lload_skip:
        add     r5, r5, #PHDR_SIZE
        subs    r6, r6, #1
        bne     .Lload_next
        mov     r0, #0
.Lload_out:
        pop     {r4-r9, fp, pc}
ENDFUNC load_segments

@ ---------------------------------------------------------------------------
@ new_user_page - a page of zeros in user space
@
@   in:       r0 = user address (page-aligned)
@             r1 = PROT_*
@   out:      r0 = kernel address of the page / -ENOMEM / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC new_user_page
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        bl      get_zeroed_page
        movs    r6, r0
        moveq   r0, #-ENOMEM
        beq     .Lnew_out
        mov     r0, r4
        mov     r1, r6
        mov     r2, r5
        bl      map_user_page
        cmp     r0, #0
        moveq   r0, r6
        beq     .Lnew_out
        mov     r4, r0
        mov     r0, r6
        mov     r1, #0
        bl      free_pages
        mov     r0, r4
.Lnew_out:
        pop     {r4-r7, fp, pc}
ENDFUNC new_user_page

@ ---------------------------------------------------------------------------
@ load_page - one page of a segment: file bytes where it has some, else zeros
@
@   in:       r0 = struct file
@             r1 = program header
@             r2 = user address of the page
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC load_page
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        ldr     r2, [r5, #P_FLAGS]
        ldr     r3, =prot_of_flags
        and     r2, r2, #PF_R | PF_W | PF_X
        ldrb    r1, [r3, r2]
        mov     r0, r6
        bl      new_user_page
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lload_page_out
        mov     r7, r0

        @ The file's bytes [r8, r9) that fall into this page.
        ldr     r8, [r5, #P_VADDR]
        ldr     r9, [r5, #P_FILESZ]
        add     r9, r8, r9
        cmp     r8, r6
        movlo   r8, r6
        add     r0, r6, #PAGE_SIZE
        cmp     r9, r0
        movhi   r9, r0
        cmp     r8, r9
        movhs   r0, #0
        bhs     .Lload_page_out

        mov     r0, r4
        sub     r1, r8, r6
        add     r1, r7, r1
        sub     r2, r9, r8
        ldr     r3, [r5, #P_VADDR]
        sub     r3, r8, r3
        ldr     ip, [r5, #P_OFFSET]
        add     r3, r3, ip
        bl      read_exact
        cmp     r0, #0
        bne     .Lload_page_out
        mov     r0, r7
        add     r1, r7, #PAGE_SIZE
        bl      flush_icache_range
        mov     r0, #0
.Lload_page_out:
        pop     {r4-r9, fp, pc}
ENDFUNC load_page

@ ---------------------------------------------------------------------------
@ setup_stack - the user's stack with argc, argv and an empty environment
@
@   in:       r0 = path, which becomes argv[0]
@   out:      r0 = sp for the program / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC setup_stack
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =STACK_BOTTOM
.Lstack_page:
        mov     r0, r5
        mov     r1, #PROT_READ | PROT_WRITE
        bl      new_user_page
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lstack_out
        mov     r6, r0
        add     r5, r5, #PAGE_SIZE
        cmp     r5, #USER_STACK_TOP
        blo     .Lstack_page

        @ r6 is the topmost page. The path goes to its end, the words below it.
        mov     r0, r4
        bl      strlen
        add     r7, r0, #1 + 7
        bic     r7, r7, #7
        rsb     r7, r7, #PAGE_SIZE              @ offset of the path in the page
        add     r0, r6, r7
        mov     r1, r4
        mov     r2, #PATH_MAX
        bl      strlcpy
        sub     r0, r5, #PAGE_SIZE
        add     r1, r0, r7                      @ user address of the path
        sub     r7, r7, #START_WORDS            @ the page was zeros: only two words differ
        add     r6, r6, r7
        str     r1, [r6, #START_ARGV0]
        mov     r1, #1
        str     r1, [r6, #START_ARGC]
        add     r0, r0, r7
.Lstack_out:
        pop     {r4-r7, fp, pc}
ENDFUNC setup_stack

        RODATA
prot_of_flags:                                  @ indexed by PF_*
        .byte   0
        .byte   PROT_EXEC
        .byte   PROT_WRITE
        .byte   PROT_WRITE | PROT_EXEC
        .byte   PROT_READ
        .byte   PROT_READ | PROT_EXEC
        .byte   PROT_READ | PROT_WRITE
        .byte   PROT_READ | PROT_WRITE | PROT_EXEC
