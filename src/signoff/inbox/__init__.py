"""Inbox folders: what is put into them becomes executions, each exactly once.

A run of the inbox (:mod:`.taking`) looks twice for what is new (:mod:`.looking`), claims it by a
rename (:mod:`.folder`), stores it and creates its execution or refuses it (:mod:`.deciding`), and
moves it to ``done`` or ``failed`` (:mod:`.putting_away`). Each step is recorded in the file system
or in the database before the next one begins, and each can be done again: a run that dies leaves
nothing that the next one does not finish.
"""
