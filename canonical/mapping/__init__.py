"""The mapping repository's rules, pure: how our systems name the same thing, how it is changed, what a change touches.

`kinds` says what can be mapped, `table` answers look-ups, `csv_rows` reads and writes the files, `changes` and
`validation` are about change sets, `usage` finds what documents need.
"""
