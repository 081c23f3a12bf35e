@ Nobody triggers the deferred initcalls: init memory stays, and the shutdown says so with the number of bytes.
@
@ rc: poweroff
@ expect: init memory never freed: {init_bytes} bytes
@ expect: reboot: Power down
@ refuse: Freeing unused kernel
@ stop: power-off

        .include "macros.inc"
