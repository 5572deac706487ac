"""The engines that build hand-written pages, each in a process of its own.

``shell.py`` starts ``run_mkdocs.py`` or ``run_zensical.py`` as a script with the path of a
request, a JSON file, and reads the result that it names. Both import nothing of cardgen beyond
this folder. What a request and a result hold is said in ``runner.py``.
"""
