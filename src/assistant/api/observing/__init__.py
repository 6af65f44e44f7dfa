"""What is seen of the server from outside: metrics, logs and traces, none of which holds text of a post or of an answer."""
