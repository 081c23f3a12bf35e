"""Floor 6. The chapters of tutorials/: how they are read, run, written anew, asked about, and walked through.

A chapter is a README whose blocks run (chapter.py says which kinds there are). The command `minikernel` stands on a
floor above; whoever runs blocks gets it handed as a function.
"""
