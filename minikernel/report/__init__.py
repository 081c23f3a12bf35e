"""Floor 5. What a run says, as plain values: the JSON summary, trace lines, comparisons. Nothing here prints."""
