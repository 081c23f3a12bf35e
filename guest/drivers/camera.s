@ camera.s - /dev/camera: opening it takes a picture, reading it gives the encoded picture, closing it powers down.
@ One picture at a time: a second open meanwhile is -EBUSY.

        .include "macros.inc"
        .include "fs.inc"
        .include "this_module.inc"

@ ---------------------------------------------------------------------------
@ camera_init - make /dev/camera
@
@   in:       -
@   out:      r0 = 0; -ENODEV without sensor.s or a sensor, register_chrdev's errors
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        .weak   sensor_power_on, sensor_power_off, sensor_capture, sensor_read, sensor_frame_size
        INIT_TEXT
FUNC camera_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =sensor_frame_size
        cmp     r0, #0
        beq     .Linit_no_sensor
        bl      sensor_frame_size
        cmp     r0, #0
        moveq   r0, #-ENODEV
        beq     .Linit_return
        ldr     r0, =camera_name
        ldr     r1, =camera_fops
        mov     r2, #0
        bl      register_chrdev
.Linit_return:
        pop     {fp, pc}

.Linit_no_sensor:
        pr_err  "camera: no sensor driver\n"
        mov     r0, #-ENODEV
        b       .Linit_return
ENDFUNC camera_init

        .text
@ ---------------------------------------------------------------------------
@ camera_open - power up, take the picture
@
@   in:       r0 = struct file
@   out:      r0 = 0; -EBUSY, -EACCES for writing, -ENODEV, -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC camera_open
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r0, [r0, #FILE_FLAGS]
        tst     r0, #O_ACCMODE
        movne   r0, #-EACCES
        bne     .Lopen_return
        ldr     r4, =camera_busy
        ldr     r0, [r4]
        cmp     r0, #0
        movne   r0, #-EBUSY
        bne     .Lopen_return
        mov     r0, #1
        str     r0, [r4]
        hold_this_module                        @ the open file leads into this code

        bl      sensor_power_on
        cmp     r0, #0
        bne     .Lopen_failed
        bl      sensor_capture
        cmp     r0, #0
        beq     .Lopen_return
        mov     r5, r0
        bl      sensor_power_off
        mov     r0, r5
.Lopen_failed:
        mov     r5, r0
        mov     r1, #0
        str     r1, [r4]
        release_this_module
        mov     r0, r5
.Lopen_return:
        pop     {r4, r5, fp, pc}
ENDFUNC camera_open

@ ---------------------------------------------------------------------------
@ camera_read - the next bytes of the picture
@
@   in:       r0 = struct file, r1 = buffer, r2 = count
@   out:      r0 = bytes, 0 at the end
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC camera_read
        mov     r0, r1
        mov     r1, r2
        b       sensor_read
ENDFUNC camera_read

@ ---------------------------------------------------------------------------
@ camera_length - size of the picture
@
@   in:       r0 = struct file
@   out:      r0 = bytes
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC camera_length
        b       sensor_frame_size
ENDFUNC camera_length

@ ---------------------------------------------------------------------------
@ camera_release - power down, let the next one in
@
@   in:       r0 = struct file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC camera_release
        push    {fp, lr}
        add     fp, sp, #0
        bl      sensor_power_off
        ldr     r1, =camera_busy
        mov     r0, #0
        str     r0, [r1]
        release_this_module
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC camera_release

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ camera_exit - take /dev/camera away
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process; nobody has it open
@ ---------------------------------------------------------------------------
FUNC camera_exit
        ldr     r0, =camera_name
        b       unregister_chrdev
ENDFUNC camera_exit

        string  camera_name, "camera"

        RODATA
        .balign 4
camera_fops:
        file_operations open=camera_open, read=camera_read, release=camera_release, length=camera_length

        .bss
        .balign 4
camera_busy:
        .space  4                               @ open

        module_init camera_init
        module_exit camera_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Camera character device"
