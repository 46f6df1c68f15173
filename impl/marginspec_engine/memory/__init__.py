"""The engine's memory: words, vectors and maps, tables of rows, and the names that rows stand for."""
