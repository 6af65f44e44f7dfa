"""A scored run, or two, for people: in a terminal, as Markdown for a pull request, as one HTML file. Nothing is measured
here; what is shown was measured by `scoring` and `comparing`. Text of posts and answers is hostile and shown inert."""
