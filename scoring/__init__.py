"""Pure numpy: numbers in, numbers out; knows nobody."""
