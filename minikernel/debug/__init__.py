"""The debugger: stop anywhere, look, step forward and back. One class over a Machine for every front end.

    dbg = Debugger(machine)                   # records from here on, whoever runs the machine
    dbg.break_at("do_one_initcall", condition="$r0 == uhci_hcd_init")
    stop = dbg.cont()                         # every move gives a frozen Stop; nothing is ever printed
    dbg.step_back(); dbg.reverse_cont()

Values in, frozen values out. What the reader got wrong is an exception (UsageError, ExpressionError with a caret,
GuestMemoryError, ImageError with near names); what the guest does is data (Stop, with the Fault in it).

Moves: all return a Stop (`cause`, `message`, `pc`, `where`, `icount`, `time_ns`, `points`, `access`, `event`, `result`,
`fault`, `is_past`)
    step(n) next(n) finish() until(where) cont()               `budget` bounds them; Ctrl-C ends them (INTERRUPTED)
    step_back(n) reverse_next(n) reverse_finish() reverse_until(where) reverse_cont()
    step_line(n) next_line(n) step_line_back(n) reverse_next_line(n)       by source lines; the others by instructions
    goto(icount) goto_time(ns) goto_start() goto_end()
    checkpoint(name) checkpoints restore(name) delete_checkpoint(name)
    A moment is an instruction count: `icount` instructions have begun. Going back past the start of the record stops
    there with StopCause.START; going on past its end simply runs on.
    A machine that is idle runs for ever: give a `budget`, or let the user press Ctrl-C.

Stop points: frozen StopPoint values numbered from 1; `stop_points` lists them, point(n) delete(n) enable(n) disable(n)
change(n, condition=, ignore=)
    break_at(where, condition=, ignore=, limit=)    where: symbol, symbol+offset, any expression, address, file:line
    watch(where, size, kinds, condition=, ...)      kinds: WRITES, READS, BOTH; conditions may use $old and $new
    stop_on(what, condition=, ...)                  what: a value of event_stops.py: InitcallStop, FreeStop, ModuleStop,
                                                    ProcStop, ExceptionStop, InterruptStop, DeviceStop, EventStop

Looking (none of these moves): position registers() read(addr, size) read_word(addr) evaluate(text) address(where)
places(where) symbolize(addr) disassemble(where, count) backtrace() last_writer(where, size) history(where) explain()
recording; symbols.add_module(), symbols.lines

Changing: set_register(name, value) write(addr, data) call(where, *args); m.write, m.shell and the like are noticed too.
A change in the past begins a new future: what lay ahead, inputs too, is dropped (a checkpoint brings it back).

Many steps in a row are three times faster inside `with machine.many_runs():`.

Files: debugger.py (the class) · timeline.py (the record: snapshots and checked re-runs) · comparison.py (the check) ·
session.py (what the parts share) · forward.py, backward.py (moves) · stop_points.py (breakpoints, watchpoints and event
stops) · triggers.py (what fires them) · event_stops.py (what can be awaited) · stops.py (Stop) ·
expression.py · symbols.py (names and lines) · disassembly.py (the only file that imports capstone) · history.py
"""
