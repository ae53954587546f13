"""A third-party warehouse (3PL) that we exchange files with.

    warehouse   the port `Warehouse`
    layout      which column is which field, and which files are which; declared, not guessed
    orders      what we hand over: one file a request and revision
    incoming    files of theirs: claimed, read, told, archived; what is wrong is set aside
    documents   the rows of one document as events, or everything that is wrong with them
    book        what we handed over and what we were told, a file a request

Folders below the root. `orders` and `incoming` are theirs too; the rest is ours:

    orders            what they are to take
    incoming          what they send
    crossdock/ready       written, not yet handed over
    crossdock/sent        what was handed over, by key
    crossdock/told        what they said of it, by key
    crossdock/claimed     read, not yet confirmed by the cursor
    crossdock/archive     done
    crossdock/set-aside   documents that could not be read, with the reason
"""
