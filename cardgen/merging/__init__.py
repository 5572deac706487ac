"""Two versions of a card made one: what git could not merge, merged by what it means.

``evidence`` merges runs by their refs, ``card`` front matter value by value and text section by
section; ``conflicts`` finds what git left, ``resolving`` puts it together, and ``driver`` is what
git calls while it merges.
"""
