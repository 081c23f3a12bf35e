@ snap: take a picture. Reading /dev/camera to its end takes one and gives the encoded file; it goes to /flash.

        .include "syscalls.inc"

        .equ    LAST_NUMBER,    9999            @ of picNNNN.ppm

        .text

@ ---------------------------------------------------------------------------
@ snap - copy one picture from the camera to flash
@
@   in:       r0 = argc, r1 = argv: a name, or none for the next free number
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC snap
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #PATH_MAX
        ldr     r4, [r1, #4]                    @ the name or 0: argv ends so
        ldr     r0, =.Lcamera
        mov     r1, #O_RDONLY
        mov     r2, #0
        bl      open
        cmp     r0, #-ENOENT                    @ no camera, so nobody made its name
        moveq   r0, #-ENODEV
        movs    r5, r0
        blt     .Lsnap_no_camera

        mov     r0, r4
        mov     r1, sp
        bl      picture_path
        cmp     r0, #0
        blt     .Lsnap_failed
        mov     r0, sp
        ldr     r1, =O_WRONLY | O_CREAT | O_TRUNC
        ldr     r2, =0x1a4                      @ rw-r--r--
        bl      open
        cmp     r0, #0
        blt     .Lsnap_failed

        mov     r6, r0
        mov     r1, r5
        bl      copy_file
        mov     r7, r0
        mov     r0, r6
        bl      close                           @ here the picture becomes valid
        cmp     r7, #0
        blt     .Lsnap_half
        cmp     r0, #0
        blt     .Lsnap_failed
        mov     r0, sp
        mov     r1, r7
        bl      report
        mov     r4, #0
        b       .Lsnap_close

        @ Half a picture is none. A file that would not even close never took the place of an older one.
.Lsnap_half:
        cmp     r0, #0
        moveq   r0, sp
        bleq    unlink
        mov     r0, r7
.Lsnap_failed:
        mov     r2, r0
        mov     r1, sp
        ldr     r0, =.Lsnap
        bl      complain
        mov     r4, r0
.Lsnap_close:
        mov     r0, r5
        bl      close
        mov     r0, r4
.Lsnap_out:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}

.Lsnap_no_camera:
        mov     r2, r0
        ldr     r0, =.Lsnap
        ldr     r1, =.Lcamera
        bl      complain
        b       .Lsnap_out
ENDFUNC snap

@ ---------------------------------------------------------------------------
@ picture_path - where the picture goes
@
@   in:       r0 = name, 0: the first picNNNN.ppm that is not there
@             r1 = buffer of PATH_MAX bytes
@   out:      r0 = 0, -EEXIST when all numbers are taken
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC picture_path
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        add     r5, r1, #PATH_MAX
        mov     r6, r0
        mov     r0, r4
        ldr     r1, =.Lflash
        mov     r2, r5
        bl      append
        cmp     r6, #0
        beq     .Lpath_number
        mov     r1, r6
        mov     r2, r5
        bl      append
        mov     r0, #0
        b       .Lpath_out

.Lpath_number:
        mov     r7, r0                          @ behind "/flash/"
        mov     r6, #1
.Lpath_try:
        mov     r0, r7
        ldr     r1, =.Lpic
        mov     r2, r5
        bl      append
        mov     r1, r6
        mov     r2, r5
        ldr     r3, =4 | '0' << 8
        bl      append_number
        ldr     r1, =.Lppm
        mov     r2, r5
        bl      append
        mov     r0, r4
        bl      exists
        cmp     r0, #0
        beq     .Lpath_out
        add     r6, r6, #1
        ldr     r0, =LAST_NUMBER
        cmp     r6, r0
        bls     .Lpath_try
        mov     r0, #-EEXIST
.Lpath_out:
        pop     {r4-r7, fp, pc}
ENDFUNC picture_path

@ ---------------------------------------------------------------------------
@ exists - is there a file of this name?
@
@   in:       r0 = path
@   out:      r0 = 1 or 0; 0 too when nobody can say, then open will complain
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC exists
        push    {fp, lr}
        add     fp, sp, #0
        sub     sp, sp, #STAT_SIZE
        mov     r1, sp
        bl      stat
        cmp     r0, #0
        moveq   r0, #1
        movne   r0, #0
        sub     sp, fp, #0
        pop     {fp, pc}
ENDFUNC exists

@ ---------------------------------------------------------------------------
@ copy_file - everything from one open file to another
@
@   in:       r0 = descriptor to write
@             r1 = descriptor to read
@   out:      r0 = bytes copied / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC copy_file
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, #0
.Lcopy_piece:
        mov     r0, r5
        ldr     r1, =io_buffer
        mov     r2, #IO_BUFFER
        bl      read
        cmp     r0, #0
        moveq   r0, r6
        ble     .Lcopy_out
        mov     r7, r0
        mov     r2, r0
        mov     r0, r4
        ldr     r1, =io_buffer
        bl      write_all
        cmp     r0, #0
        addeq   r6, r6, r7
        beq     .Lcopy_piece
.Lcopy_out:
        pop     {r4-r7, fp, pc}
ENDFUNC copy_file

@ ---------------------------------------------------------------------------
@ report - "snap: PATH, N bytes"
@
@   in:       r0 = path
@             r1 = bytes
@   out:      -
@   clobbers: r0-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC report
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        mov     r5, r0
        ldr     r6, =io_buffer
        add     r7, r6, #IO_BUFFER
        mov     r0, r6
        ldr     r1, =.Lsnap_colon
        mov     r2, r7
        bl      append
        mov     r1, r5
        mov     r2, r7
        bl      append
        ldr     r1, =.Lcomma
        mov     r2, r7
        bl      append
        mov     r1, r4
        mov     r2, r7
        mov     r3, #1
        bl      append_number
        ldr     r1, =.Lbytes
        mov     r2, r7
        bl      append
        sub     r1, r0, r6
        mov     r0, r6
        bl      print_bytes
        pop     {r4-r7, fp, pc}
ENDFUNC report

        .section .rodata, "a", %progbits
.Lcamera:
        .asciz  "/dev/camera"
.Lflash:
        .asciz  "/flash/"
.Lpic:
        .asciz  "pic"
.Lppm:
        .asciz  ".ppm"
.Lsnap:
        .asciz  "snap"
.Lsnap_colon:
        .asciz  "snap: "
.Lcomma:
        .asciz  ", "
.Lbytes:
        .asciz  " bytes\n"
