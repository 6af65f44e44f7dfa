"""What the text of a forum is made of: search terms, sentences, and names worth having as fields. Pure functions."""
