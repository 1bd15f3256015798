"""Tuning the training-data pipeline while it runs: what it has, what is read of it, who decides, and how well they do.

After InTune (Nagrecha et al., RecSys 2023, arXiv 2308.08500): the cores of one trainer machine are given to the stages
of its data pipeline by reinforcement learning.
"""
