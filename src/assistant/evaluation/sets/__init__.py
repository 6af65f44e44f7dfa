"""Sets of topics: read from our own files and from public collections, checked, varied, and carried to other formats.

Everything here is about files and topics; nothing asks a system. What a foreign format cannot hold is said in a note,
never dropped in silence.
"""
