"""An optional second opinion: a language model with closed labels, never mixed with what is measured without one.

A judge looks only at what the rules cannot decide, its answers are kept so that nothing is asked twice, and its column may
gate nothing before people have said often enough where it is right.
"""
