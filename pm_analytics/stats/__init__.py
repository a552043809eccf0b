"""Numbers in, numbers out: no data frames from the caller's world, no queries, no charts."""
