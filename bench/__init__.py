"""Measures of what users feel. Not part of the product."""
