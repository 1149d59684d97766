"""The names that people already type; thin, with no algorithm inside.

Each module offers the classes of one existing tool. A script written for that tool runs after its
import line is changed.
"""
