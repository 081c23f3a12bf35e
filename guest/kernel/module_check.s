@ module_check.s - whether a well-formed file may be loaded here: its signature, a blacklist, what it was built for, and
@ whether it is there already. Nothing is allocated in these stages.

        .include "macros.inc"
        .include "arm.inc"
        .include "elf.inc"
        .include "module.inc"
        .include "params.inc"

@ struct module_signature: the last bytes before the marker
        .equ    SIG_ALGO,       0
        .equ    SIG_HASH,       1
        .equ    SIG_ID_TYPE,    2
        .equ    SIG_LEN,        8               @ big-endian
        .equ    SIG_SIZE,       12
        .equ    PKEY_ID_PKCS7,  2
        .equ    MARKER_LEN,     28              @ "~Module signature appended~\n"

        .equ    TWIN_WAIT_MS,   30000           @ for a module of the same name that is just being loaded

        .text
@ ---------------------------------------------------------------------------
@ module_sig_check - take a signature off the file's end; nobody here can verify one
@
@   in:       r0 = load_info
@   out:      r0 = 0; -EBADMSG: a signature without sense; -EKEYREJECTED: module.sig_enforce. LOAD_LEN without it
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module. With flags that ask for force the file is no longer what was signed: not looked at
@ ---------------------------------------------------------------------------
FUNC module_sig_check
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =.Lunsigned                 @ why it is not verified
        ldr     r0, [r4, #LOAD_FLAGS]
        tst     r0, #MODULE_INIT_IGNORE_MODVERSIONS | MODULE_INIT_IGNORE_VERMAGIC
        bne     .Lnot_verified
        ldr     r6, [r4, #LOAD_LEN]
        subs    r6, r6, #MARKER_LEN
        bls     .Lnot_verified
        ldr     r0, [r4, #LOAD_HDR]
        add     r0, r0, r6
        ldr     r1, =.Lmarker
        mov     r2, #MARKER_LEN
        bl      memcmp
        cmp     r0, #0
        bne     .Lnot_verified

        str     r6, [r4, #LOAD_LEN]
        mov     r0, r4
        bl      mod_verify_sig
        ldr     r5, =.Lunsupported
        cmp     r0, #-ENOPKG
        popne   {r4-r7, fp, pc}
.Lnot_verified:
        ldr     r0, =sig_enforce
        ldr     r0, [r0]
        cmp     r0, #0
        beq     .Lsig_done
        mov     r1, r5
        pr_notice "Loading of %s is rejected\n"
        mov     r0, #-EKEYREJECTED
.Lsig_done:
        pop     {r4-r7, fp, pc}
ENDFUNC module_sig_check
        string .Lmarker, "~Module signature appended~\n"
        string .Lunsigned, "unsigned module"
        string .Lunsupported, "module with unsupported crypto"

@ ---------------------------------------------------------------------------
@ mod_verify_sig - the signature's own header
@
@   in:       r0 = load_info, LOAD_LEN without the marker
@   out:      r0 = -ENOPKG: well-formed, and there is no PKCS#7 here; -EBADMSG. LOAD_LEN without the signature
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC mod_verify_sig
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #LOAD_LEN]
        subs    r5, r5, #SIG_SIZE               @ without struct module_signature
        bls     .Lbad_signature
        ldr     r6, [r4, #LOAD_HDR]
        add     r6, r6, r5
        ldr     r7, [r6, #SIG_LEN]
        rev     r7, r7
        cmp     r7, r5
        bhs     .Lbad_signature
        ldrb    r0, [r6, #SIG_ID_TYPE]
        cmp     r0, #PKEY_ID_PKCS7
        bne     .Lnot_pkcs7
        ldr     r0, [r6, #SIG_ALGO]             @ with the hash and the signer's length
        bic     r0, r0, #0xff << (8 * SIG_ID_TYPE)
        ldr     r1, [r6, #4]
        orrs    r0, r0, r1
        bne     .Lnot_zero
        sub     r5, r5, r7
        str     r5, [r4, #LOAD_LEN]
        mov     r0, #-ENOPKG
        pop     {r4-r7, fp, pc}

.Lnot_pkcs7:
        ldr     r1, =.Lmodule
        pr_err  "%s: not signed with expected PKCS#7 message\n"
        mov     r0, #-ENOPKG
        pop     {r4-r7, fp, pc}
.Lnot_zero:
        ldr     r1, =.Lmodule
        pr_err  "%s: PKCS#7 signature info has unexpected non-zero params\n"
.Lbad_signature:
        mov     r0, #-EBADMSG
        pop     {r4-r7, fp, pc}
ENDFUNC mod_verify_sig
        string .Lmodule, "module"

@ ---------------------------------------------------------------------------
@ early_mod_check - everything that may be refused before memory is taken
@
@   in:       r0 = load_info
@   out:      r0 = 0; -EPERM: blacklisted; -ENOEXEC: of another kernel; -EEXIST, -EBUSY: it is there
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module
@ ---------------------------------------------------------------------------
FUNC early_mod_check
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r0, [r4, #LOAD_NAME]
        bl      blacklisted
        cmp     r0, #0
        bne     .Lis_blacklisted
        mov     r0, r4
        bl      rewrite_section_headers
        mov     r0, r4
        mov     r1, #0                          @ no struct module yet
        bl      check_modstruct_version
        cmp     r0, #0
        moveq   r0, r4
        bleq    check_modinfo
        cmp     r0, #0
        moveq   r0, r4
        bleq    module_patient_check_exists
        pop     {r4, r5, fp, pc}
.Lis_blacklisted:
        ldr     r1, [r4, #LOAD_NAME]
        pr_err  "Module %s is blacklisted\n"
        mov     r0, #-EPERM
        pop     {r4, r5, fp, pc}
ENDFUNC early_mod_check

@ ---------------------------------------------------------------------------
@ blacklisted - does module_blacklist= name it?
@
@   in:       r0 = name
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC blacklisted
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =module_blacklist
        ldr     r5, [r5]
        cmp     r5, #0
        beq     .Lnot_listed
        bl      strlen
        mov     r6, r0
.Ltry_listed:
        mov     r0, r5
        mov     r1, r4
        mov     r2, r6
        bl      strncmp
        cmp     r0, #0
        bne     .Lnext_listed
        ldrb    r0, [r5, r6]
        cmp     r0, #0
        cmpne   r0, #','
        moveq   r0, #1
        popeq   {r4-r7, fp, pc}
.Lnext_listed:
        mov     r0, r5
        mov     r1, #','
        bl      strchr
        add     r5, r0, #1
        cmp     r0, #0
        bne     .Ltry_listed
.Lnot_listed:
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC blacklisted

@ ---------------------------------------------------------------------------
@ rewrite_section_headers - SH_ADDR of each section: where it lies in the copy of the file
@
@   in:       r0 = load_info
@   out:      LOAD_INDEX_VERS. .modinfo and __versions lose SHF_ALLOC, for they are read here and never again;
@             sections without a type lose it, for they are nothing
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC rewrite_section_headers
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r1, =.Lversions
        bl      find_sec
        mov     r5, r0
        ldr     r1, [r4, #LOAD_SECHDRS]
        ldr     r2, [r4, #LOAD_SHNUM]
        ldr     r3, [r4, #LOAD_HDR]
        mov     r0, r1
.Lrewrite:
        ldr     ip, [r0, #SH_TYPE]
        ldr     r7, [r0, #SH_FLAGS]
        cmp     ip, #SHT_NULL
        biceq   r7, r7, #SHF_ALLOC
        streq   r7, [r0, #SH_FLAGS]
        cmpne   ip, #SHT_NOBITS
        ldr     r7, [r0, #SH_OFFSET]
        add     r7, r3, r7
        moveq   r7, #0                          @ nothing in the file
        str     r7, [r0, #SH_ADDR]
        add     r0, r0, #SHDR_SIZE
        subs    r2, r2, #1
        bne     .Lrewrite

        ldr     r0, [r4, #LOAD_INDEX_INFO]
        bl      clear_alloc
        mov     r0, r5
        bl      clear_alloc
        shdr_at r2, r1, r5
        ldr     r2, [r2, #SH_ADDR]
        cmp     r2, #0
        moveq   r5, #0                          @ no data: no versions
        ldr     r2, [r4, #LOAD_FLAGS]
        tst     r2, #MODULE_INIT_IGNORE_MODVERSIONS
        movne   r5, #0
        str     r5, [r4, #LOAD_INDEX_VERS]
        pop     {r4-r7, fp, pc}
ENDFUNC rewrite_section_headers
        string .Lversions, "__versions"

@ r0 = index, r1 = section headers: takes SHF_ALLOC away; the null section may lose it, too. r2 and r3 change.
LFUNC clear_alloc
        shdr_at r2, r1, r0
        ldr     r3, [r2, #SH_FLAGS]
        bic     r3, r3, #SHF_ALLOC
        str     r3, [r2, #SH_FLAGS]
        bx      lr
ENDFUNC clear_alloc

@ ---------------------------------------------------------------------------
@ check_modinfo - was it built for this kernel?
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC check_modinfo
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, #0
        ldr     r0, [r4, #LOAD_FLAGS]
        tst     r0, #MODULE_INIT_IGNORE_VERMAGIC
        bne     .Lforce_magic
        mov     r0, r4
        ldr     r1, =.Lvermagic_tag
        bl      get_modinfo
        movs    r5, r0
        beq     .Lforce_magic
        ldr     r1, =vermagic
        ldr     r2, [r4, #LOAD_INDEX_VERS]
        bl      same_magic
        cmp     r0, #0
        beq     .Lother_magic
.Lmagic_known:
        mov     r0, r4
        ldr     r1, =.Llivepatch_tag
        bl      get_modinfo
        cmp     r0, #0
        bne     .Llivepatch
.Lmodinfo_done:
        pop     {r4, r5, fp, pc}

.Lforce_magic:
        mov     r0, r4
        ldr     r1, =.Lbad_vermagic
        bl      try_to_force_load
        cmp     r0, #0
        beq     .Lmagic_known
        b       .Lmodinfo_done
.Lother_magic:
        ldr     r1, [r4, #LOAD_NAME]
        mov     r2, r5
        ldr     r3, =vermagic
        pr_err  "%s: version magic '%s' should be '%s'\n"
        mov     r0, #-ENOEXEC
        b       .Lmodinfo_done
.Llivepatch:
        ldr     r1, [r4, #LOAD_NAME]
        pr_err  "%s: module is marked as livepatch module, but livepatch support is disabled\n"
        mov     r0, #-ENOEXEC
        b       .Lmodinfo_done
ENDFUNC check_modinfo
        string .Lvermagic_tag, "vermagic"
        string .Lbad_vermagic, "bad vermagic"
        string .Llivepatch_tag, "livepatch"

@ ---------------------------------------------------------------------------
@ same_magic - do two version magics agree?
@
@   in:       r0, r1 = texts, r2 = not 0: the first word, the release, makes no difference
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC same_magic
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        cmp     r2, #0
        beq     .Lcompare_magic
        bl      skip_word
        mov     r4, r0
        mov     r0, r5
        bl      skip_word
        mov     r5, r0
.Lcompare_magic:
        mov     r0, r4
        mov     r1, r5
        bl      strcmp
        cmp     r0, #0
        moveq   r0, #1
        movne   r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC same_magic

@ r0 = text -> r0 = its first blank, or its NUL; r1 and flags change.
LFUNC skip_word
        ldrb    r1, [r0]
        cmp     r1, #0
        cmpne   r1, #' '
        bxeq    lr
        add     r0, r0, #1
        b       skip_word
ENDFUNC skip_word

@ ---------------------------------------------------------------------------
@ try_to_force_load - go on without a check, if the caller of finit_module asked for that
@
@   in:       r0 = load_info, r1 = what is missing
@   out:      r0 = 0: said so and noted; -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC try_to_force_load
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r2, r1
        ldr     r0, [r4, #LOAD_FLAGS]
        tst     r0, #MODULE_INIT_IGNORE_MODVERSIONS | MODULE_INIT_IGNORE_VERMAGIC
        moveq   r0, #-ENOEXEC
        beq     .Lforce_known
        ldr     r0, [r4, #LOAD_FORCED]
        cmp     r0, #0
        bne     .Lforced                        @ once a load is enough
        mov     r0, #1
        str     r0, [r4, #LOAD_FORCED]
        ldr     r1, [r4, #LOAD_NAME]
        pr_warn "%s: %s: kernel tainted.\n"
.Lforced:
        ldr     r0, [r4, #LOAD_MOD]
        cmp     r0, #0
        movne   r1, #TAINT_FORCED_MODULE
        blne    add_taint_module
        mov     r0, #0
.Lforce_known:
        pop     {r4, r5, fp, pc}
ENDFUNC try_to_force_load

@ ---------------------------------------------------------------------------
@ module_patient_check_exists - is a module of this name there? One that is being loaded is waited for
@
@   in:       r0 = load_info
@   out:      r0 = 0; -EEXIST: it is LIVE; -EBUSY: it was being loaded and either failed or took too long
@   clobbers: r1-r3, ip, flags
@   context:  process, module_mutex not held
@ ---------------------------------------------------------------------------
FUNC module_patient_check_exists
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, [r0, #LOAD_HDR]
        ldr     r1, [r0, #LOAD_SECHDRS]
        ldr     r2, [r0, #LOAD_INDEX_MOD]
        shdr_at r3, r1, r2
        ldr     r3, [r3, #SH_OFFSET]
        add     r4, r4, r3
        add     r4, r4, #MODULE_NAME            @ what rmmod will call it: not .modinfo's name=
        mov     r0, r4
        bl      find_any_state
        movs    r5, r0
        beq     .Lname_is_free
        ldr     r0, [r5, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_LIVE
        moveq   r0, #-EEXIST
        beq     .Lexists_known

        ldr     r0, =finished_loading
        mov     r1, r4
        ldr     r2, =TWIN_WAIT_MS
        bl      module_wq_wait
        mov     r0, r4
        bl      find_any_state
        cmp     r0, #0
        moveq   r0, #-EBUSY                     @ it failed: let the caller see how it did
        beq     .Lexists_known
        ldr     r0, [r0, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_LIVE
        moveq   r0, #-EEXIST
        movne   r0, #-EBUSY
        b       .Lexists_known
.Lname_is_free:
        mov     r0, #0
.Lexists_known:
        pop     {r4-r7, fp, pc}
ENDFUNC module_patient_check_exists

@ r0 = name -> r0 = the module of any state, or 0; r1-r3, ip, flags change. Takes module_mutex.
LFUNC find_any_state
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      module_mutex_lock
        mov     r0, r4
        bl      strlen
        mov     r1, r0
        mov     r0, r4
        mov     r2, #1
        bl      find_module_all
        mov     r4, r0
        bl      module_mutex_unlock
        mov     r0, r4
        pop     {r4, r5, fp, pc}
ENDFUNC find_any_state

@ r0 = name -> r0 = 1 when its module is LIVE, going, or not there at all; as module_wq_wait's predicate.
LFUNC finished_loading
        push    {fp, lr}
        add     fp, sp, #0
        bl      find_any_state
        cmp     r0, #0
        moveq   r0, #1
        beq     .Lfinished_known
        ldr     r0, [r0, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_COMING
        cmpne   r0, #MODULE_STATE_UNFORMED
        moveq   r0, #0
        movne   r0, #1
.Lfinished_known:
        pop     {fp, pc}
ENDFUNC finished_loading

        INIT_TEXT
@ module_blacklist=NAME,NAME and module.sig_enforce
LFUNC module_blacklist_setup
        ldr     r1, =module_blacklist
        str     r0, [r1]
        mov     r0, #0
        bx      lr
ENDFUNC module_blacklist_setup
        __setup "module_blacklist", module_blacklist_setup

LFUNC sig_enforce_setup
        push    {fp, lr}
        add     fp, sp, #0
        bl      parse_bool
        cmp     r0, #0
        ldrge   r1, =sig_enforce
        strge   r0, [r1]
        movge   r0, #0
        pop     {fp, pc}
ENDFUNC sig_enforce_setup
        __setup "module.sig_enforce", sig_enforce_setup

        RODATA
        .global vermagic
vermagic:                                       @ what a module must have been built for; the blank at the end counts
        .asciz  "0.1.0 SMP mod_unload modversions ARMv7 p2v8 "

        .bss
        .balign 4
        .global sig_enforce
module_blacklist:
        .space  4                               @ names, 0: none
sig_enforce:
        .space  4                               @ 1: only verified modules, that is none
