"""Figures for screen and paper: maps over pictures, and curves."""
