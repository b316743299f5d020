"""Calls that leave the house: which addresses they may reach, and connections that end when they are told to."""
