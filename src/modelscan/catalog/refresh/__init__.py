"""Fetch the sources again and rebuild the index.

refresh          replaces the user's index in one step
shipped          reads the lists and tables that ship with the program
shipped_index    builds the index that ships with the program
shapes           what shipped shapes say of models, kept in the shipped index
tombstones       keeps models that their sources dropped and the user still needs
difference       what a refresh changed
"""
