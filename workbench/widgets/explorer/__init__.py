"""The explorer: neurons, images and patches as linked views, alive in a notebook or in one file.

The front end asks, Python answers with parcels: a header to read and arrays in binary.
"""
