"""Floor 4. Views of the guest kernel's own structures, one file per guest file, in the kernel's words.

Nothing here changes what the guest does: a view reads guest memory or listens to the guest's functions.
The exceptions go in by the guest's own doors: `tty` types on the console, `proc` uses the proc window.
"""
