"""What is measured of one answer: one family of measures a file, each a pure function of a topic, its answer and the posts."""
