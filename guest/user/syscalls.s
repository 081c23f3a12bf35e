@ The system calls as functions, so that main and the commands are ordinary AAPCS code. Each returns what the kernel
@ returned: a result, or -errno.

        .include "syscalls.inc"

        .text

@ `call name, number`: a function of up to three arguments.
        .macro  call name, number
FUNC \name
        push    {r7, lr}
        syscall \number
        pop     {r7, pc}
ENDFUNC \name
        .endm

        call    exit, __NR_exit         @ exit(status)
        call    read, __NR_read         @ read(fd, buf, count)
        call    write, __NR_write       @ write(fd, buf, count)
        call    open, __NR_open         @ open(path, flags, mode)
        call    close, __NR_close       @ close(fd)
        call    unlink, __NR_unlink     @ unlink(path)
        call    reboot, __NR_reboot     @ reboot(magic1, magic2, command)
        call    klogctl, __NR_syslog    @ klogctl(action, buf, size)
        call    stat, __NR_stat         @ stat(path, struct stat)
        call    getdents, __NR_getdents @ getdents(fd, buf, count)
        call    setuid, __NR_setuid     @ setuid(uid)
        call    getuid, __NR_getuid     @ getuid()
        call    init_module, __NR_init_module @ init_module(file in memory, bytes, parameters)
        call    finit_module, __NR_finit_module @ finit_module(fd, parameters, flags)
        call    delete_module, __NR_delete_module @ delete_module(name, flags)
        call    nanosleep, __NR_nanosleep @ nanosleep(struct timespec, 0)
