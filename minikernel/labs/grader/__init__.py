"""Floor 6. The grader: many submissions, each in a process of its own, and the grades in the formats of the classroom.

    submissions.py    which folders and zips there are          run.py         all of them, by any Executor, resumable
    hand_in.py        what one of them has for its lab          executors.py   processes, threads, dask
    task.py           one of them as a value that travels       resume.py      results kept by content
    isolation.py      its process, watched; child.py is inside  formats/       the grades as files
    gradescope_zip.py the autograder for Gradescope, gradescope_harness.py what runs in it

Nothing of a submission is executed on the host: its files are data for our assembler and the emulated CPU. The process
is there for what an input may do to those: take too long, take too much, or bring them down.
"""
