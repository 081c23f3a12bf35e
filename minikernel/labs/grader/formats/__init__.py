"""The grades as files, one module for each format; table.py lists them. Pure: reports in, text out."""
