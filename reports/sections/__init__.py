"""The sections of the campaign report, one file each, in the order of a reader's questions."""
