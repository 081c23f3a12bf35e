@ initcall_defer= and initcall_blacklist= move and drop entries with no change to any source.
@
@ cmdline: loglevel=8 initcall_defer=second,fourth initcall_blacklist=third
@ rc: echo 1 > /proc/deferred_initcalls
@ rc: poweroff
@ expect: calling  first+0x0/
@ expect: initcall second+0x0/
@ expect:  deferred
@ expect: initcall third+0x0/
@ expect:  blacklisted
@ expect: initcall fourth+0x0/
@ expect:  deferred
@ expect: Run /init as init process
@ expect: Running do_deferred_initcalls()
@ expect: calling  in_the_table+0x0/
@ expect: calling  second+0x0/
@ expect: initcall second+0x0/
@ expect:  returned 0 after
@ expect: calling  fourth+0x0/
@ expect: Freeing unused kernel image
@ refuse: calling  third
@ stop: power-off

        .include "macros.inc"

        .macro  returns_0 fn
FUNC \fn
        mov     r0, #0
        bx      lr
ENDFUNC \fn
        .endm

        INIT_TEXT
        returns_0 first
        returns_0 second
        returns_0 third
        returns_0 fourth
        returns_0 in_the_table
        device_initcall first
        device_initcall second
        device_initcall third
        device_initcall fourth
        deferred_initcall in_the_table
