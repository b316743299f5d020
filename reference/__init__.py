"""Descriptions of the APIs, made from the route tables and the models that the code itself uses."""
