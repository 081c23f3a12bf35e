"""The debugger: stop anywhere, look, step forward and back. One class over a Machine for every front end.

    dbg = Debugger(machine)                   # records from here on, whoever runs the machine
    dbg.break_at("do_one_initcall", condition="$r0 == uhci_hcd_init")
    stop = dbg.cont()                         # every move gives a frozen Stop; nothing is ever printed
    dbg.step_back(); dbg.reverse_cont()

Values in, frozen values out. What the reader got wrong is an exception (UsageError, ExpressionError with a caret,
GuestMemoryError, ImageError with near names); what the guest does is data (Stop, with the Fault in it).

Moves: all return a Stop (`cause`, `message`, `pc`, `icount`, `time_ns`, `points`, `event`, `watch`, `result`, `fault`)
    step(n) next(n) finish() until(where) cont()
    step_back(n) reverse_next(n) reverse_finish() reverse_until(where) reverse_cont()
    goto(icount) goto_time(ns) goto_start() goto_end() restore(checkpoint name)
    A position is an instruction count: `icount` instructions have begun. Going back past the start of the record stops
    there with StopCause.START; going on past its end simply runs on.

Stop points: numbered from 1; `stop_points` lists them, `point(n)`, `delete(n)`, `enable(n)`, `disable(n)`
    break_at(where, condition="", ignore=0, limit=None)    where: symbol, symbol+offset, "*" + expression, address,
                                                           file:line where a LineTable is given. limit=1: temporary
    watch(where, size=4, access=WatchAccess.WRITE, condition="", ignore=0, limit=None)
    stop_on(what, condition="", ignore=0, limit=None)      what: one of event_stops' values: InitcallStop, FreeStop,
                                                           ProcStop, ExceptionStop, InterruptStop, DeviceStop, EventStop

Looking (none of these moves)
    position  registers()  read(addr, size)  read_word(addr)  evaluate(text)  address(text)  symbolize(addr)
    disassemble(addr, count)  backtrace()  last_writer(where, size)  history(where)  explain()

Changing: starts a new future when done in the past; inputs that lay ahead are forgotten then
    set_register(name, value)  write(addr, data)  call(where, *args)

Files: debugger.py (the class) · timeline.py (the record: snapshots and checked re-runs) · stepping.py (forward moves) ·
reverse.py (the same backwards) · breakpoints.py, watchpoints.py, event_stops.py (stop points) · backtrace.py ·
expression.py · symbols.py (names and lines) · disassembly.py (the only file that imports capstone) · history.py
"""
