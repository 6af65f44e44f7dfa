"""What must not be shown of a text: addresses of people, keys, tokens, passwords, ids of teams and devices; see `masking`."""
