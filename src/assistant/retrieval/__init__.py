"""A question to ranked posts: three lanes, one fusion, then threads and near-duplicates once."""
